"""How often each edge speaks: its counts by five minutes, and the promotions that change them."""

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.connection import Connection
from orders import clock
from orders.models import Company, Shop, Warehouse


class Edge(models.Model):
    """One place where messages come in, and what is known of it."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("平台推送")
        WMS = "wms", _("仓库回执")
        PRINT = "print", _("打印")
        PICKUP = "pickup", _("快递揽收")

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices)
    # connection:3 · warehouse:2:A3 (a station) · warehouse:2:yto (a courier's branch)
    key = models.CharField(max_length=160)
    name = models.CharField(_("名称"), max_length=160)
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, blank=True, related_name="+")
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, null=True, blank=True, related_name="+")
    shop = models.ForeignKey(Shop, models.CASCADE, null=True, blank=True, related_name="+")
    first_at = models.DateTimeField(_("首次"), default=clock.now)
    last_at = models.DateTimeField(_("最近"), null=True, blank=True)
    # What was given to it since its last message: without that its silence says nothing.
    fed = models.PositiveIntegerField(default=0)
    silent_since = models.DateTimeField(_("静默自"), null=True, blank=True)
    # What was computed last: messages expected since the last one, and the chance of so long a gap.
    expected = models.FloatField(_("应有"), null=True, blank=True)
    chance = models.FloatField(_("偶然概率"), null=True, blank=True)
    # Hour of the week → mean per minute and spread, as learned.
    rhythm = models.JSONField(default=dict, blank=True, editable=False)
    learned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("静默监测")
        verbose_name_plural = _("静默监测")
        constraints = [models.UniqueConstraint(fields=["company", "kind", "key"], name="one_edge_each")]

    def __str__(self) -> str:
        return self.name


class EdgeCount(models.Model):
    """Messages of one edge in one bucket of five minutes; none: no row."""

    edge = models.ForeignKey(Edge, models.CASCADE, related_name="counts")
    start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edge", "start"], name="one_count_per_edge_and_time")]

    def __str__(self) -> str:
        return f"{self.edge_id} {self.start:%m-%d %H:%M} {self.count}"


class EdgeCursor(models.Model):
    """Up to which row of a source the messages were counted."""

    source = models.CharField(max_length=30, unique=True)
    reached = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.source} {self.reached}"


class Promotion(models.Model):
    """大促日历: so many times the usual number of messages between two moments."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("公司"))
    name = models.CharField(_("名称"), max_length=100)
    start = models.DateTimeField(_("开始"))
    end = models.DateTimeField(_("结束"))
    factor = models.FloatField(
        _("倍数"), default=3, validators=[MinValueValidator(0.01), MaxValueValidator(1000)]
    )  # fmt: skip

    class Meta:
        verbose_name = _("大促日历")
        verbose_name_plural = _("大促日历")
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="promotion_ends_after_its_start")
        ]
        indexes = [models.Index(fields=["company", "end"], name="promotions_by_end")]

    def __str__(self) -> str:
        return self.name

    def covers(self, moment: datetime) -> bool:
        return self.start <= moment < self.end
