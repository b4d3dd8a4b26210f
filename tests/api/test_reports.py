"""The same order reported again and again: with the platform's time in any order, without it the last word counts."""

from itertools import count, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.clock import FixedClock
from orders.models import Event, FactKey, Order
from tests.api.conftest import World, program
from tests.orders import factories

_numbers = count(1)
# Three bodies that differ in what a platform changes: a note, the receiver, the lines.
CHANGES: dict[str, dict[str, Any]] = {
    "A": {},
    "B": {"seller_note": "加急", "amount": "99.00"},
    "C": {
        "receiver": {
            "name": "李雷", "phone": "13900005678", "province": "浙江省", "city": "宁波市", "district": "海曙区",
            "address": "中山西路 2 号",
        }
    },
}  # fmt: skip


def shown(order_id: int) -> dict[str, Any]:
    """What of the order the three bodies change."""
    order = Order.objects.get(pk=order_id)
    return {"note": order.seller_note, "amount": str(order.amount), "masked": order.addresses.latest("version").masked}


def facts_of(order_id: int) -> int:
    return Event.objects.filter(order_id=order_id, verb__in=("order_seen", "fact", "stale_fact")).count()


def test_what_is_reported_last_counts_also_when_it_was_said_before(world: World, clock: FixedClock) -> None:
    only = {name: shown_alone(world, change) for name, change in CHANGES.items()}

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=6))
    def check(said: list[str]) -> None:
        body = world.body(platform_order_id=f"now-{next(_numbers)}")
        version, before, order_id = 0, "", 0
        for name in said:
            clock.advance(seconds=1)
            answer = world.program.post("orders/", {**body, **CHANGES[name]})
            assert answer.status_code == (200 if before else 201)
            order_id = answer.json()["id"]
            assert shown(order_id) == only[name], (said, name)
            # The same twice running is a repeat; anything else is news.
            assert (answer.json()["version"] == version) is (name == before)
            assert (answer.json()["event"] is None) is (name == before)
            version, before = answer.json()["version"], name
        changes = [name for name, last in zip(said, ["", *said], strict=False) if name != last]
        assert facts_of(order_id) == len(changes)

    check()


def shown_alone(world: World, change: dict[str, Any]) -> dict[str, Any]:
    return shown(world.order(**change).pk)


def test_with_the_platforms_time_any_order_and_repetition_ends_the_same(world: World) -> None:
    times = {"A": "2026-11-11T01:00:00+08:00", "B": "2026-11-11T02:00:00+08:00", "C": "2026-11-11T03:00:00+08:00"}
    life = [{**CHANGES[name], "modified_at": at} for name, at in times.items()]
    # The first content again, later: by its time another fact than the first.
    life.append({**CHANGES["A"], "modified_at": "2026-11-11T04:00:00+08:00"})
    ends = []
    for turn in list(permutations(range(4)))[::5]:
        body = world.body(platform_order_id=f"timed-{next(_numbers)}")
        for index in (*turn, *turn):
            answer = world.program.post("orders/", {**body, **life[index]})
        order_id = answer.json()["id"]
        assert facts_of(order_id) == 4
        ends.append(shown(order_id))
    assert ends == [ends[0]] * len(ends)
    assert (ends[0]["note"], ends[0]["amount"]) == ("", "128.50")


def test_each_sender_is_compared_with_its_own_last_word(world: World, clock: FixedClock) -> None:
    body, other = world.body(), program(world.company)
    for caller, change in ((world.program, "A"), (other, "B"), (world.program, "A")):
        clock.advance(seconds=1)
        answer = caller.post("orders/", {**body, **CHANGES[change]})
    # The first sender has nothing new to say, so the other's word stands.
    assert answer.json()["event"] is None
    assert shown(answer.json()["id"])["note"] == "加急"


def test_the_same_number_in_another_shop_is_another_order(world: World, clock: FixedClock) -> None:
    other = factories.shop(world.company, warehouse=world.warehouse, requires_mapping=False)
    body = world.body()
    for shop, change in ((world.shop, "A"), (other, "B"), (world.shop, "A"), (other, "B")):
        clock.advance(seconds=1)
        world.program.post("orders/", {**body, "shop": shop.pk, **CHANGES[change]})
    notes = Order.objects.filter(platform_order_id=body["platform_order_id"]).order_by("shop_id")
    assert [order.seller_note for order in notes] == ["", "加急"]
    assert FactKey.objects.filter(key__startswith="order-now:").count() == 2


@pytest.mark.parametrize("tail", ["", ":", ":1", "%", "_"])
def test_numbers_that_begin_alike_do_not_disturb_each_other(world: World, clock: FixedClock, tail: str) -> None:
    short, longer = world.body(platform_order_id="8"), world.body(platform_order_id=f"8{tail}x")
    for body, change in ((short, "A"), (longer, "B"), (short, "A")):
        clock.advance(seconds=1)
        answer = world.program.post("orders/", {**body, **CHANGES[change]})
    assert answer.json()["event"] is None
