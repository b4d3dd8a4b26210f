"""Reading again what a platform changed between two moments, or some orders by their numbers: with its progress."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from orders import clock


class Backfill(models.Model):
    class State(models.TextChoices):
        RUNNING = "running", _("补读中")
        DONE = "done", _("完成")
        FAILED = "failed", _("失败")
        STOPPED = "stopped", _("已停止")

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("连接"))
    start = models.DateTimeField(_("从"), null=True, blank=True)
    end = models.DateTimeField(_("到"), null=True, blank=True)
    # Or these orders, by the platform's numbers; the cursor then counts how many were asked for.
    numbers = models.JSONField(_("订单号"), default=list, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.RUNNING)
    # How much of it was read, from 0 to 1; empty where the platform lets nobody tell.
    share = models.FloatField(_("进度"), null=True, blank=True)
    seen = models.PositiveIntegerField(_("读到"), default=0)
    new = models.PositiveIntegerField(_("其中新消息"), default=0)
    error = models.CharField(_("错误"), max_length=500, blank=True, default="")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("开始"), default=clock.now)
    done_at = models.DateTimeField(_("结束"), null=True, blank=True)

    class Meta:
        verbose_name = _("补读")
        verbose_name_plural = _("补读")

    def __str__(self) -> str:
        return f"{self.connection} {self.start or ''}"
