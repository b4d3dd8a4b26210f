"""Back-fill: a job that reads step by step and keeps its place, so that a kill costs at most one step."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from integrations import jobs
from integrations.errors import Permanent, Temporary, Throttled
from integrations.inbox import keep
from integrations.jobs import Again, Task, handles
from integrations.models import Backfill, Connection, Job
from integrations.registry import adapter_named
from orders import clock
from orders.services.company_trail import lock_company, note_company_event
from orders.vocabulary import Cause

# Steps in one go; then others of the lane have their turn.
STEPS = 10
PAUSE = timedelta(seconds=1)
LONGEST = timedelta(days=92)
MOST_NUMBERS = 5000


class Refused(ValueError):
    """It cannot be read like this; the text is for the person who asked."""


def begin(
    connection: Connection,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    numbers: Sequence[str] = (),
    asked_by: int | None = None,
    cause: Cause | None = None,
) -> Backfill:
    """Ask for everything changed in [start, end), or for the orders with these numbers. `Refused` says why not.

    A person's wish comes with its `cause` and leaves an event on the company's stream.
    """
    adapter = adapter_named(connection.adapter)
    if numbers:
        if not adapter.can("fetch", connection.settings):
            raise Refused("这个系统不能按订单号读取")
        if len(numbers) > MOST_NUMBERS:
            raise Refused(f"一次最多 {MOST_NUMBERS} 个订单号")
    else:
        if not adapter.can("slice", connection.settings):
            raise Refused("这个系统不能按时间补读")
        if start is None or end is None or start >= end:
            raise Refused("请填写开始和结束时间，开始要早于结束")
        if end - start > LONGEST:
            raise Refused(f"一次最多补读 {LONGEST.days} 天")
    with transaction.atomic():
        row = Backfill.objects.create(
            connection=connection,
            start=start,
            end=end,
            numbers=list(dict.fromkeys(numbers)),
            share=0.0 if numbers else None,
            asked_by_id=cause.user_id if cause else asked_by,
        )
        if cause is not None:
            _note(row, "backfill_begun", cause)
        key = f"backfill:{row.pk}"
        jobs.plan("backfill", key, lane=Job.Lane.BULK, connection_id=connection.pk, payload={"backfill": row.pk})
    return row


def stop(backfill_id: int, *, reason: str = "", cause: Cause) -> bool:
    """Read no further; what was read stays. False where it had ended. A step that is under way is still kept."""
    with transaction.atomic(durable=True):
        stopped = _running(backfill_id).update(state=Backfill.State.STOPPED, error=reason[:500], done_at=clock.now())
        if stopped:
            row = Backfill.objects.select_related("connection").get(pk=backfill_id)
            _note(row, "backfill_stopped", cause, reason=reason)
    return bool(stopped)


def _note(row: Backfill, verb: str, cause: Cause, *, reason: str = "") -> None:
    """Without the numbers themselves: there may be thousands, and the row keeps them."""
    facts: dict[str, Any] = {"backfill": row.pk, "connection": row.connection_id}
    if row.numbers:
        facts["numbers"] = len(row.numbers)
    elif row.start and row.end:
        facts |= {"start": row.start.isoformat(), "end": row.end.isoformat()}
    company = lock_company(row.connection.company_id)
    note_company_event(company, verb, cause=cause, key=f"backfill:{row.pk}", reason=reason, facts=facts)


def _running(backfill_id: int) -> QuerySet[Backfill]:
    return Backfill.objects.filter(pk=backfill_id, state=Backfill.State.RUNNING)


def _failed(task: Task, error: str) -> None:
    _running(task.payload["backfill"]).update(state=Backfill.State.FAILED, error=error[:500], done_at=clock.now())


@handles("backfill", failed=_failed)
def read_on(task: Task) -> Mapping[str, Any] | Again:
    """Some steps of a back-fill. What was read is committed before its place moves on."""
    row = Backfill.objects.select_related("connection").get(pk=task.payload["backfill"])
    # A failed one whose job somebody retries goes on where it was.
    Backfill.objects.filter(pk=row.pk, state=Backfill.State.FAILED).update(
        state=Backfill.State.RUNNING, error="", done_at=None
    )
    for _ in range(STEPS):
        if not _running(row.pk).exists():
            # Somebody stopped it.
            return {"seen": row.seen, "new": row.new}
        if not (_numbers(row) if row.numbers else _slice(row)):
            _running(row.pk).update(state=Backfill.State.DONE, error="", done_at=clock.now())
            row.refresh_from_db()
            return {"seen": row.seen, "new": row.new}
    return Again(clock.now() + PAUSE)


def _slice(row: Backfill) -> bool:
    connection = row.connection
    if row.start is None or row.end is None:
        raise Permanent("没有时间范围")
    polled = adapter_named(connection.adapter).slice(connection.open(), row.start, row.end, row.cursor)
    new = len(keep(connection, polled.messages, via="backfill"))
    _advance(row, dict(polled.cursor), seen=len(polled.messages), new=new, share=polled.share)
    return polled.more


def _numbers(row: Backfill) -> bool:
    """One order; one that cannot be read is counted and left, and the others go on."""
    place = int(row.cursor.get("place", 0))
    if place >= len(row.numbers):
        return False
    connection, number = row.connection, str(row.numbers[place])
    missing = list(row.cursor.get("missing", []))
    new = 0
    try:
        message = adapter_named(connection.adapter).fetch(connection.open(), number)
        new = len(keep(connection, [message], via="backfill"))
    except (Throttled, Temporary):
        raise
    except Permanent:
        missing.append(number)
    share = (place + 1) / len(row.numbers)
    _advance(row, {"place": place + 1, "missing": missing[:100]}, seen=1, new=new, share=share)
    return place + 1 < len(row.numbers)


def _advance(row: Backfill, cursor: dict[str, Any], *, seen: int, new: int, share: float | None) -> None:
    row.cursor = cursor
    counts = {"seen": F("seen") + seen, "new": F("new") + new}
    Backfill.objects.filter(pk=row.pk).update(cursor=cursor, share=share, **counts)
