"""锁单: why an order may not go on, on what evidence, and what a person decided."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.lifecycle import HoldReason
from orders.models.order import Order, OrderLine
from orders.models.parcel import Parcel


def _nobody_judges_themselves() -> Q:
    """Law 11: where four eyes are asked, the decider is neither of those who caused it."""
    return (
        Q(four_eyes=False)
        | Q(decided_by__isnull=True)
        | (
            (Q(caused_by__isnull=True) | ~Q(decided_by=F("caused_by")))
            & (Q(first_by__isnull=True) | ~Q(decided_by=F("first_by")))
        )
    )


class Hold(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("锁定中")
        LIFTED = "lifted", _("已解封")
        # The system that opened it saw that its ground is gone (a refund withdrawn): nobody had to decide.
        WITHDRAWN = "withdrawn", _("已自动撤销")

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", _("确认异常")
        FALSE_ALARM = "false_alarm", _("误拦")

    order = models.ForeignKey(Order, models.PROTECT, related_name="holds", verbose_name=_("订单"))
    parcel = models.ForeignKey(Parcel, models.PROTECT, null=True, blank=True, verbose_name=_("包裹"))
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, blank=True, verbose_name=_("订单行"))
    reason = models.CharField(_("原因"), max_length=30, choices=HoldReason.choices)
    # Which evidence: the same ground opens no second hold, and one that was lifted stays lifted.
    key = models.CharField(max_length=100, default="")
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    evidence = models.JSONField(_("证据"), default=dict)
    opened_at = models.DateTimeField(_("锁定时间"), default=clock.now)
    # Who or what: cause kind, words, rule.
    opened_by = models.CharField(_("由谁锁定"), max_length=120, blank=True, default="")
    rule = models.CharField(max_length=80, blank=True, default="")
    due_at = models.DateTimeField(_("处理期限"), null=True, blank=True)
    estimated_loss = models.DecimalField(_("预计损失"), max_digits=12, decimal_places=2, null=True, blank=True)
    four_eyes = models.BooleanField(_("双人复核"), default=False)
    # Both attempters of a double print are barred from lifting it.
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    caused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    decided_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    outcome = models.CharField(_("结论"), max_length=12, choices=Outcome.choices, blank=True, default="")
    decision = models.CharField(_("处理原因"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("锁单")
        verbose_name_plural = _("锁单")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reason", "key"], condition=~Q(key=""), name="one_hold_per_evidence"
            ),
            models.CheckConstraint(condition=_nobody_judges_themselves(), name="nobody_lifts_what_they_caused"),
            models.CheckConstraint(
                condition=~Q(state="lifted") | Q(decided_at__isnull=False), name="a_lifted_hold_was_decided"
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at"], condition=Q(state="open"), name="holds_open"),
            models.Index(fields=["due_at"], condition=Q(state="open"), name="holds_by_due_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.order_id}"
