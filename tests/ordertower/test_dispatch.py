"""The drain: its budget, its waits, its order. (Crashes, races and starvation: `tests/laws/test_law_09…`.)"""

import pytest

from orders.models import Event, EventTask, Order
from orders.services.holds import place_hold
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, seller

pytestmark = pytest.mark.django_db

TAKEN: list[tuple[int, int]] = []
FAILS: list[Exception] = []


def take(event: Event, order: Order) -> None:
    if FAILS:
        raise FAILS[0]
    TAKEN.append((order.pk, event.seq))


@pytest.fixture(autouse=True)
def consumers(settings) -> None:
    settings.TOWER_CONSUMERS = [f"{__name__}.take"]
    TAKEN.clear()
    FAILS.clear()


@pytest.fixture
def shop() -> Seller:
    return seller()


def test_each_event_leaves_one_task_per_consumer_that_wants_it_and_the_drain_deletes_it(shop, settings):
    settings.TOWER_CONSUMERS = [f"{__name__}.take", "alerts.intake.take"]
    order = shop.sells()
    assert place_hold(order.pk, note="买家来电", cause=SYSTEM).ok
    events = Event.objects.filter(stream=order.stream).count()
    assert events > 2
    # This module takes everything, alerts only what somebody may want to hear of.
    assert EventTask.objects.filter(consumer="alerts.intake.take").count() == 1
    assert EventTask.objects.count() == events + 1
    assert dispatch.drain_all() == events + 1
    assert not EventTask.objects.exists()


def test_events_of_an_order_are_taken_by_sequence(shop):
    orders = [shop.sells() for _ in range(3)]
    for order in orders:
        place_hold(order.pk, note="", cause=SYSTEM)
    dispatch.drain_all()
    for order in orders:
        mine = [seq for pk, seq in TAKEN if pk == order.pk]
        assert mine == sorted(mine) == list(range(1, len(mine) + 1))


def test_the_budget_ends_a_drain_after_the_order_at_hand_and_the_next_goes_on(shop):
    for _ in range(3):
        shop.sells()
    assert dispatch.drain(budget_seconds=0) > 0
    assert len({pk for pk, _ in TAKEN}) == 1
    dispatch.drain_all()
    assert len({pk for pk, _ in TAKEN}) == 3


def test_a_task_that_fails_is_tried_after_ever_longer_waits_with_its_error_kept(shop, clock):
    shop.sells()
    FAILS.append(ValueError("broken"))
    waits = []
    for _ in range(7):
        dispatch.drain(budget_seconds=60)
        task = EventTask.objects.order_by("seq")[0]
        wait = task.not_before - clock.now()
        waits.append(wait.total_seconds())
        clock.advance(seconds=wait.total_seconds())
    assert waits == [1, 5, 30, 120, 600, 600, 600]
    assert (task.attempts, task.error) == (7, "ValueError: broken")
    FAILS.clear()
    dispatch.drain_all()
    assert not EventTask.objects.exists()


def test_what_a_failed_consumer_wrote_is_undone(shop, settings, monkeypatch):
    order = shop.sells()

    def writes_and_fails(event: Event, order: Order) -> None:
        Order.objects.filter(pk=order.pk).update(seller_note="half done")
        raise ValueError("broken")

    monkeypatch.setattr("tests.ordertower.test_dispatch.take", writes_and_fails)
    dispatch.drain()
    order.refresh_from_db()
    assert order.seller_note == ""


def test_tasks_of_an_order_that_is_gone_do_no_harm(shop):
    EventTask.objects.create(order_id=10**9, event_id=10**9, seq=1, consumer=f"{__name__}.take")
    order = shop.sells()
    dispatch.drain_all()
    assert {pk for pk, _ in TAKEN} == {order.pk}
