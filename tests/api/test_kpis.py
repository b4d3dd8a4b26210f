"""`GET kpis/`: which window, whose orders, and what the figures look like from outside."""

from typing import Any

import pytest

from orders.clock import FixedClock
from orders.lifecycle import Role
from orders.models import Order
from tests.api.conftest import Caller, World, person
from tests.orders import factories


def asked(caller: Caller, **query: Any) -> dict[str, Any]:
    """The figures by their key."""
    answer = caller.get("kpis/", **query)
    assert answer.status_code == 200, answer.content
    return {figure["key"]: figure for figure in answer.json()["figures"]}


def test_without_a_question_it_is_today_in_beijing(world: World, clock: FixedClock) -> None:
    clock.advance(hours=23, minutes=59)
    answer = world.program.get("kpis/").json()
    assert (answer["from"], answer["to"]) == ("2026-11-11T00:00:00+08:00", "2026-11-12T00:00:00+08:00")
    assert answer["shop"] is None


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({"from": "2026-11-01", "to": "2026-11-02"}, "2026-11-01T00:00:00+08:00", "2026-11-03T00:00:00+08:00"),
        ({"from": "2026-11-09"}, "2026-11-09T00:00:00+08:00", "2026-11-12T00:00:00+08:00"),
        ({"to": "2026-10-31"}, "2026-10-31T00:00:00+08:00", "2026-11-01T00:00:00+08:00"),
        ({"to": "2026-11-10T12:00:00+08:00"}, "2026-11-10T00:00:00+08:00", "2026-11-10T12:00:00+08:00"),
        (
            {"from": "2026-11-10T20:00:00+08:00", "to": "2026-11-10T14:00:00Z"},
            "2026-11-10T20:00:00+08:00",
            "2026-11-10T22:00:00+08:00",
        ),
        ({"from": "2026-11-10T20:00:00 08:00"}, "2026-11-10T20:00:00+08:00", "2026-11-12T00:00:00+08:00"),
    ],
)
def test_a_window_is_days_or_moments(world: World, clock: FixedClock, query: Any, start: str, end: str) -> None:
    answer = world.program.get("kpis/", **query).json()
    assert (answer["from"], answer["to"]) == (start, end)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"from": "2026-11-11T00:00:00"}, "from"),
        ({"to": "20261111"}, "to"),
        ({"from": "2026-11-11", "to": "2026-11-10"}, "to"),
        ({"from": "2026-11-12"}, "to"),
        ({"from": "2026-10-01", "to": "2026-11-01"}, "from"),
        ({"from": "2026-10-01"}, "from"),
        ({"shop": "0"}, "shop"),
        ({"shop": "me"}, "shop"),
        ({"shop": "987654321"}, "shop"),
        ({"since": "2026-11-11"}, "since"),
    ],
)
def test_a_wrong_question_is_422(world: World, clock: FixedClock, query: dict, field: str) -> None:
    answer = world.program.get("kpis/", **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_thirty_one_days_are_not_too_many(world: World, clock: FixedClock) -> None:
    assert world.program.get("kpis/", **{"from": "2026-10-12", "to": "2026-11-11"}).status_code == 200


def test_figures_of_a_small_day(world: World, clock: FixedClock) -> None:
    clock.advance(hours=1)
    placed = {"placed_at": "2026-11-11T00:50:00+08:00", "paid_at": "2026-11-11T00:52:00+08:00"}
    orders = [world.order(**placed) for _ in range(4)]
    hold = world.program.post(f"orders/{orders[0].pk}/holds/", {"note": "等一等"}).json()["id"]
    world.as_a(Role.OPS_MANAGER).post(f"holds/{hold}/lift/", {"reason": "看过了"})
    found = asked(world.program, shop=world.shop.pk)
    # Ten minutes from the sale to the report.
    processing = found["processing_time"]
    assert (processing["numerator"], processing["denominator"], processing["value"]) == (2400, 4, 600)
    assert (processing["p50"], processing["p95"], processing["p99"], processing["left_out"]) == (600, 600, 600, 0)
    assert (processing["unit"], processing["goal"], processing["met"]) == ("seconds", "<= 480", False)
    manual = found["manual_share"]
    assert (manual["numerator"], manual["denominator"], manual["value"], manual["unknown"]) == (1, 4, 0.25, "")
    stopped = found["interception_rate"]
    assert (stopped["value"], stopped["at_most"], stopped["met"]) == (None, None, None)
    assert stopped["beside"] == {"undecided": 0, "false_alarms": 0, "by_people": 1}
    assert found["avoided_loss"]["value"] == "0.00"
    # Nothing came over a connection: what somebody pushes has the time that they gave it.
    assert (found["sync_delay"]["value"], found["sync_delay"]["denominator"]) == (None, 0)
    [paid] = [part for part in found["fulfilment_cycle"]["parts"] if part["part"] == "paid"]
    assert (paid["value"], paid["denominator"], paid["part_name"]) == (120, 4, "下单 → 付款")
    for figure in found.values():
        assert figure["definition"]
        assert (figure["value"] is None) == bool(figure["unknown"]), figure["key"]


def test_a_second_print_that_a_person_confirms_is_a_stop(world: World) -> None:
    parcel = world.printable()
    for role in (Role.SHIPPER, Role.PICKER):
        world.as_a(role).post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3"})
    order = Order.objects.get()
    [hold] = world.program.get(f"orders/{order.pk}/").json()["holds"]
    assert asked(world.program, **{"from": "2026-11-11", "to": "2026-11-11"})["interception_rate"]["beside"] == {
        "undecided": 1, "false_alarms": 0, "by_people": 0,
    }  # fmt: skip
    world.as_a(Role.OPS_MANAGER).post(f"holds/{hold['id']}/confirm/", {"reason": "确实打了两次"})
    stopped = asked(world.program, **{"from": "2026-11-11", "to": "2026-11-11"})["interception_rate"]
    assert (stopped["numerator"], stopped["denominator"], stopped["value"], stopped["at_most"]) == (1, 1, None, 1)
    assert stopped["unknown"]


def test_another_companys_orders_and_shops_are_not_there(world: World, stranger: World) -> None:
    world.order()
    window = {"from": "2026-11-11", "to": "2026-11-11"}
    for caller in (stranger.program, person(stranger.member(Role.OPS_MANAGER))):
        assert asked(caller, **window)["manual_share"]["denominator"] == 0
        theirs, nobodys = (caller.get("kpis/", shop=shop_id) for shop_id in (world.shop.pk, 10**12))
        assert (theirs.status_code, theirs.json()) == (422, nobodys.json())
    near = person(factories.user(Role.PICKER, warehouse=world.warehouse))
    assert asked(near, **window)["manual_share"]["denominator"] == 1
