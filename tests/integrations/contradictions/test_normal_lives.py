"""What a normal life leaves: nothing. In whatever order its facts come, no contradiction stands at its end."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from integrations.contradictions import examine, sweep
from integrations.models import Connection, Contradiction, Trouble
from orders.clock import FixedClock
from orders.lifecycle import Move
from orders.models import EventTask, Order
from ordertower.dispatch import drain_all, drain_order
from tests.integrations.contradictions.scene import Scene, scene
from tests.properties.cast import Stage, stage
from tests.properties.test_law_03_arrival_order import (
    a_long_life,
    a_plain_life,
    a_refund_withdrawn,
    an_address_changed_there_and_back,
)

pytestmark = pytest.mark.django_db
NORMAL = [a_plain_life, a_long_life, a_refund_withdrawn, an_address_changed_there_and_back]
# Of the 5,040 arrivals of a long life this many, evenly spread.
MOST = 8


def connected(on: Stage) -> None:
    """With a warehouse system and a courier that could be missed. The platform and the ERP of these lives are mute."""
    company = on.shop.company
    Connection.objects.create(company=company, warehouse=on.shop.warehouse, adapter="qimen", name="仓库")
    Connection.objects.create(company=company, adapter="kuaidi100", name="快递100")


def some_arrivals(size: int) -> list[tuple[int, ...]]:
    every = list(permutations(range(size)))
    return every[:: max(len(every) // MOST, 1)]


@pytest.mark.parametrize("life", NORMAL, ids=lambda life: life.__name__)
def test_a_normal_life_ends_without_a_contradiction_whatever_came_first(life, clock: FixedClock) -> None:
    on = stage()
    connected(on)
    size = len(life(on))
    begun = clock.moment
    for number, places in enumerate(some_arrivals(size)):
        clock.moment = begun + timedelta(minutes=1)
        fresh = Stage(on.shop, order_id=f"2026222{number:09}")
        facts = life(fresh)
        for place in places:
            fresh.hears(facts[place])
            drain_all()
            sweep(now=clock.now())
        clock.moment = begun + timedelta(minutes=61)
        order = Order.objects.get(shop=on.shop, platform_order_id=fresh.order_id)
        sweep(now=clock.now())
        standing = Contradiction.objects.filter(order=order, closed_at=None).exclude(state="watching")
        assert [(row.code, row.state) for row in standing] == [], places
    assert not Trouble.objects.filter(kind="contradiction").exists()


def a_whole_life(on: Scene) -> None:
    """Every system says all that it has to say, and each when its turn is."""
    on.gone()
    on.erp("shipped", waybill=on.waybill)
    on.courier("in_transit", "out_for_delivery", "signed")
    on.platform("finished")


def test_a_whole_life_leaves_no_row_even_a_month_later(clock: FixedClock) -> None:
    on = scene(clock)
    steps = 0
    for step in (on.gone, lambda: on.erp("shipped", waybill=on.waybill), lambda: on.courier("signed")):
        step()
        drain_order(on.order.pk)
        steps += 1
        assert not Contradiction.objects.exclude(state="watching").exists()
    on.platform("finished")
    drain_order(on.order.pk)
    clock.advance(days=30)
    sweep(now=clock.now())
    assert steps == 3
    assert not Contradiction.objects.exists()
    assert not EventTask.objects.exists()


def test_what_is_only_watched_comes_and_goes(clock: FixedClock) -> None:
    on = scene(clock)
    on.sold()
    on.released_only()
    drain_all()
    row = Contradiction.objects.get()
    assert (row.code, row.state, row.tries) == ("released_warehouse_silent", "watching", 0)
    on.warehouse("accepted")
    drain_all()
    assert not Contradiction.objects.exists()


def test_an_old_contradiction_that_is_heard_of_only_now_still_waits_for_the_next_word(clock: FixedClock) -> None:
    on = scene(clock)
    on.released()
    on.platform("shipped")
    clock.advance(days=2)
    drain_all()
    row = Contradiction.objects.get()
    assert row.since < clock.now() - timedelta(days=1)
    assert row.due_at == clock.now() + timedelta(minutes=10)


def test_orders_of_before_the_tower_came_are_no_contradiction(clock: FixedClock) -> None:
    """A back-fill of three months must not tell anybody of thousands of parcels that nobody here saw leave."""
    on = scene(clock)
    long_ago = clock.now() - timedelta(days=60)
    on.platform("finished", modified_at=long_ago, placed_at=long_ago, paid_at=long_ago)
    assert on.found() == []
    missed = replace(scene(clock), shop=on.shop)
    missed.platform("shipped", modified_at=clock.now() - timedelta(minutes=20))
    assert [one.pair.code for one in missed.found()] == ["shipped_nothing_left"]


def test_what_a_person_was_told_of_closes_itself_without_an_event_of_the_order(clock: FixedClock) -> None:
    on = scene(clock, believed=False)
    on.released()
    on.warehouse("packed")
    drain_all()
    for _step in range(2):
        clock.moment = Contradiction.objects.get().due_at
        sweep(now=clock.now())
    row = Contradiction.objects.get()
    assert (row.state, row.code) == ("escalated", "warehouse_packed_unconfirmed")
    assert row.due_at > clock.now()
    on.with_parcel(Move.PACK)
    EventTask.objects.all().delete()
    clock.moment = row.due_at
    sweep(now=clock.now())
    row.refresh_from_db()
    assert (row.state, row.closed_at) == ("closed", clock.now())
    assert Trouble.objects.get(kind="contradiction").closed_at == clock.now()


def test_one_look_serves_all_events_of_one_drain(clock: FixedClock, django_assert_max_num_queries) -> None:
    on = scene(clock)
    a_whole_life(on)
    order = on.order
    looks = EventTask.objects.filter(order_id=order.pk, consumer="integrations.contradictions.look").count()
    assert looks > 5
    EventTask.objects.exclude(consumer="integrations.contradictions.look").delete()
    with django_assert_max_num_queries(25 + 3 * looks):
        drain_order(order.pk)


def test_the_look_at_an_order_takes_a_fixed_number_of_queries(clock: FixedClock, django_assert_max_num_queries) -> None:
    on = scene(clock)
    a_whole_life(on)
    order = on.order
    with django_assert_max_num_queries(14):
        examine(order)
