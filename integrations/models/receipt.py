"""The raw message, kept before anything is done with it (law 1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock


class Receipt(models.Model):
    """Partitioned by month on PostgreSQL; its uniqueness lives in `orders.FactKey`, and nothing points to it."""

    class State(models.TextChoices):
        RECEIVED = "received", _("已收到")
        DONE = "done", _("已处理")
        PARKED = "parked", _("待处理报文")
        # It speaks of an order that is not here yet; taken again when the order arrives.
        WAITING = "waiting", _("等待订单")
        IGNORED = "ignored", _("已忽略")

    id = models.BigAutoField(primary_key=True)
    connection_id = models.BigIntegerField(_("连接"))
    kind = models.CharField(_("类型"), max_length=80)
    key = models.CharField(max_length=160)
    # How it came: webhook, poll, backfill, fetch, ledger.
    via = models.CharField(max_length=10, blank=True, default="")
    # Under the connection's key of the day.
    sealed = models.BinaryField(editable=False)
    size = models.PositiveIntegerField(default=0)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(_("原因"), max_length=500, blank=True, default="")
    subject = models.CharField(_("对象"), max_length=80, blank=True, default="")
    order_id = models.BigIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=clock.now)
    at = models.DateTimeField(_("收到时间"), default=clock.now)

    class Meta:
        verbose_name = _("报文")
        verbose_name_plural = _("报文")
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="received"), name="receipts_to_process"),
            models.Index(fields=["subject"], condition=models.Q(state="waiting"), name="receipts_waiting"),
            models.Index(fields=["connection_id", "-at"], condition=models.Q(state="parked"), name="receipts_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
