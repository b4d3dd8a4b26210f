"""The one outbox: what must touch the network, as rows (law 9). Alerts use it too."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders import clock


class Job(models.Model):
    class State(models.TextChoices):
        READY = "ready", _("待执行")
        RUNNING = "running", _("执行中")
        DONE = "done", _("完成")
        FAILED = "failed", _("失败")

    class Lane(models.TextChoices):
        URGENT = "urgent", _("紧急")
        INGEST = "ingest", _("接收")
        SYNC = "sync", _("同步")
        BULK = "bulk", _("批量")

    kind = models.CharField(_("类型"), max_length=60)
    # The same wish is one row, however often it is planned.
    key = models.CharField(max_length=200, unique=True)
    lane = models.CharField(_("通道"), max_length=10, choices=Lane.choices, default=Lane.SYNC)
    connection = models.ForeignKey("integrations.Connection", models.CASCADE, null=True, blank=True)
    order_id = models.BigIntegerField(null=True, db_index=True)
    # Ids and codes only; never a person's data (law 13).
    payload = models.JSONField(default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.READY)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    # Tries until the job rests in `failed`; a person's retry fills it up again.
    tries_left = models.PositiveSmallIntegerField(default=13)
    not_before = models.DateTimeField(default=clock.now)
    # A claim that is older than its lease was lost with its worker and is taken again.
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(_("错误"), max_length=500, blank=True, default="")
    result = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("对外任务")
        verbose_name_plural = _("对外任务")
        indexes = [
            models.Index(
                fields=["lane", "not_before"], condition=models.Q(state__in=["ready", "running"]), name="jobs_to_run"
            ),
            models.Index(fields=["-created_at"], condition=models.Q(state="failed"), name="jobs_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Attempt(models.Model):
    """One try of a job, written before anything is sent."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_row_per_try")]

    def __str__(self) -> str:
        return f"{self.job_id}#{self.number}"
