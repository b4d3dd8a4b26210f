"""The platform's own list of what was placed in a bucket, asked by a job; and what it has that the tower has not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import jobs
from integrations.errors import Permanent, Temporary, Throttled
from integrations.inbox import plan_fetch
from integrations.jobs import Again, Task, handles
from integrations.ledger import gaps
from integrations.ledger.gaps import Missing
from integrations.models import Connection, Hop, Job, LedgerBucket, LedgerGap, Receipt
from integrations.registry import adapter_named
from orders import clock
from orders.models import Order

# After the bucket's end: soon, and once more for what the platform stored late.
ROUNDS = (timedelta(seconds=90), timedelta(minutes=20))
# So many questions of one connection at a time, so that a long absence leaves the poll its share of the budget.
MOST_AT_ONCE = 3
# Receipts that came before the question are worked through first, but not for ever.
LOOK_AGAIN = timedelta(seconds=20)
MOST_LOOKS = 15
TRY_AGAIN, LONGEST_TRY = timedelta(minutes=1), timedelta(hours=72)
MANY = 500


def plan_questions(connection: Connection, buckets: Sequence[LedgerBucket], *, now: datetime) -> int:
    """Ask for the buckets whose round has come, the newest first; how many were asked for."""
    due = [row for row in buckets if row.rounds < len(ROUNDS) and row.end + ROUNDS[row.rounds] <= now]
    if not due:
        return 0
    # By their keys: a shop's connection has a job or more for every order it ever sold.
    keys = [_key(row) for row in due]
    waiting = Job.objects.filter(key__in=keys, state__in=[Job.State.READY, Job.State.RUNNING]).count()
    asked = due[: max(MOST_AT_ONCE - waiting, 0)]
    for row in asked:
        with transaction.atomic():
            jobs.plan(
                "ledger_numbers",
                _key(row),
                lane=Job.Lane.BULK,
                connection_id=connection.pk,
                payload={"bucket": row.pk, "round": row.rounds},
            )
    return len(asked)


def _key(bucket: LedgerBucket) -> str:
    return f"ledger:{bucket.pk}:{bucket.rounds}"


def _no_answer(task: Task, error: str) -> None:
    """They could not be asked: what is not known stays unknown, and the next round asks again."""
    row = LedgerBucket.objects.filter(pk=task.payload["bucket"], rounds=task.payload["round"])
    row.update(rounds=int(task.payload["round"]) + 1, ask_error=error[:300])


@handles("ledger_numbers", failed=_no_answer)
def ask_numbers(task: Task) -> Mapping[str, Any] | Again:
    connection = task.through
    bucket = LedgerBucket.objects.select_related("shop").get(pk=task.payload["bucket"])
    if task.turn < MOST_LOOKS and _has_unread(connection):
        return Again(clock.now() + LOOK_AGAIN)
    adapter = adapter_named(connection.adapter)
    try:
        numbers = list(dict.fromkeys(adapter.numbers(connection.open(), bucket.start, bucket.end)))
    except Throttled:
        raise
    except Temporary as error:
        # Asked again by the minute and not ever later: when they are back, what is unknown shall soon be known.
        if clock.now() - bucket.start > LONGEST_TRY:
            raise Permanent(str(error), code=error.code) from error
        LedgerBucket.objects.filter(pk=bucket.pk).update(ask_error=str(error)[:300])
        return Again(clock.now() + TRY_AGAIN)
    missing = take_answer(bucket, connection, numbers, round_=int(task.payload["round"]), now=clock.now())
    return {"numbers": len(numbers), "missing": len(missing)}


def _has_unread(connection: Connection) -> bool:
    """Messages that came and were not looked at yet: their orders are not lost."""
    return Receipt.objects.filter(connection_id=connection.pk, state=Receipt.State.RECEIVED).exists()


def take_answer(
    bucket: LedgerBucket, connection: Connection, numbers: Sequence[str], *, round_: int, now: datetime
) -> list[str]:
    """Hold the platform's list against the tower's orders: what is missing is a gap, and is read at once."""
    here = in_tower(bucket.shop_id, numbers)
    parked = parked_among(connection, [number for number in numbers if number not in here], since=bucket.start)
    lost = [number for number in numbers if number not in here and number not in parked]
    can_fetch = adapter_named(connection.adapter).can("fetch", connection.settings)
    cure = "fetch_order" if can_fetch else ""
    with transaction.atomic():
        # Whoever asked last knows best; a number that the first answer had and this one has not is no gap any more.
        gaps.sync(
            bucket,
            Hop.PLATFORM,
            {number: Missing(number, bucket.end, cure=cure) for number in lost},
            unsure=set(),
            now=now,
        )
        LedgerBucket.objects.filter(pk=bucket.pk).update(
            platform_state=LedgerBucket.Platform.KNOWN,
            platform_count=len(numbers),
            parked=sorted(parked),
            rounds=max(bucket.rounds, round_ + 1),
            ask_error="",
            next_look_at=now,
            closed_at=None,
        )
    if can_fetch:
        for number in lost:
            plan_fetch(connection, number, hint=f"ledger:{bucket.pk}:{round_}", via="ledger")
    return lost


def in_tower(shop_id: int, numbers: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in _by_many(numbers):
        rows = Order.objects.filter(shop=shop_id, platform_order_id__in=some)
        found.update(rows.values_list("platform_order_id", flat=True))
    return found


def parked_among(connection: Connection, numbers: Sequence[str], *, since: datetime) -> set[str]:
    """Those whose message came and waits for a person; over the index of the parked ones."""
    if not numbers:
        return set()
    rows = Receipt.objects.filter(connection_id=connection.pk, state=Receipt.State.PARKED, at__gte=since)
    return set(rows.values_list("subject", flat=True)) & set(numbers)


def _by_many(numbers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (numbers[place : place + MANY] for place in range(0, len(numbers), MANY))


def read_again(gap: LedgerGap, connection: Connection) -> bool:
    """A person's 再拉一次: one more reading of an order that is missing; False where it cannot be read or has come."""
    if gap.closed_at is not None or gap.hop != Hop.PLATFORM:
        return False
    if not adapter_named(connection.adapter).can("fetch", connection.settings):
        return False
    plan_fetch(connection, gap.number, hint=f"ledger:again:{gap.pk}:{int(clock.now().timestamp())}", via="ledger")
    return True
