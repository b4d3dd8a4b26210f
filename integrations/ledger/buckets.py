"""Which buckets there are, when each is looked at, and one look at all of a bucket's orders."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.ledger import asking, facts, gaps
from integrations.ledger.gaps import Missing
from integrations.ledger.hops import FINAL_REASONS, Kind, OrderFacts, Verdict, judge
from integrations.ledger.systems import Systems, SystemsByCompany
from integrations.models import BUCKET, Hop, LedgerBucket, LedgerCursor, LedgerGap, bucket_start
from orders.models import Company, Order, Shop, settled_mark

log = logging.getLogger(__name__)

# A bucket that did not come out even by then stays as it is; its open gaps are looked at alone.
LONGEST_OPEN = timedelta(hours=72)
# How soon after a look the next one may be: a young bucket changes by the minute.
YOUNG, SOON, LATER = timedelta(hours=1), timedelta(minutes=1), BUCKET
# Whatever else is forgotten, an open bucket is looked at so often.
AT_LEAST = timedelta(minutes=30)
LEFTOVERS_EVERY, MOST_LEFTOVERS = timedelta(minutes=30), 100
# Changes of orders followed in one run, and seconds that its looks may take: the rest is due the next time.
MOST_CHANGES = 10_000
BUDGET_SECONDS = 25.0
BEHIND = (Hop.ERP, Hop.WMS, Hop.PRINTED, Hop.HANDED_OVER, Hop.PICKED_UP)


def run(*, now: datetime, budget_seconds: float = BUDGET_SECONDS) -> int:
    """What beat does each minute; how many buckets were looked at."""
    started = time.monotonic()
    _follow_changes(now)
    known = SystemsByCompany()
    for shop in Shop.objects.filter(active=True).order_by("pk"):
        systems = known[shop.company_id]
        _ask_platform(shop, systems, now)
    looked = 0
    while time.monotonic() - started < budget_seconds and (bucket := _claim_one(now)):
        systems = known[bucket.company_id]
        looked += 1
        try:
            look(bucket, systems, now=now)
        except Exception:
            # Our mistake about one bucket, which is claimed for a minute: the others are looked at, and told of.
            log.exception("bucket %s could not be looked at", bucket.pk)
    _look_at_leftovers(known, now)
    gaps.tell_troubles(now=now)
    return looked


# Which buckets ------------------------------------------------------------------------------------------------------
def _follow_changes(now: datetime) -> None:
    """Open or hurry the bucket of every order that changed since the last run, in the order of commits."""
    until = settled_mark()
    cursor = LedgerCursor.objects.order_by("pk").first()
    if cursor is None:
        # The first run of all: what lies in the open time already is as good as changed.
        for company in Company.objects.all():
            fresh = Order.objects.filter(company=company, placed_at__gte=now - LONGEST_OPEN)
            _touch(fresh.values_list("company_id", "shop_id", "placed_at").iterator(), now)
        LedgerCursor.objects.create(mark=until)
        return
    rows = Order.objects.filter(mark__gte=cursor.mark, mark__lt=until).order_by("mark", "id")
    changed = list(rows.values_list("mark", "company_id", "shop_id", "placed_at")[:MOST_CHANGES])
    _touch(((company, shop, placed_at) for _, company, shop, placed_at in changed), now)
    reached = changed[-1][0] if len(changed) == MOST_CHANGES else until
    LedgerCursor.objects.filter(pk=cursor.pk, mark__lt=reached).update(mark=reached)


def _touch(rows: Iterable[tuple[int, int, datetime]], now: datetime) -> None:
    wanted = {
        (company, shop, bucket_start(placed_at)) for company, shop, placed_at in rows if placed_at > now - LONGEST_OPEN
    }
    if not wanted:
        return
    starts = [start for _, _, start in wanted]
    rows_there = LedgerBucket.objects.filter(
        shop__in={shop for _, shop, _ in wanted}, start__gte=min(starts), start__lte=max(starts)
    )
    there = {(row.shop_id, row.start): row for row in rows_there}
    _open((company, shop, start) for company, shop, start in wanted if (shop, start) not in there)
    by_time: dict[datetime, list[int]] = defaultdict(list)
    for _, shop, start in wanted:
        row = there.get((shop, start))
        if row is None:
            continue
        next_look = max(now, (row.looked_at or now) + _pace(row, now))
        if row.closed_at is not None or row.next_look_at > next_look:
            by_time[next_look].append(row.pk)
    for moment, ids in by_time.items():
        LedgerBucket.objects.filter(pk__in=ids).update(next_look_at=moment, closed_at=None)


def _open(wanted: Iterable[tuple[int, int, datetime]]) -> None:
    """A bucket is first looked at when it is over: until then its orders are still coming."""
    LedgerBucket.objects.bulk_create(
        [
            LedgerBucket(company_id=company, shop_id=shop, start=start, next_look_at=start + BUCKET)
            for company, shop, start in wanted
        ],
        ignore_conflicts=True,
    )


def _ask_platform(shop: Shop, systems: Systems, now: datetime) -> None:
    """Every five minutes of a shop whose platform lists its orders have a bucket, also those that look empty."""
    connection = systems.platform(shop.pk)
    if connection is None:
        return
    first = bucket_start(max(connection.created_at, now - LONGEST_OPEN) + BUCKET)
    mine = LedgerBucket.objects.filter(shop=shop, start__gte=first, start__lt=now)
    wanted = max(int((bucket_start(now) - first) / BUCKET) + 1, 0)
    if mine.count() < wanted:
        there = set(mine.values_list("start", flat=True))
        starts = (first + BUCKET * place for place in range(wanted))
        _open((shop.company_id, shop.pk, start) for start in starts if start not in there)
    fresh = mine.filter(platform_state=LedgerBucket.Platform.NOT_APPLICABLE, closed_at__isnull=True)
    if fresh.exists():
        fresh.update(platform_state=LedgerBucket.Platform.UNKNOWN)
    waiting = mine.filter(rounds__lt=len(asking.ROUNDS), start__lte=now - BUCKET - asking.ROUNDS[0])
    newest_first = waiting.exclude(platform_state=LedgerBucket.Platform.NOT_APPLICABLE).order_by("-start")
    asking.plan_questions(connection, list(newest_first.only("rounds", "start")), now=now)


def _pace(bucket: LedgerBucket, now: datetime) -> timedelta:
    return SOON if now - bucket.start < YOUNG else LATER


# One look -----------------------------------------------------------------------------------------------------------
def _claim_one(now: datetime) -> LedgerBucket | None:
    """The bucket that is due the longest, for this worker alone until its next time."""
    due = LedgerBucket.objects.filter(closed_at__isnull=True, next_look_at__lte=now).order_by("next_look_at", "pk")
    for bucket in due.select_related("shop")[:5]:
        mine = LedgerBucket.objects.filter(pk=bucket.pk, next_look_at=bucket.next_look_at, closed_at__isnull=True)
        if mine.update(next_look_at=now + SOON):
            return bucket
    return None


def look(bucket: LedgerBucket, systems: Systems, *, now: datetime) -> None:
    """Count the bucket's orders at every hop, and open and close its gaps."""
    rows = Order.objects.filter(company=bucket.company_id, placed_at__gte=bucket.start, placed_at__lt=bucket.end)
    mine = dict(rows.filter(shop=bucket.shop_id).values_list("pk", "created_at"))
    found = Found(now)
    for ids in _chunks(list(mine)):
        for order in facts.of_orders(ids):
            found.take(order, _verdicts(order, bucket.shop, systems, now))
    ways = bucket.ways
    if sum(ways.values()) != len(mine):
        ways = dict(
            sum((Counter(facts.ways_in((pk, mine[pk]) for pk in ids)) for ids in _chunks(list(mine))), Counter())
        )
    with transaction.atomic():
        for hop in BEHIND:
            gaps.sync(bucket, hop, found.missing[hop], unsure=found.unsure[hop], now=now)
        parked = _settle_platform(bucket, now)
        count = LedgerGap.objects.filter(bucket=bucket, closed_at__isnull=True).count()
        # Only what this look decides: the platform's answer may come meanwhile.
        LedgerBucket.objects.filter(pk=bucket.pk).update(
            orders=len(mine),
            ways=ways,
            parked=parked,
            hops=found.counts(bucket.shop, systems),
            gap_count=count,
            looked_at=now,
            **_next(bucket, found, count, now),
        )


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    return (ids[place : place + facts.CHUNK] for place in range(0, len(ids), facts.CHUNK))


def _verdicts(order: OrderFacts, shop: Shop, systems: Systems, now: datetime) -> dict[Hop, Verdict]:
    return judge(order, systems.around(shop), systems.graces_for(shop, order.warehouse_id), now=now)


class Found:
    """What one look found: counts by hop and kind, who is missing, and when time alone changes something."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.kinds: dict[Hop, Counter[str]] = {hop: Counter() for hop in BEHIND}
        self.reasons: dict[Hop, Counter[str]] = {hop: Counter() for hop in BEHIND}
        self.missing: dict[Hop, dict[str, Missing]] = {hop: {} for hop in BEHIND}
        self.unsure: dict[Hop, set[str]] = {hop: set() for hop in BEHIND}
        self.next_due: datetime | None = None
        self.unsettled = False
        # Orders with a reason anywhere, each counted once.
        self.whys: Counter[str] = Counter()

    def take(self, order: OrderFacts, verdicts: dict[Hop, Verdict]) -> None:
        if whys := [verdict.reason for verdict in verdicts.values() if verdict.kind == Kind.REASONED]:
            self.whys[whys[0]] += 1
        for hop, verdict in verdicts.items():
            self.kinds[hop][verdict.kind] += 1
            if verdict.kind == Kind.REASONED:
                self.reasons[hop][verdict.reason] += 1
                self.unsettled |= verdict.reason not in FINAL_REASONS
            elif verdict.kind == Kind.MISSING and verdict.due is not None:
                cure = "deliver_parcel" if hop == Hop.WMS else ""
                self.missing[hop][order.number] = Missing(order.number, verdict.due, order.pk, cure)
            elif verdict.kind == Kind.UNKNOWN:
                self.unsure[hop].add(order.number)
                self.unsettled = True
            elif verdict.kind == Kind.WAITING and verdict.due is not None:
                self.next_due = min(self.next_due or verdict.due, verdict.due)
                self.unsettled = True

    def counts(self, shop: Shop, systems: Systems) -> dict[str, dict[str, Any]]:
        around = systems.around(shop)
        absent = {
            Hop.ERP: around.erp is None,
            Hop.WMS: (shop.warehouse_id or 0) not in around.wms,
            Hop.PICKED_UP: not around.couriers,
        }
        told = {str(hop): self._hop(hop, absent.get(hop, False)) for hop in BEHIND}
        if self.whys:
            told["any"] = {"reasoned": sum(self.whys.values()), "reasons": dict(self.whys)}
        return told

    def _hop(self, hop: Hop, absent: bool) -> dict[str, Any]:
        """`na` only where no order passes such a system: never a 0 for what nobody can know."""
        kinds = self.kinds[hop]
        there = sum(kinds.values()) - kinds[Kind.NOT_APPLICABLE]
        state = "na" if not there and (absent or kinds[Kind.NOT_APPLICABLE]) else "counted"
        if state == "counted" and kinds[Kind.UNKNOWN]:
            state = "unknown"
        told = {str(kind): kinds[kind] for kind in Kind if kind != Kind.NOT_APPLICABLE and kinds[kind]}
        return {"state": state, **told, **({"reasons": dict(self.reasons[hop])} if self.reasons[hop] else {})}


def _settle_platform(bucket: LedgerBucket, now: datetime) -> list[str]:
    """Close the gaps of orders that came meanwhile; the numbers that are still parked."""
    still = LedgerGap.objects.filter(bucket=bucket, hop=Hop.PLATFORM, closed_at__isnull=True)
    waiting = [*still.values_list("number", flat=True), *bucket.parked]
    if not waiting:
        return []
    here = asking.in_tower(bucket.shop_id, waiting)
    still.filter(number__in=here).update(closed_at=now)
    return [number for number in bucket.parked if number not in here]


def _next(bucket: LedgerBucket, found: Found, open_gaps: int, now: datetime) -> dict[str, Any]:
    """When the next look is due, or that none is."""
    asked = bucket.platform_state == LedgerBucket.Platform.NOT_APPLICABLE or bucket.rounds >= len(asking.ROUNDS)
    if now - bucket.start > LONGEST_OPEN:
        return {"closed_at": now}
    if asked and not open_gaps and not found.unsettled and not bucket.parked and now >= bucket.end:
        return {"closed_at": now}
    pace = _pace(bucket, now)
    moments = [now + AT_LEAST]
    if found.next_due is not None:
        moments.append(max(found.next_due, now + SOON))
    if open_gaps or any(found.unsure.values()):
        moments.append(now + pace)
    return {"next_look_at": min(moments)}


# Gaps that outlived their bucket ------------------------------------------------------------------------------------
def _look_at_leftovers(known: SystemsByCompany, now: datetime) -> None:
    """An order that was missing when its bucket was closed is asked about alone, until it came."""
    due = LedgerBucket.objects.filter(gap_count__gt=0, closed_at__lt=now - SOON, next_look_at__lte=now)
    for bucket in due.select_related("shop").order_by("next_look_at", "pk")[:MOST_LEFTOVERS]:
        _settle_platform(bucket, now)
        missing = LedgerGap.objects.filter(bucket=bucket, closed_at__isnull=True)
        by_order: dict[int, list[LedgerGap]] = defaultdict(list)
        for gap in missing.filter(order__isnull=False):
            by_order[gap.order_id or 0].append(gap)
        systems = known[bucket.company_id]
        came = []
        for ids in _chunks(list(by_order)):
            for order in facts.of_orders(ids):
                verdicts = _verdicts(order, bucket.shop, systems, now)
                lost = [hop for hop, verdict in verdicts.items() if verdict.kind in (Kind.MISSING, Kind.UNKNOWN)]
                came += [gap.pk for gap in by_order[order.pk] if gap.hop not in lost]
        LedgerGap.objects.filter(pk__in=came).update(closed_at=now)
        LedgerBucket.objects.filter(pk=bucket.pk).update(gap_count=missing.count(), next_look_at=now + LEFTOVERS_EVERY)


__all__ = ["LONGEST_OPEN", "look", "run"]
