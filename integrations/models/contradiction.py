"""状态不一致: two systems that cannot both be right about an order, from the first sight of it until it is over."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.trouble import Trouble
from orders import clock
from orders.contradictions.pair import Cure, Side
from orders.models import Company, Order


class Contradiction(models.Model):
    class State(models.TextChoices):
        # Seen, and not yet counted: most words that are missing are only on their way.
        WATCHING = "watching", _("观察中")
        OPEN = "open", _("待处理")
        CURING = "curing", _("处理中")
        CURED = "cured", _("已治好")
        ESCALATED = "escalated", _("已转人工")
        CLOSED = "closed", _("已结束")

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    order = models.ForeignKey(Order, models.CASCADE, related_name="contradictions", verbose_name=_("订单"))
    # Of `orders.contradictions.table`.
    code = models.CharField(_("类型"), max_length=60)
    # Tells two of one kind apart: a parcel, a waybill, a refund.
    subject = models.CharField(_("对象"), max_length=100)
    detail = models.CharField(_("说明"), max_length=300, blank=True, default="")
    parcel_id = models.BigIntegerField(null=True, blank=True)
    waybill = models.CharField(_("运单号"), max_length=60, blank=True, default="")
    carrier = models.CharField(max_length=20, blank=True, default="")
    likely_wrong = models.CharField(_("多半不对的一方"), max_length=10, choices=Side.choices)
    level = models.CharField(_("级别"), max_length=10, choices=Trouble.Level.choices)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WATCHING)
    # By the sources' time, and when the tower first saw it.
    since = models.DateTimeField(_("自"))
    opened_at = models.DateTimeField(_("发现"), default=clock.now)
    # When somebody must look again: the grace is over, or the cure had its time.
    due_at = models.DateTimeField(null=True, blank=True)
    cure = models.CharField(_("处理办法"), max_length=20, choices=Cure.choices, blank=True, default="")
    tries = models.PositiveSmallIntegerField(_("已试"), default=0)
    cure_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    # When the picture was consistent again after a cure.
    proven_at = models.DateTimeField(_("证实"), null=True, blank=True)
    closed_at = models.DateTimeField(_("结束"), null=True, blank=True)
    note = models.CharField(_("经过"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("状态不一致")
        verbose_name_plural = _("状态不一致")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "code", "subject"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_contradiction_each",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="contradictions_due"),
            models.Index(
                fields=["company", "-id"],
                condition=models.Q(state__in=["open", "curing", "escalated"]),
                name="contradictions_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"
