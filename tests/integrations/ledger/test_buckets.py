"""A bucket's counts and gaps as its orders go their way."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.ledger import buckets
from integrations.models import Connection, Job, LedgerBucket, LedgerGap, Trouble
from tests.integrations.ledger.road import Road, wait_until_settled

# The ledger follows commits, so a test's own wrapping would hide them.
pytestmark = pytest.mark.django_db(transaction=True)
ON_THE_WAY = ("in_erp", "in_wms", "printed", "handed_over", "picked_up")


def settled(road: Road, clock, minutes: int) -> None:
    """Let the minutes pass, with a look in each."""
    for _ in range(minutes):
        clock.advance(minutes=1)
        road.look()


def test_an_order_that_goes_its_way_in_time_is_counted_at_every_hop_and_its_bucket_closes(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    for act in ON_THE_WAY:
        clock.advance(minutes=2)
        getattr(road, act)(order)
        road.look()
        assert road.gaps() == set()
    bucket = road.bucket(order)
    settled(road, clock, 6)
    bucket.refresh_from_db()
    assert bucket.orders == 1
    assert bucket.ways == {"webhook": 1}
    assert [bucket.counts(hop) for hop in buckets.BEHIND] == [{"state": "counted", "present": 1}] * 5
    assert bucket.closed_at is not None
    assert LedgerGap.objects.count() == 0


@pytest.mark.parametrize(
    ("stops_before", "hop", "allowed"),
    [
        ("in_wms", "wms", 5),
        ("printed", "printed", 10),
        ("handed_over", "handed_over", 15),
        ("picked_up", "picked_up", 20),
    ],
)
def test_an_order_that_gets_stuck_is_a_gap_at_that_hop_alone_and_closes_when_it_comes(
    clock, stops_before, hop, allowed
):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    for act in ON_THE_WAY[: ON_THE_WAY.index(stops_before)]:
        getattr(road, act)(order)
    settled(road, clock, allowed - 1)
    assert road.gaps() == set()
    settled(road, clock, 6)
    assert road.gaps() == {(hop, order.platform_order_id)}
    gap = LedgerGap.objects.get()
    assert gap.order_id == order.pk
    assert gap.opened_at - gap.since <= buckets.BUCKET
    getattr(road, stops_before)(order)
    settled(road, clock, 6)
    assert road.gaps() == set()
    assert LedgerGap.objects.get().closed_at is not None


def test_an_order_that_never_reached_the_erp_is_a_gap_there_though_it_was_shipped(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    for act in ON_THE_WAY[1:]:
        getattr(road, act)(order)
    settled(road, clock, 16)
    assert road.gaps() == {("erp", order.platform_order_id)}
    assert road.bucket(order).counts("picked_up") == {"state": "counted", "present": 1}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "pending_payment", "paid_at": None}, "unpaid"),
        ({"flags": ["dropship"]}, "left_out"),
        ({"flags": ["platform_warehouse"]}, "left_out"),
        ({"presale_until": "tomorrow"}, "presale"),
        ({"held": True}, "held"),
    ],
)
def test_an_order_that_is_late_for_a_known_reason_is_no_gap_and_is_counted_with_its_reason(clock, fields, reason):
    road = Road(numbers=False)
    road.look()
    if fields.get("presale_until"):
        fields = {"presale_until": clock.now() + buckets.LONGEST_OPEN / 2}
    order = road.enters(**fields)
    settled(road, clock, 40)
    assert LedgerGap.objects.count() == 0
    assert road.bucket(order).counts("any") == {"reasoned": 1, "reasons": {reason: 1}}


def test_a_hold_gives_the_hop_its_whole_time_again_when_it_falls(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    road.in_erp(order)
    road.held(order)
    settled(road, clock, 30)
    assert road.gaps() == set()
    road.lifted(order)
    settled(road, clock, 4)
    assert road.gaps() == set()
    settled(road, clock, 6)
    assert road.gaps() == {("wms", order.platform_order_id)}


def test_hops_without_a_system_are_not_applicable_and_give_no_gaps(clock):
    road = Road(erp=False, wms=False, courier=False, numbers=False)
    road.look()
    order = road.enters()
    road.released(order)
    road.printed(order)
    road.handed_over(order)
    settled(road, clock, 60)
    bucket = road.bucket(order)
    assert {hop: bucket.counts(hop)["state"] for hop in ("erp", "wms", "picked_up")} == dict.fromkeys(
        ("erp", "wms", "picked_up"), "na"
    )
    assert bucket.counts("handed_over")["present"] == 1
    assert bucket.platform_state == LedgerBucket.Platform.NOT_APPLICABLE
    assert bucket.platform_count is None
    assert LedgerGap.objects.count() == 0


def test_an_erp_that_was_not_read_since_makes_its_hop_unknown_and_not_a_gap(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    read_at = clock.now()
    for _ in range(30):
        clock.advance(minutes=1)
        Connection.objects.filter(pk=road.erp.pk).update(last_poll_at=read_at)
        wait_until_settled()
        buckets.run(now=clock.now())
    assert ("erp", order.platform_order_id) not in road.gaps()
    assert road.bucket(order).counts("erp") == {"state": "unknown", "unknown": 1}
    settled(road, clock, 6)
    assert ("erp", order.platform_order_id) in road.gaps()


def test_a_gap_older_than_a_bucket_is_one_trouble_of_its_shop_and_hop_and_ends_with_the_last(clock):
    road = Road(numbers=False)
    road.look()
    orders = [road.enters() for _ in range(3)]
    for order in orders:
        road.in_erp(order)
    settled(road, clock, 7)
    assert len(road.gaps()) == 3
    assert not Trouble.objects.exists()
    settled(road, clock, 6)
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.key, trouble.closed_at) == ("ledger", f"shop:{road.shop.pk}:wms", None)
    assert "3 个订单" in trouble.text
    assert trouble.facts["numbers"] == [order.platform_order_id for order in orders]
    settled(road, clock, 3)
    assert Trouble.objects.get().times == 1
    for order in orders:
        road.in_wms(order)
    settled(road, clock, 6)
    assert Trouble.objects.get().closed_at is not None


def test_a_bucket_is_closed_after_three_days_and_its_open_gap_is_still_closed_when_the_order_comes(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    road.in_erp(order)
    settled(road, clock, 8)
    clock.advance(hours=73)
    road.look()
    assert road.bucket(order).closed_at is not None
    assert road.gaps() == {("wms", order.platform_order_id)}
    road.in_wms(order)
    settled(road, clock, 1)
    clock.advance(minutes=31)
    road.look()
    assert road.gaps() == set()
    assert road.bucket(order).gap_count == 0


def test_the_same_look_twice_changes_nothing(clock):
    road = Road(numbers=False)
    road.look()
    order = road.enters()
    road.in_erp(order)
    settled(road, clock, 8)
    before = list(LedgerGap.objects.values())
    LedgerBucket.objects.update(next_look_at=clock.now())
    road.look()
    assert list(LedgerGap.objects.values()) == before


def test_a_look_costs_the_same_number_of_queries_for_many_orders_as_for_few(clock):
    road = Road(numbers=False)
    systems = buckets.Systems(road.company.pk)
    counted = []
    for many in (3, 60):
        for _ in range(many):
            order = road.enters()
            road.in_wms(order)
            road.printed(order)
        road.look()
        bucket = road.bucket()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            buckets.look(bucket, systems, now=clock.now())
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_what_was_there_before_the_first_run_is_taken_in_too(clock):
    road = Road(numbers=False)
    order = road.enters()
    old = road.enters(placed_at=clock.now() - buckets.LONGEST_OPEN * 2)
    road.look()
    assert LedgerBucket.objects.count() == 1
    assert road.bucket(order).start <= order.placed_at
    assert old.placed_at < road.bucket(order).start


def test_a_run_over_quiet_shops_plans_and_looks_at_nothing(clock):
    Road(numbers=False)
    assert buckets.run(now=clock.now()) == 0
    assert not Job.objects.exists()
