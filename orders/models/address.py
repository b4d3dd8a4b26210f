"""Receivers: every version that was ever the order's address, sealed; and the cases that ask to change it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.models.order import Order
from orders.models.parcel import Parcel


class AddressVersion(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="addresses")
    version = models.PositiveSmallIntegerField()
    # The receiver's words under the order's data key.
    sealed = models.BinaryField()
    # What a person may see without asking: 王** 浙江省杭州市.
    masked = models.CharField(_("收件人"), max_length=200, blank=True, default="")
    receiver_key = models.CharField(max_length=200, blank=True, default="")
    # Two versions with the same fingerprint are the same address; keyed by the order, gone when it is shredded.
    fingerprint = models.CharField(max_length=24)
    complete = models.BooleanField(default=True)
    source = models.CharField(max_length=20, default="platform")
    # When the source says that it became the address.
    source_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("地址版本")
        verbose_name_plural = _("地址版本")
        ordering = ["version"]
        constraints = [models.UniqueConstraint(fields=["order", "version"], name="one_address_per_version")]

    def __str__(self) -> str:
        return f"{self.order_id} v{self.version}"


class Case(models.Model):
    """What the customer asks of an order under way; ends in the cheapest act still possible."""

    class State(models.TextChoices):
        OPEN = "open", _("处理中")
        DONE = "done", _("已完成")
        REFUSED = "refused", _("已拒绝")
        WITHDRAWN = "withdrawn", _("已撤回")
        EXPIRED = "expired", _("已过期")
        TOO_LATE = "too_late", _("来不及")

    order = models.ForeignKey(Order, models.PROTECT, related_name="%(class)ss")
    parcel = models.ForeignKey(Parcel, models.PROTECT, null=True, blank=True)
    channel = models.CharField(_("渠道"), max_length=20)
    asked_by = models.CharField(_("申请人"), max_length=60, blank=True, default="")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    # The platform's id of the request, so that its withdrawal finds it.
    source_key = models.CharField(max_length=100, blank=True, default="")
    # The newest word of the platform about it: its time, and its rank where the time is the same (law 3).
    source_at = models.DateTimeField(null=True, blank=True)
    source_rank = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(_("申请时间"), default=clock.now)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    stage = models.CharField(_("阶段"), max_length=20, blank=True, default="")
    act = models.CharField(_("处理方式"), max_length=30, blank=True, default="")
    deadline = models.DateTimeField(_("期限"), null=True, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"


class AddressChange(Case):
    """改址: a case, never a silent field edit."""

    old_version = models.PositiveSmallIntegerField(default=0)
    new_version = models.PositiveSmallIntegerField(null=True, blank=True)
    sealed_wish = models.BinaryField(null=True, editable=False)
    # typo · building · district · city · unknown
    grade = models.CharField(_("差异"), max_length=10, blank=True, default="")

    class Meta:
        verbose_name = _("改址")
        verbose_name_plural = _("改址")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "source_key"], condition=~models.Q(source_key=""), name="one_address_case_per_request"
            )
        ]


class InterceptRequest(Case):
    """拦截申请: the customer asks to stop the parcel."""

    # stop · recall
    kind = models.CharField(max_length=10, default="stop")

    class Meta:
        verbose_name = _("拦截申请")
        verbose_name_plural = _("拦截申请")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "source_key"], condition=~models.Q(source_key=""), name="one_intercept_per_request"
            ),
            # A parcel is asked back from its courier once.
            models.UniqueConstraint(
                fields=["parcel"], condition=models.Q(channel="tower"), name="one_tower_intercept_per_parcel"
            ),
        ]
