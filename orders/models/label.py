"""面单: at most one per parcel that is neither void nor failed (law 5), and every attempt to print it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.lifecycle import LabelState
from orders.models.order import Order
from orders.models.parcel import Parcel
from orders.models.tenancy import Company

DEAD = (LabelState.VOID, LabelState.FAILED)


class WaybillAccount(models.Model):
    """A courier's account for e-waybills: what is left of it."""

    company = models.ForeignKey(Company, models.PROTECT)
    carrier = models.CharField(_("快递"), max_length=20)
    account = models.CharField(_("账号"), max_length=60)
    balance = models.IntegerField(_("余量"), null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("电子面单账户")
        verbose_name_plural = _("电子面单账户")
        constraints = [models.UniqueConstraint(fields=["company", "carrier", "account"], name="one_waybill_account")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.account}"


class ReprintPermit(models.Model):
    """补打授权: one reprint (or one jam of at most 50), one operator, ten minutes, one reason, approved by another."""

    company = models.ForeignKey(Company, models.PROTECT)
    parcels = models.ManyToManyField(Parcel, related_name="permits")
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(_("原因"), max_length=200)
    four_eyes = models.BooleanField(default=True)
    caused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    valid_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("补打授权")
        verbose_name_plural = _("补打授权")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(four_eyes=False)
                | models.Q(decided_by__isnull=True)
                | (
                    (models.Q(caused_by__isnull=True) | ~models.Q(decided_by=models.F("caused_by")))
                    & ~models.Q(decided_by=models.F("operator"))
                ),
                name="nobody_permits_their_own_reprint",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class Label(models.Model):
    class Issuer(models.TextChoices):
        TOWER = "tower", _("指挥塔")
        WMS = "wms", _("仓库系统")
        PLATFORM = "platform", _("平台")
        ERP = "erp", _("ERP")

    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="labels")
    issuer = models.CharField(_("取号方"), max_length=10, choices=Issuer.choices, default=Issuer.TOWER)
    carrier = models.CharField(_("快递"), max_length=20, blank=True, default="")
    waybill = models.CharField(_("运单号"), max_length=60, blank=True, default="")
    state = models.CharField(_("状态"), max_length=10, choices=LabelState.choices, default=LabelState.REQUESTED)
    generation = models.PositiveSmallIntegerField(_("代次"), default=1)
    copy = models.PositiveSmallIntegerField(_("份次"), default=1)
    address_version = models.PositiveSmallIntegerField(_("地址版本"), default=0)
    # The platform's name for the receiver this label was made for; empty where there is none to compare.
    receiver_key = models.CharField(max_length=200, blank=True, default="")
    # For the printing component, as the platform gave it (encrypted by the platform).
    print_data = models.TextField(blank=True, default="", editable=False)
    error = models.CharField(_("错误"), max_length=300, blank=True, default="")
    requested_at = models.DateTimeField(default=clock.now)
    live_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    printed_at = models.DateTimeField(_("打印时间"), null=True, blank=True)
    permit = models.ForeignKey(ReprintPermit, models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("面单")
        verbose_name_plural = _("面单")
        constraints = [
            # Law 5 in the database: one label per parcel that is neither void nor failed.
            models.UniqueConstraint(
                fields=["parcel"], condition=~models.Q(state__in=["void", "failed"]), name="one_living_label_per_parcel"
            ),
            models.UniqueConstraint(fields=["parcel", "generation", "copy"], name="one_label_per_copy"),
            models.CheckConstraint(condition=models.Q(state__in=LabelState.values), name="label_state_is_known"),
        ]
        indexes = [models.Index(fields=["waybill"], condition=~models.Q(waybill=""), name="labels_by_waybill")]

    def __str__(self) -> str:
        return self.waybill or f"#{self.pk}"

    @property
    def is_living(self) -> bool:
        return self.state not in DEAD


class PrintAttempt(models.Model):
    """Somebody asked to print, or a system reported that it did: who, where, when, and what came of it."""

    class Outcome(models.TextChoices):
        GRANTED = "granted", _("已放行")
        REFUSED = "refused", _("已拒绝")
        OBSERVED = "observed", _("外部已打印")

    class Result(models.TextChoices):
        PENDING = "pending", _("等待结果")
        PRINTED = "printed", _("已打印")
        FAILED = "failed", _("失败")
        UNKNOWN = "unknown", _("结果不明")

    order = models.ForeignKey(Order, models.PROTECT, related_name="print_attempts")
    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="print_attempts")
    label = models.ForeignKey(Label, models.PROTECT, null=True, blank=True, related_name="attempts")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.PENDING)
    at = models.DateTimeField(_("时间"))
    # An observed print is a fact of its own by time and waybill; a repeat of the report is not a second print.
    waybill = models.CharField(_("运单号"), max_length=60, blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(_("来源"), max_length=100, blank=True, default="")
    station = models.CharField(_("工位"), max_length=60, blank=True, default="")
    printer = models.CharField(_("打印机"), max_length=60, blank=True, default="")

    class Meta:
        verbose_name = _("打印记录")
        verbose_name_plural = _("打印记录")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "at", "waybill"],
                condition=models.Q(outcome="observed"),
                name="one_observed_print_each",
            ),
            # Law 5 once more: one grant per label, whatever the code does.
            models.UniqueConstraint(
                fields=["label"], condition=models.Q(outcome="granted"), name="one_grant_per_label"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id} {self.outcome}"
