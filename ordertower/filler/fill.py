"""Lead some lives, copy them, leave nothing to be drained."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orders.models import Event
from orders.models.partitions import ensure_partitions
from ordertower.dispatch import drain_order
from ordertower.filler.copies import pattern_of
from ordertower.filler.lives import KINDS, Kind, lead_lives
from ordertower.filler.writing import Plan, Table, reserve_ids, shuffled, tidy, totals, write


@dataclass(frozen=True)
class Filled:
    orders: int
    events: int
    rows: int


def fill(
    count: int,
    *,
    now: datetime,
    spread: timedelta = timedelta(days=14),
    shops: int = 4,
    kinds: Sequence[Kind] = KINDS,
    done: Callable[[int], None] = lambda _: None,
) -> Filled:
    """Exactly `count` orders: first the lives themselves, then their copies, oldest first."""
    now = now.astimezone(UTC)
    ensure_partitions(now)
    lives = lead_lives(now=now - spread, most=count, shops=shops, kinds=kinds)
    for life in lives:
        drain_order(life.order_id)
    patterns = [pattern_of(life) for life in lives]
    rows: Counter[Table] = Counter()
    for pattern in patterns:
        rows.update(pattern.counts)
    copies = count - len(lives)
    if copies:
        schedule = shuffled([life.share for life in lives])
        wanted = totals(patterns, schedule, copies)
        begins = max(life.begun_at for life in lives)
        write(Plan(patterns, schedule, copies, reserve_ids(wanted), begins, spread), done=done)
        rows.update(wanted)
    tidy()
    return Filled(count, rows[Event], rows.total())
