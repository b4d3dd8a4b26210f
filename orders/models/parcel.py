"""A parcel is what physically moves. It has no order column, so that it can carry lines of several orders (合单)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from orders import clock
from orders.lifecycle import ParcelState
from orders.models.base import FSMSafeModel
from orders.models.check import Check, all_needs, may
from orders.models.goods import Goods
from orders.models.order import OrderLine
from orders.models.tenancy import Company, Warehouse

_S = ParcelState


class Parcel(FSMSafeModel):
    class Kind(models.TextChoices):
        SALE = "sale", _("销售")
        EXCHANGE = "exchange", _("换货")
        RESHIP = "reship", _("补发")

    company = models.ForeignKey(Company, models.PROTECT)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, blank=True, verbose_name=_("仓库"))
    number = models.CharField(_("包裹号"), max_length=90, unique=True)
    state = FSMField(_("状态"), default=_S.TO_PICK, choices=_S.choices, protected=True, max_length=20)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices, default=Kind.SALE)
    # An exchange or re-ship is a parcel of its own: why, who agreed, and which parcel it follows.
    reason = models.CharField(_("原因"), max_length=200, blank=True, default="")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followers")
    carrier = models.CharField(_("快递"), max_length=20, blank=True, default="")
    weight_grams = models.PositiveIntegerField(_("重量(克)"), null=True, blank=True)
    packed_at = models.DateTimeField(_("打包时间"), null=True, blank=True)
    packed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    shipped_at = models.DateTimeField(_("发货时间"), null=True, blank=True)
    signed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    check_of_move: ClassVar[Check] = Check()

    class Meta:
        verbose_name = _("包裹")
        verbose_name_plural = _("包裹")
        constraints = [models.CheckConstraint(condition=models.Q(state__in=_S.values), name="parcel_state_is_known")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_live(self) -> bool:
        return self.state not in (_S.VOIDED, _S.RETURNED)

    @transition(field=state, source=_S.TO_PICK, target=_S.PACKED, conditions=all_needs(), permission=may)
    def pack(self) -> None: ...

    @transition(field=state, source=_S.PACKED, target=_S.TO_PICK, conditions=all_needs(), permission=may)
    def unpack(self) -> None: ...

    @transition(field=state, source=_S.PACKED, target=_S.SHIPPED, conditions=all_needs(), permission=may)
    def ship(self) -> None: ...

    @transition(field=state, source=_S.SHIPPED, target=_S.SIGNED, conditions=all_needs(), permission=may)
    def sign(self) -> None: ...

    @transition(field=state, source=[_S.TO_PICK, _S.PACKED], target=_S.VOIDED, conditions=all_needs(), permission=may)
    def void(self) -> None: ...

    @transition(field=state, source=[_S.SHIPPED, _S.SIGNED], target=_S.RETURNED, conditions=all_needs(), permission=may)
    def return_(self) -> None: ...

    @transition(field=state, source=_S.VOIDED, target=_S.PACKED, conditions=all_needs(), permission=may)
    def reappear(self) -> None:
        """Observed only: a voided parcel left the warehouse after all."""


class ParcelLine(models.Model):
    """How much of an order line travels in a parcel."""

    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField(_("数量"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "order_line"], name="one_parcel_line_each"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="parcel_line_quantity_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id}: {self.order_line_id} × {self.quantity}"


class PackLine(models.Model):
    """What goes into the box: goods, bundles taken apart, gifts. Checked piece by piece at the bench."""

    class Source(models.TextChoices):
        SOLD = "sold", _("销售")
        BUNDLE = "bundle", _("套装")
        PLATFORM_GIFT = "platform_gift", _("平台赠品")
        ERP_GIFT = "erp_gift", _("ERP赠品")
        RULE_GIFT = "rule_gift", _("规则赠品")

    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="pack_lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="pack_lines")
    goods = models.ForeignKey(Goods, models.PROTECT)
    quantity = models.PositiveIntegerField(_("应装"))
    checked_quantity = models.PositiveIntegerField(_("已验"), default=0)
    source = models.CharField(_("来源"), max_length=20, choices=Source.choices, default=Source.SOLD)

    class Meta:
        verbose_name = _("装箱明细")
        verbose_name_plural = _("装箱明细")

    def __str__(self) -> str:
        return f"{self.goods_id} × {self.quantity}"
