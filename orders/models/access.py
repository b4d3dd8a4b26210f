"""How programs get in: keys that are shown once, and the answers kept for their repeats."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.lifecycle import CauseKind
from orders.models.tenancy import Company, Shop


class ApiKey(models.Model):
    """`acts_as` says whose word a call is: a system's, or, for `person`, that of the integration account's user."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    name = models.CharField(_("名称"), max_length=100)
    prefix = models.CharField(_("前缀"), max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("权限范围"), default=list)
    shops = models.ManyToManyField(Shop, blank=True, verbose_name=_("限店铺"))
    acts_as = models.CharField(_("代表"), max_length=10, choices=CauseKind.choices, default=CauseKind.SYSTEM)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("集成账号")
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("到期"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("吊销"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API 密钥")
        verbose_name_plural = _("API 密钥")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(acts_as="person") | models.Q(user__isnull=False), name="a_person_key_has_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotencyKey(models.Model):
    """The first answer to a POST with an `Idempotency-Key`; the same key and body get it again."""

    # "key:3" or "user:5": whose key it is.
    owner = models.CharField(max_length=30)
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    # 0 while the first is running.
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        verbose_name = _("幂等键")
        verbose_name_plural = _("幂等键")
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_answer_per_idempotency_key")]

    def __str__(self) -> str:
        return self.key
