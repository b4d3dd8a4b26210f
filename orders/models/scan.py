"""Every scan of a worker, with its nonce; the failed ones too."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.models.order import Order
from orders.models.parcel import Parcel
from orders.models.tenancy import Company, Warehouse


class Device(models.Model):
    """A registered, revocable phone, PDA or printing station."""

    company = models.ForeignKey(Company, models.CASCADE)
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, null=True, blank=True)
    name = models.CharField(_("设备"), max_length=60)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("设备")
        verbose_name_plural = _("设备")

    def __str__(self) -> str:
        return self.name


class Scan(models.Model):
    company = models.ForeignKey(Company, models.PROTECT)
    # Made by the device, so that a scan sent twice has one effect.
    nonce = models.CharField(max_length=64)
    code = models.CharField(_("扫到"), max_length=300)
    act = models.CharField(_("动作"), max_length=20)
    verdict = models.CharField(_("结果"), max_length=20)
    reason = models.CharField(_("原因"), max_length=300, blank=True, default="")
    answer = models.JSONField(default=dict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    station = models.CharField(_("工位"), max_length=60, blank=True, default="")
    device = models.CharField(_("设备"), max_length=60, blank=True, default="")
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True)
    parcel = models.ForeignKey(Parcel, models.PROTECT, null=True, blank=True)
    scanned_at = models.DateTimeField(_("扫描时间"))
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("扫描")
        verbose_name_plural = _("扫描")
        constraints = [models.UniqueConstraint(fields=["company", "device", "nonce"], name="one_scan_per_nonce")]

    def __str__(self) -> str:
        return f"{self.code} {self.verdict}"
