"""Who is told what, by which channel, and whether it arrived."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.models import Trouble
from integrations.models.secrets import HoldsSecrets
from orders import clock
from orders.lifecycle import HoldReason, Role
from orders.models import Company, Order


class Channel(HoldsSecrets):
    """A robot or mailbox that reaches people of one role."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    kind = models.CharField(_("渠道"), max_length=20)
    name = models.CharField(_("名称"), max_length=100)
    role = models.CharField(_("通知谁"), max_length=20, choices=Role.choices, default=Role.OPS_MANAGER)
    settings = models.JSONField(_("设置"), default=dict, blank=True)
    enabled = models.BooleanField(_("启用"), default=True)
    last_error = models.CharField(_("最近错误"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("通知渠道")
        verbose_name_plural = _("通知渠道")

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """When an event of a kind comes, tell people of a role. (Conditions without code come with the rule editor.)"""

    class Mode(models.TextChoices):
        OFF = "off", _("关闭")
        SHADOW = "shadow", _("试运行(只记录)")
        ON = "on", _("启用")

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    name = models.CharField(_("规则"), max_length=100)
    # The event's verb, and for a hold its reason.
    verb = models.CharField(_("事件"), max_length=40, default="hold_opened")
    hold_reason = models.CharField(_("锁单原因"), max_length=30, choices=HoldReason.choices, blank=True, default="")
    role = models.CharField(_("通知谁"), max_length=20, choices=Role.choices, default=Role.OPS_MANAGER)
    level = models.CharField(_("级别"), max_length=10, default="critical")
    mode = models.CharField(_("模式"), max_length=10, choices=Mode.choices, default=Mode.ON)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("告警规则")
        verbose_name_plural = _("告警规则")

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One thing that a person must know, made from one event by one rule."""

    company = models.ForeignKey(Company, models.CASCADE)
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True)
    rule = models.ForeignKey(Rule, models.SET_NULL, null=True, blank=True)
    # What it was made from: an event of an order, or a trouble with another system.
    event_id = models.BigIntegerField(null=True, blank=True)
    trouble = models.ForeignKey(Trouble, models.CASCADE, null=True, blank=True, related_name="alerts")
    level = models.CharField(_("级别"), max_length=10)
    title = models.CharField(_("标题"), max_length=200)
    lines = models.JSONField(_("内容"), default=list)
    created_at = models.DateTimeField(_("时间"), default=clock.now)
    # The first channel that took it.
    delivered_at = models.DateTimeField(_("送达"), null=True, blank=True)

    class Meta:
        verbose_name = _("告警")
        verbose_name_plural = _("告警")
        constraints = [
            models.UniqueConstraint(fields=["event_id", "rule"], name="one_alert_per_event_and_rule"),
            models.UniqueConstraint(fields=["trouble"], name="one_alert_per_trouble"),
        ]

    def __str__(self) -> str:
        return self.title
