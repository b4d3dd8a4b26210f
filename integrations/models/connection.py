"""A connection: where an outside system is, with what secrets, how far it was read, and how it does."""

import secrets
from datetime import datetime

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.adapter import Access
from integrations.models.secrets import HoldsSecrets
from orders import clock
from orders.models import Company, Shop, Warehouse

# One address for every connection: platforms ask for it in advance, in the console of the seller's app.
RETURN_URL = "{tower}/admin/integrations/connection/authorised/"


def _new_key() -> str:
    return secrets.token_urlsafe(18)


class Connection(HoldsSecrets):
    company = models.ForeignKey(Company, models.PROTECT, verbose_name=_("公司"))
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, verbose_name=_("店铺"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, blank=True, verbose_name=_("仓库"))
    adapter = models.CharField(_("系统"), max_length=30)
    name = models.CharField(_("名称"), max_length=100)
    # The last part of /hooks/<adapter>/<key>/.
    key = models.CharField(_("回调密钥"), max_length=60, unique=True, default=_new_key)
    base_url = models.CharField(_("地址"), max_length=300, validators=[URLValidator(schemes=["http", "https"])])
    settings = models.JSONField(_("设置"), default=dict, blank=True)
    enabled = models.BooleanField(_("启用"), default=True)
    poll_seconds = models.PositiveIntegerField(_("轮询间隔(秒)"), default=300)
    next_poll_at = models.DateTimeField(_("下次轮询"), default=clock.now)
    cursor = models.JSONField(default=dict, blank=True)
    # The token in the secrets ends then; it is refreshed before.
    token_expires_at = models.DateTimeField(_("授权到期"), null=True, blank=True)
    # They said that the tower asks too often: nothing is sent before.
    paused_until = models.DateTimeField(_("暂停至"), null=True, blank=True)
    calls_per_minute = models.PositiveIntegerField(
        _("每分钟调用上限"), default=0, help_text=_("0 表示不限制"), blank=True
    )
    last_message_at = models.DateTimeField(_("最近消息"), null=True, blank=True)
    # Of these, what they brought themselves, verified.
    last_push_at = models.DateTimeField(_("最近推送"), null=True, blank=True)
    last_poll_at = models.DateTimeField(_("最近轮询"), null=True, blank=True)
    # Platform event time → visible here, in the last message.
    lag_milliseconds = models.BigIntegerField(_("延迟(毫秒)"), null=True, blank=True)
    last_error = models.CharField(_("最近错误"), max_length=500, blank=True, default="")
    last_error_at = models.DateTimeField(_("错误时间"), null=True, blank=True)
    refused_count = models.PositiveIntegerField(_("签名错误次数"), default=0)
    last_refused_at = models.DateTimeField(_("最近签名错误"), null=True, blank=True)
    last_refusal = models.CharField(_("签名错误原因"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("系统连接")
        verbose_name_plural = _("系统连接")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(poll_seconds__gte=5, poll_seconds__lte=300), name="polls_at_least_every_5_minutes"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """How facts from here are named for de-duplication."""
        return f"connection:{self.pk}"

    @property
    def hook_url(self) -> str:
        """The callback address to give to the other side."""
        return f"{settings.TOWER_URL}/hooks/{self.adapter}/{self.key}/"

    def open(self, now: datetime | None = None) -> Access:
        return Access(
            connection_id=self.pk,
            base_url=self.base_url,
            settings=self.settings,
            secrets=self.secrets(),
            now=now or clock.now(),
            hook_url=self.hook_url,
            return_url=RETURN_URL.format(tower=settings.TOWER_URL),
        )


class DayKey(models.Model):
    """The key under which one connection's receipts of one day are sealed; dropping it shreds them."""

    connection = models.ForeignKey(Connection, models.CASCADE)
    day = models.DateField()
    wrapped = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "day"], name="one_key_per_connection_and_day")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.day}"
