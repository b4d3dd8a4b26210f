"""Orders on random schedules, some of which get stuck: every planted gap is found in time, and none that is not there.

The truth is kept here: for every order, when it reaches each hop. The ledger sees only rows.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations import jobs
from integrations.models import BUCKET, Hop, LedgerGap, bucket_start
from integrations.platforms.jd import adapter as jd
from orders.models import Order
from tests.integrations.ledger.road import GRACE, Road

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
PHYSICAL = ("wms", "printed", "handed_over", "picked_up")
ACTS = {"erp": "in_erp", "wms": "in_wms", "printed": "printed", "handed_over": "handed_over", "picked_up": "picked_up"}
# The platform is asked a minute and a half after a bucket, and a gap may take one bucket more.
ASKED_AFTER = timedelta(seconds=90)
REASONS: dict[str, dict[str, Any]] = {
    "held": {"held": True},
    "cancelled": {"state": "cancelled"},
    "unpaid": {"state": "pending_payment", "paid_at": None},
    "left_out": {"flags": ["dropship"]},
}


@dataclass
class Plan:
    """One order: when it is placed, and when it reaches each hop (`None`: never)."""

    number: str
    placed_at: datetime
    reaches: dict[str, datetime | None]
    reason: str = ""
    order: Order | None = None
    done: set[str] = field(default_factory=set)

    def lateness(self) -> list[tuple[str, datetime, datetime | None]]:
        """(hop, due, came) wherever the order is late: the gaps there must be."""
        entered = self.reaches["platform"]
        found: list[tuple[str, datetime, datetime | None]] = []
        if entered is None or entered > bucket_start(self.placed_at) + BUCKET + ASKED_AFTER:
            found.append(("platform", bucket_start(self.placed_at) + BUCKET, entered))
        if entered is None or self.reason:
            return found
        chain = [("erp", entered), *zip(PHYSICAL, [entered, *(self.reaches[hop] for hop in PHYSICAL)], strict=False)]
        for hop, base in chain:
            if base is None:
                continue
            due, came = base + timedelta(minutes=GRACE[hop]), self.reaches[hop]
            if came is None or came > due:
                found.append((hop, due, came))
        return found


def plans(seed: int, start: datetime) -> list[Plan]:
    """Twenty orders in twenty minutes: half of them stuck somewhere, for good or for a while; some with a reason."""
    dice = random.Random(seed)
    made = []
    for index in range(20):
        placed = start + MINUTE * dice.randrange(20) + timedelta(seconds=dice.randrange(60))
        stuck = dice.choice(["platform", "erp", *PHYSICAL, "", "", "", "", "", ""])
        for_good = dice.random() < 0.5
        reaches: dict[str, datetime | None] = {}
        at: datetime | None = placed + MINUTE * dice.randrange(0, 2)
        if stuck == "platform":
            at = None if for_good else placed + MINUTE * dice.randrange(12, 30)
        reaches["platform"] = at
        for hop, allowed in GRACE.items():
            base = reaches["platform"] if hop in ("erp", "wms") else reaches[PHYSICAL[PHYSICAL.index(hop) - 1]]
            late = hop == stuck
            if base is None or (late and for_good):
                reaches[hop] = None
            else:
                wait = dice.randrange(allowed + 8, allowed + 25) if late else dice.randrange(0, allowed - 1)
                reaches[hop] = base + MINUTE * wait
        reason = "" if stuck else dice.choice(["", "", *REASONS])
        if reason:
            reaches |= dict.fromkeys(ACTS)
        made.append(Plan(f"JD{seed}{index:04}", placed, reaches, reason))
    return made


def live(road: Road, orders: list[Plan], now: datetime) -> None:
    for plan in orders:
        entered = plan.reaches["platform"]
        if plan.order is None and entered is not None and entered <= now:
            fields = REASONS.get(plan.reason, {})
            plan.order = road.enters(plan.number, placed_at=plan.placed_at, **fields)
        for hop, act in ACTS.items():
            at = plan.reaches[hop]
            if plan.order is not None and hop not in plan.done and at is not None and at <= now:
                getattr(road, act)(plan.order)
                plan.done.add(hop)


@pytest.mark.parametrize("seed", range(1, 5))
def test_every_planted_gap_is_found_within_a_bucket_and_none_that_is_not_there(clock, monkeypatch, seed):
    road = Road()
    # The past hour has nothing to find; the platform answers with what was truly placed.
    start = clock.now() + BUCKET
    orders = plans(seed, start)
    asked: list[datetime] = []

    def numbers(access: Any, since: datetime, until: datetime) -> list[str]:
        asked.append(since)
        return [plan.number for plan in orders if since <= plan.placed_at < until]

    monkeypatch.setattr(jd, "numbers", numbers)
    open_before: set[tuple[str, str]] = set()
    opened: dict[tuple[str, str], datetime] = {}
    closed: dict[tuple[str, str], datetime] = {}
    while clock.now() < start + timedelta(minutes=110):
        clock.advance(minutes=1)
        live(road, orders, clock.now())
        road.look()
        jobs.run_lane("bulk")
        here = road.gaps()
        opened |= {gap: clock.now() for gap in here - open_before if gap not in opened}
        closed |= {gap: clock.now() for gap in open_before - here}
        open_before = here
    late = {(hop, plan.number): (due, came) for plan in orders for hop, due, came in plan.lateness()}
    slack = BUCKET + MINUTE
    must = {
        gap
        for gap, (due, came) in late.items()
        if due + slack + ASKED_AFTER < clock.now() and (came is None or came > due + slack + ASKED_AFTER)
    }
    assert must, "nothing was planted"
    assert must <= opened.keys()
    assert opened.keys() <= late.keys()
    for gap, at in opened.items():
        due, came = late[gap]
        limit = slack + (ASKED_AFTER if gap[0] == Hop.PLATFORM else timedelta(0))
        assert due <= at <= due + limit, gap
        assert came is None or at <= came + slack, gap
    # What came is closed soon, and what never came is open to the end.
    for gap, (_, came) in late.items():
        if gap in opened and came is not None and came + slack < clock.now():
            assert closed[gap] <= came + slack, gap
        if gap in must and came is None:
            assert gap in open_before, gap
    assert LedgerGap.objects.count() == len(opened)
    assert asked
