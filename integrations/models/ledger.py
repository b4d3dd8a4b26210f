"""订单对账: per shop and five minutes of the platform's own placing time, how many orders are how far; and the gaps."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock
from orders.models import Company, Order, Shop, Warehouse

BUCKET = timedelta(minutes=5)


class Hop(models.TextChoices):
    """Where an order must arrive, in the order of its way."""

    PLATFORM = "platform", _("进入指挥塔")
    ERP = "erp", _("进入ERP")
    WMS = "wms", _("进入仓库系统")
    PRINTED = "printed", _("已打印")
    HANDED_OVER = "handed_over", _("已交接")
    PICKED_UP = "picked_up", _("已揽收")


def bucket_start(moment: datetime) -> datetime:
    seconds = int(BUCKET.total_seconds())
    return moment - timedelta(seconds=moment.timestamp() % seconds)


class LedgerBucket(models.Model):
    class Platform(models.TextChoices):
        NOT_APPLICABLE = "na", _("不适用")
        UNKNOWN = "unknown", _("未知")
        KNOWN = "known", _("已核对")

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    shop = models.ForeignKey(Shop, models.CASCADE, verbose_name=_("店铺"))
    start = models.DateTimeField(_("下单时段"))
    # What the platform says was placed; without its word it is unknown, never 0.
    platform_state = models.CharField(max_length=10, choices=Platform.choices, default=Platform.NOT_APPLICABLE)
    platform_count = models.PositiveIntegerField(_("平台"), null=True, blank=True)
    # How often the platform was asked, and why it did not answer.
    rounds = models.PositiveSmallIntegerField(default=0)
    ask_error = models.CharField(max_length=300, blank=True, default="")
    # Numbers whose message came and could not be read: not lost, but waiting for a person.
    parked = models.JSONField(default=list, blank=True)
    # In the tower, and by which way each order came in: webhook, poll, backfill, ledger, api …
    orders = models.PositiveIntegerField(_("指挥塔"), default=0)
    ways = models.JSONField(default=dict, blank=True)
    # Hop → {state, present, missing, waiting, reasoned, unknown, before, reasons}.
    hops = models.JSONField(default=dict, blank=True)
    gap_count = models.PositiveIntegerField(_("差异"), default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    next_look_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(_("结束"), null=True, blank=True)

    class Meta:
        verbose_name = _("订单对账")
        verbose_name_plural = _("订单对账")
        constraints = [models.UniqueConstraint(fields=["shop", "start"], name="one_bucket_per_shop_and_time")]
        indexes = [
            models.Index(fields=["company", "-start"], name="buckets_by_time"),
            models.Index(fields=["company", "-start"], condition=models.Q(gap_count__gt=0), name="buckets_with_gaps"),
            models.Index(
                fields=["next_look_at"], condition=models.Q(closed_at__isnull=True), name="buckets_to_look_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.start:%m-%d %H:%M}"

    @property
    def end(self) -> datetime:
        return self.start + BUCKET

    def counts(self, hop: str) -> dict[str, Any]:
        found: dict[str, Any] = self.hops.get(hop, {})
        return found


class LedgerGap(models.Model):
    """One order that should be somewhere and is not: since when, and when it came after all."""

    bucket = models.ForeignKey(LedgerBucket, models.CASCADE, related_name="gaps")
    hop = models.CharField(_("环节"), max_length=12, choices=Hop.choices)
    # The platform's order number.
    number = models.CharField(_("订单号"), max_length=64)
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="+")
    # When it should have been there; when that was noticed.
    since = models.DateTimeField(_("应到时间"))
    opened_at = models.DateTimeField(_("发现时间"), default=clock.now)
    closed_at = models.DateTimeField(_("消除时间"), null=True, blank=True)
    # What was or can be done about it: fetch_order, deliver_parcel …
    cure = models.CharField(_("处理"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("对账差异")
        verbose_name_plural = _("对账差异")
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "hop", "number"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_gap_each",
            )
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=models.Q(closed_at__isnull=True), name="gaps_open"),
        ]

    def __str__(self) -> str:
        return f"{self.hop} {self.number}"


class LedgerGrace(models.Model):
    """How long each hop may take before an order counts as missing there; empty: what is usual."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    shop = models.ForeignKey(Shop, models.CASCADE, null=True, blank=True, verbose_name=_("店铺"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, null=True, blank=True, verbose_name=_("仓库"))
    erp = models.PositiveIntegerField(_("进入ERP(分钟)"), null=True, blank=True)
    wms = models.PositiveIntegerField(_("进入仓库系统(分钟)"), null=True, blank=True)
    printed = models.PositiveIntegerField(_("打印(分钟)"), null=True, blank=True)
    handed_over = models.PositiveIntegerField(_("交接(分钟)"), null=True, blank=True)
    picked_up = models.PositiveIntegerField(_("揽收(分钟)"), null=True, blank=True)

    class Meta:
        verbose_name = _("对账时限")
        verbose_name_plural = _("对账时限")

    def __str__(self) -> str:
        return str(self.shop or self.warehouse or self.company)


class LedgerCursor(models.Model):
    """Up to which place in commit order the changes of orders were followed. One row."""

    mark = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.mark)
