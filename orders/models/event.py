"""The trail: append-only, chained per stream, anchored outside (law 12); and the tasks each event leaves (law 9).

On PostgreSQL the event table is partitioned by month with the key (id, at), so nothing has a foreign key to it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock


class Event(models.Model):
    class Result(models.TextChoices):
        OK = "ok", _("完成")
        REFUSED = "refused", _("被拒绝")
        OBSERVED = "observed", _("外部事实")
        UNKNOWN = "unknown", _("结果不明")

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=40)
    seq = models.PositiveIntegerField()
    # Plain numbers: the trail outlives what it speaks of.
    company_id = models.BigIntegerField()
    order_id = models.BigIntegerField(null=True)
    parcel_id = models.BigIntegerField(null=True)
    verb = models.CharField(_("动作"), max_length=40)
    from_state = models.CharField(max_length=20, blank=True, default="")
    to_state = models.CharField(max_length=20, blank=True, default="")
    version = models.PositiveIntegerField(default=0)
    # person:<id> · api_key:<id> · system · platform …
    actor = models.CharField(_("由谁"), max_length=80)
    actor_name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(_("角色"), max_length=80, blank=True, default="")
    cause = models.CharField(_("起因"), max_length=120, blank=True, default="")
    key = models.CharField(max_length=200, blank=True, default="")
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.OK)
    reason = models.CharField(_("原因"), max_length=500, blank=True, default="")
    act_id = models.CharField(max_length=32, blank=True, default="")
    facts = models.JSONField(default=dict)
    # When it happened by the source's clock, where a source told it.
    source_at = models.DateTimeField(null=True)
    at = models.DateTimeField(_("时间"), default=clock.now)
    mark = models.BigIntegerField(default=0)
    prev_hash = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("事件")
        verbose_name_plural = _("事件")
        indexes = [
            models.Index(fields=["stream", "seq"], name="events_by_stream"),
            models.Index(fields=["mark"], name="events_in_commit_order"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.verb}"


class EventTask(models.Model):
    """One consumer still has to take one event. The drain deletes the row."""

    order_id = models.BigIntegerField(db_index=True)
    event_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    consumer = models.CharField(max_length=60)
    not_before = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("待处理事件")
        verbose_name_plural = _("待处理事件")
        constraints = [models.UniqueConstraint(fields=["event_id", "consumer"], name="one_task_per_consumer")]
        indexes = [models.Index(fields=["not_before"], name="tasks_by_time")]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.consumer}"


class Anchor(models.Model):
    """A signed hash of the previous anchor and of every stream that changed since; its text lies outside."""

    seq = models.PositiveIntegerField(unique=True)
    at = models.DateTimeField()
    # Events with a smaller mark are covered.
    mark = models.BigIntegerField()
    streams = models.PositiveIntegerField()
    events = models.PositiveIntegerField()
    prev_hash = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta:
        verbose_name = _("存证锚点")
        verbose_name_plural = _("存证锚点")

    def __str__(self) -> str:
        return f"#{self.seq}"


class FactKey(models.Model):
    """One fact, one effect (law 2): narrow, unpartitioned, kept as long as the order."""

    connection = models.CharField(max_length=24)
    key = models.CharField(max_length=160)
    body_hash = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="one_effect_per_fact")]

    def __str__(self) -> str:
        return f"{self.connection} {self.key}"
