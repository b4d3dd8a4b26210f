"""How much work waits in the rows, and how long the oldest of it has been due. Health, metrics and pages ask here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet

from integrations.models import Job, Receipt
from orders import clock
from orders.models import EventTask


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """One queue: `rows` that are due, and for how long the oldest of them has been (`age`)."""

    name: str
    rows: int
    age: timedelta


def backlogs(*, now: datetime | None = None) -> list[Backlog]:
    """Every queue of the tower, the empty ones too: receipts to read, events to drain, jobs by lane. Three queries."""
    now = now or clock.now()
    received = Receipt.objects.filter(state=Receipt.State.RECEIVED)
    ready = Job.objects.filter(state=Job.State.READY, not_before__lte=now)
    lanes = {row["lane"]: row for row in ready.values("lane").annotate(rows=Count("pk"), oldest=Min("not_before"))}
    return [
        _due("receipts", received, now),
        _due("events", EventTask.objects.all(), now),
        *(_backlog(f"jobs_{lane}", lanes.get(lane, {"rows": 0, "oldest": None}), now) for lane in Job.Lane.values),
    ]


def _due(name: str, queue: QuerySet[Any], now: datetime) -> Backlog:
    return _backlog(name, queue.filter(not_before__lte=now).aggregate(rows=Count("pk"), oldest=Min("not_before")), now)


def _backlog(name: str, found: Mapping[str, Any], now: datetime) -> Backlog:
    return Backlog(name=name, rows=found["rows"], age=now - found["oldest"] if found["oldest"] else timedelta(0))
