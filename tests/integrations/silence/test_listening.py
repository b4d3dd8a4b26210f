"""Edges are counted from the tower's own rows, told of when they fall silent, and over with their first message."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations import inbox, silence
from integrations.adapter import Message
from integrations.models import Connection, Edge, EdgeCount, Promotion, Receipt, Trouble
from integrations.silence.listening import learn_edge
from integrations.silence.rhythm import SLOT, slot_of
from orders.models import PrintAttempt
from tests.integrations.ledger.road import Road, wait_until_settled
from tests.orders import factories

# The trail is read in the order of commits, which a test's own wrapping would hide.
pytestmark = pytest.mark.django_db(transaction=True)
TEN_A_MINUTE = 50


@pytest.fixture
def road(clock) -> Road:
    """The sources' cursors stand at now: what was before is nobody's concern."""
    made = Road(numbers=False)
    silence.listen(now=clock.now())
    return made


def push(connection: Connection, key: str) -> None:
    inbox.keep(connection, [Message(kind="trade", key=key, body=key.encode())], via="webhook")


def taught(edge: Edge, clock: Any, *, per_slot: int = TEN_A_MINUTE) -> Edge:
    """Five steady days behind it."""
    Edge.objects.filter(pk=edge.pk).update(first_at=clock.now() - timedelta(days=5))
    edge.refresh_from_db()
    EdgeCount.objects.filter(edge=edge).delete()
    start = slot_of(clock.now())
    rows = [EdgeCount(edge=edge, start=start - SLOT * place, count=per_slot) for place in range(12 * 24 * 5)]
    EdgeCount.objects.bulk_create(rows)
    learn_edge(edge, now=clock.now())
    assert edge.rhythm
    return edge


def edge_of(kind: str) -> Edge:
    return Edge.objects.get(kind=kind)


def listens(clock: Any, *, seconds: int, until: str = "") -> float | None:
    """Seconds until a trouble is there, in looks of twenty seconds; `None`: none."""
    for passed in range(20, seconds + 1, 20):
        clock.advance(seconds=20)
        wait_until_settled()
        silence.listen(now=clock.now())
        if Trouble.objects.filter(kind="silence", closed_at__isnull=True).exists():
            return passed
    return None


def test_every_push_is_counted_once_in_its_five_minutes(road, clock):
    for number in range(7):
        push(road.platform, f"m{number}")
    silence.listen(now=clock.now())
    clock.advance(minutes=5)
    push(road.platform, "m7")
    for _ in range(3):
        silence.listen(now=clock.now())
    edge = edge_of("webhook")
    assert (edge.connection_id, edge.company_id) == (road.platform.pk, road.company.pk)
    assert list(EdgeCount.objects.filter(edge=edge).order_by("start").values_list("count", flat=True)) == [7, 1]
    assert edge.last_at == clock.now()


def test_a_polled_message_is_no_push(road, clock):
    inbox.keep(road.platform, [Message(kind="trade", key="x", body=b"x")], via="poll")
    silence.listen(now=clock.now())
    assert not Edge.objects.exists()


def test_a_busy_push_that_stops_is_told_within_three_minutes_and_over_with_the_first_message(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    edge = taught(edge_of("webhook"), clock)
    last: datetime = clock.now()
    found = listens(clock, seconds=300)
    assert found is not None
    assert 60 <= found <= 180
    trouble = Trouble.objects.get()
    assert (trouble.level, trouble.connection_id, trouble.key) == ("critical", road.platform.pk, f"edge:{edge.pk}")
    assert "每分钟约 10.0 条" in trouble.text
    edge.refresh_from_db()
    assert edge.silent_since == last
    assert listens(clock, seconds=40) is not None
    assert Trouble.objects.get().times == 1
    push(road.platform, "back")
    silence.listen(now=clock.now())
    assert Trouble.objects.get().closed_at == clock.now()
    edge.refresh_from_db()
    assert edge.silent_since is None


def test_a_shop_that_sells_twice_an_hour_may_be_quiet_for_an_hour(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    edge = taught(edge_of("webhook"), clock, per_slot=0)
    rows = EdgeCount.objects.filter(edge=edge, start__minute__in=[0, 30])
    rows.update(count=1)
    learn_edge(edge, now=clock.now())
    assert listens(clock, seconds=3600) is None


def test_without_three_days_of_history_nothing_is_told(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    assert listens(clock, seconds=1200) is None


def test_repeats_of_what_is_known_keep_a_push_alive(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    taught(edge_of("webhook"), clock)
    for _ in range(20):
        push(road.platform, "last")
        assert listens(clock, seconds=20) is None
    assert Receipt.objects.count() == 1


def test_orders_that_only_the_poll_brought_prove_a_push_silent_whatever_its_rhythm(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    clock.advance(seconds=60)
    for _ in range(5):
        road.enters(via="poll")
    assert listens(clock, seconds=100) is not None
    assert "轮询读到 5 个新订单" in Trouble.objects.get().text


def test_a_connection_that_was_switched_off_is_not_silent(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    taught(edge_of("webhook"), clock)
    assert listens(clock, seconds=300) is not None
    Connection.objects.filter(pk=road.platform.pk).update(enabled=False)
    silence.listen(now=clock.now())
    assert Trouble.objects.get().closed_at is not None


def test_a_warehouse_is_silent_only_where_it_was_given_something(road, clock):
    push(road.wms, "last")
    silence.listen(now=clock.now())
    taught(edge_of("wms"), clock)
    assert listens(clock, seconds=600) is None
    order = road.enters()
    parcel = road.released(order)
    factories.happens(order, "release", "release", "release", parcel_id=parcel.pk)
    assert listens(clock, seconds=60) is not None
    assert "仓库回执" in Trouble.objects.get().text
    push(road.wms, "back")
    silence.listen(now=clock.now())
    assert Trouble.objects.get().closed_at is not None
    assert edge_of("wms").fed == 0


def test_prints_are_counted_by_station_and_pick_ups_by_courier_and_warehouse(road, clock):
    order = road.enters()
    parcel = road.released(order)
    road.printed(order)
    for outcome, station in (("granted", "A3"), ("refused", "A3"), ("refused", "B1")):
        PrintAttempt.objects.create(order=order, parcel=parcel, outcome=outcome, at=clock.now(), station=station)
    waybill = f"YT{parcel.pk:010}"
    for stage in ("label_created", "picked_up", "in_transit"):
        facts = {"system": "courier", "stage": stage, "waybill": waybill}
        factories.happens(order, "fact", facts=facts)
    wait_until_settled()
    silence.listen(now=clock.now())
    found = {edge.kind: (edge.key, edge.counts.get().count) for edge in Edge.objects.all()}
    assert found == {
        "print": (f"warehouse:{road.warehouse.pk}:A3", 1),
        "pickup": (f"warehouse:{road.warehouse.pk}:yto", 1),
    }


def test_a_promotion_of_the_past_is_left_out_of_what_is_learned(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    edge = taught(edge_of("webhook"), clock)
    evening = slot_of(clock.now()) - timedelta(days=2)
    Promotion.objects.create(
        company=road.company, name="预热", start=evening, end=evening + timedelta(hours=4), factor=5
    )
    EdgeCount.objects.filter(edge=edge, start__gte=evening, start__lt=evening + timedelta(hours=4)).update(count=250)
    learn_edge(edge, now=clock.now())
    assert max(edge.rhythm["means"]) == pytest.approx(10, rel=0.05)


def test_a_tower_that_was_down_does_not_blame_the_others(road, clock):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    taught(edge_of("webhook"), clock)
    clock.advance(minutes=30)
    silence.listen(now=clock.now())
    assert not Trouble.objects.exists()
    found = listens(clock, seconds=300)
    assert found is not None
    assert 60 <= found <= 180


def test_while_old_messages_are_still_being_counted_nobody_is_judged(road, clock, monkeypatch):
    push(road.platform, "last")
    silence.listen(now=clock.now())
    taught(edge_of("webhook"), clock)
    monkeypatch.setattr("integrations.silence.counting.MOST_ROWS", 1)
    for _ in range(20):
        inbox.keep(road.platform, [Message(kind="trade", key=str(clock.now()), body=b"x")], via="poll")
        assert listens(clock, seconds=20) is None
    monkeypatch.undo()
    assert listens(clock, seconds=20) is not None
