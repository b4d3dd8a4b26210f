"""A trouble between the tower and another system, from when it was seen until it is over: what alerts speak of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from orders import clock
from orders.models import Company


class Trouble(models.Model):
    class Kind(models.TextChoices):
        TOKEN = "token", _("授权失效")
        THROTTLED = "throttled", _("平台限流")
        SILENCE = "silence", _("静默")
        UNLISTED = "unlisted", _("未知状态")
        LEDGER = "ledger", _("对账差异")
        CONTRADICTION = "contradiction", _("系统矛盾")
        UNTOLD = "untold", _("回传失败")
        INTERCEPT = "intercept", _("需要快递拦截")
        STOCK_DRIFT = "stock_drift", _("库存差异")
        RETURN = "return", _("未知退货")
        DELIVERY = "delivery", _("仓库无单")
        PASSAGE = "passage", _("ERP 推单受阻")
        WAYBILLS = "waybills", _("电子面单不足")

    class Level(models.TextChoices):
        CRITICAL = "critical", _("紧急")
        WARNING = "warning", _("注意")
        INFO = "info", _("知会")

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, blank=True, verbose_name=_("连接"))
    order_id = models.BigIntegerField(_("订单"), null=True, blank=True)
    kind = models.CharField(_("类型"), max_length=20, choices=Kind.choices)
    # What it is about; one open trouble each.
    key = models.CharField(max_length=160)
    level = models.CharField(_("级别"), max_length=10, choices=Level.choices, default=Level.WARNING)
    text = models.CharField(_("说明"), max_length=500)
    facts = models.JSONField(default=dict, blank=True)
    times = models.PositiveIntegerField(_("次数"), default=1)
    opened_at = models.DateTimeField(_("开始"), default=clock.now)
    seen_at = models.DateTimeField(_("最近"), default=clock.now)
    closed_at = models.DateTimeField(_("结束"), null=True, blank=True)

    class Meta:
        verbose_name = _("对接问题")
        verbose_name_plural = _("对接问题")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "kind", "key"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_trouble_each",
            )
        ]
        indexes = [
            models.Index(
                fields=["company", "-opened_at"], condition=models.Q(closed_at__isnull=True), name="troubles_open"
            )
        ]

    def __str__(self) -> str:
        return self.text
