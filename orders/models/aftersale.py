"""售后单: a refund, return, exchange or re-ship, per line and kind, in the newest version its platform told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.models.order import Order, OrderLine
from orders.models.parcel import Parcel


class AfterSale(models.Model):
    class Kind(models.TextChoices):
        REFUND_ONLY = "refund_only", _("仅退款")
        RETURN_REFUND = "return_refund", _("退货退款")
        EXCHANGE = "exchange", _("换货")
        RESHIP = "reship", _("补发")
        PRICE_PROTECT = "price_protect", _("保价")

    class State(models.TextChoices):
        OPEN = "open", _("处理中")
        WITHDRAWN = "withdrawn", _("已撤销")
        DONE = "done", _("已退款")
        REFUSED = "refused", _("已拒绝")

    order = models.ForeignKey(Order, models.PROTECT, related_name="aftersales")
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, blank=True)
    refund_id = models.CharField(_("退款编号"), max_length=64)
    kind = models.CharField(_("类型"), max_length=20, choices=Kind.choices, default=Kind.REFUND_ONLY)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    amount = models.DecimalField(_("金额"), max_digits=12, decimal_places=2, null=True, blank=True)
    # When the buyer asked, and the newest word about it.
    requested_at = models.DateTimeField()
    source_at = models.DateTimeField()
    # The newest word of the refund itself, from which kind, amount and deadline are; empty: only its order mentions it.
    detailed_at = models.DateTimeField(null=True, blank=True)
    answer_by = models.DateTimeField(_("平台期限"), null=True, blank=True)
    # Its re-ship is the legal second parcel.
    reship = models.ForeignKey(Parcel, models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("售后单")
        verbose_name_plural = _("售后单")
        constraints = [models.UniqueConstraint(fields=["order", "refund_id"], name="one_aftersale_per_refund_id")]

    def __str__(self) -> str:
        return self.refund_id
