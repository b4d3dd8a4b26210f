"""How the connections do: what a person must know before orders go missing. Bounded reads of small tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from integrations import budget
from integrations.models import Connection, Job, Receipt
from integrations.registry import adapters
from orders.selectors.listing import capped
from orders.selectors.scope import company_ids, within

# A poll that is late by so many of its intervals, or by an hour at most, is a silent connection.
LATE_POLLS = 3
LONGEST_SILENCE = timedelta(hours=1)
# The platform's event time → visible here (goal of p99 ≤ 3 minutes).
LAG_LIMIT_MILLISECONDS = 180_000
FRESH_ERROR = timedelta(hours=24)
COUNT_CAP = 1000


@dataclass
class Health:
    """One connection with its troubles as codes: error, silent, lag, parked, refused; none of them is good."""

    connection: Connection
    parked: int = 0
    troubles: list[str] = field(default_factory=list)
    # Only where `in_detail` was asked.
    failed: int = 0
    calls: int = 0
    paused_until: datetime | None = None


def troubles_of(connection: Connection, *, parked: int, now: datetime) -> list[str]:
    found = []
    if connection.last_error and connection.last_error_at and now - connection.last_error_at < FRESH_ERROR:
        found.append("error")
    if connection.enabled and _is_silent(connection, now):
        found.append("silent")
    if (connection.lag_milliseconds or 0) > LAG_LIMIT_MILLISECONDS:
        found.append("lag")
    if parked:
        found.append("parked")
    if is_refused(connection):
        found.append("refused")
    return found


def is_refused(connection: Connection) -> bool:
    """The last that knocked was not believed. A push with a good signature after it: whatever was wrong is mended."""
    refused, pushed = connection.last_refused_at, connection.last_push_at
    believed_since = refused is not None and pushed is not None and pushed > refused
    return bool(connection.refused_count) and not believed_since


def _is_silent(connection: Connection, now: datetime) -> bool:
    late = min(timedelta(seconds=connection.poll_seconds * LATE_POLLS), LONGEST_SILENCE)
    # A setting may have switched its polling off.
    adapter = adapters().get(connection.adapter)
    if adapter is not None and not adapter.can("poll", connection.settings):
        return False
    return connection.last_poll_at is not None and now - connection.last_poll_at > late


def parked_counts(connection_ids: Sequence[int]) -> dict[int, int]:
    """Connection → receipts that a person must look at; over the index of the parked ones."""
    rows = (
        Receipt.objects.filter(connection_id__in=connection_ids, state=Receipt.State.PARKED)
        .order_by()
        .values_list("connection_id")
        .annotate(found=Count("pk"))
    )
    return dict(rows)


def all_healths(user: Any, *, now: datetime) -> list[Health]:
    """The person's connections, the troubled ones first."""
    rows = list(within(Connection.objects.select_related("shop", "warehouse").order_by("name"), user)[:200])
    parked = parked_counts([row.pk for row in rows])
    healths = [
        Health(row, parked.get(row.pk, 0), troubles_of(row, parked=parked.get(row.pk, 0), now=now)) for row in rows
    ]
    return sorted(healths, key=lambda health: not health.troubles)


def in_detail(user: Any, *, now: datetime) -> list[Health]:
    """With what failed of each, what of its calls is used up, and how long it must wait: two reads more."""
    healths = all_healths(user, now=now)
    ids = [health.connection.pk for health in healths]
    failed = dict(
        Job.objects.filter(state=Job.State.FAILED, connection_id__in=ids)
        .order_by()
        .values_list("connection_id")
        .annotate(found=Count("pk"))
    )
    calls = budget.used(ids, now=now)
    for health in healths:
        row = health.connection
        health.failed, health.calls = failed.get(row.pk, 0), calls.get(row.pk, 0)
        health.paused_until = row.paused_until if row.paused_until and row.paused_until > now else None
    return sorted(healths, key=lambda health: not (health.troubles or health.failed or health.paused_until))


def failed_jobs(user: Any) -> int:
    """Jobs that gave up, counted no further than `COUNT_CAP`."""
    jobs = Job.objects.filter(state=Job.State.FAILED)
    companies = company_ids(user)
    if companies is not None:
        jobs = jobs.filter(connection__company__in=companies)
    return capped(jobs, COUNT_CAP)
