"""Orders that an ERP hands to a warehouse through the tower, and reports that wait to be carried back to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from orders import clock


class Passage(models.Model):
    """One order's way through: claimed and committed before anything is sent, so that it is sent once."""

    class State(models.TextChoices):
        CLAIMED = "claimed", _("正在转给仓库")
        PASSED = "passed", _("仓库已接单")
        REFUSED = "refused", _("仓库没有接")
        # No answer came. Nothing is sent again before the warehouse was asked.
        UNKNOWN = "unknown", _("结果不明")
        CANCELLED = "cancelled", _("已撤单")

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("连接"))
    # The ERP's code; raised to a new generation when the order was taken back and is handed over again.
    code = models.CharField(_("出库单号"), max_length=80)
    generation = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.CLAIMED)
    # The warehouse's own number for it.
    number = models.CharField(_("仓库单号"), max_length=80, blank=True, default="")
    answer = models.CharField(_("仓库答复"), max_length=500, blank=True, default="")
    # Ids and codes only: [platform order id, line, quantity], and what the warehouse is asked with.
    lines = models.JSONField(default=list)
    asked_with = models.JSONField(default=dict)
    claimed_at = models.DateTimeField(_("收到时间"), default=clock.now)
    ended_at = models.DateTimeField(_("答复时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("转单")
        verbose_name_plural = _("转单")
        constraints = [
            models.UniqueConstraint(fields=["connection", "code", "generation"], name="one_passage_per_generation")
        ]
        indexes = [models.Index(fields=["code"], name="passages_by_code")]

    def __str__(self) -> str:
        return f"{self.code} #{self.generation}"


class WaitingReport(models.Model):
    """A report that the ERP has not got yet, once for each order that it names. Gone when it was carried."""

    connection = models.ForeignKey(Connection, models.CASCADE)
    code = models.CharField(max_length=80)
    receipt_id = models.BigIntegerField(db_index=True)
    # How often the ERP has said no to it; one that it will not have must not keep the others waiting.
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "code", "receipt_id"], name="one_wait_per_code_and_receipt")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.receipt_id}"
