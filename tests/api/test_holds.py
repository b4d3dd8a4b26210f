"""Holds through the API: listed, lifted, confirmed, and never by who caused them."""

from orders.lifecycle import Role
from orders.models import Hold, Order
from tests.api.conftest import World, person, program


def held(world: World) -> tuple[Order, int]:
    order = world.order()
    return order, world.program.post(f"orders/{order.pk}/holds/", {"reason": "manual", "note": "等一等"}).json()["id"]


def test_a_manager_lifts_a_hold_with_a_reason(world: World) -> None:
    order, hold = held(world)
    answer = world.as_a(Role.OPS_MANAGER).post(f"holds/{hold}/lift/", {"reason": "已与买家确认"})
    assert answer.status_code == 200
    out = answer.json()
    assert (out["state"], out["outcome"], out["decision"]) == ("lifted", "false_alarm", "已与买家确认")
    assert out["event"]
    assert not Order.objects.get(pk=order.pk).held


def test_a_confirmed_hold_stays(world: World) -> None:
    order, hold = held(world)
    answer = world.as_a(Role.OPS_MANAGER).post(f"holds/{hold}/confirm/", {"reason": "确有问题", "outcome": "confirmed"})
    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (200, "open", "confirmed")
    assert Order.objects.get(pk=order.pk).held


def test_a_hold_is_decided_by_a_person_with_the_role(world: World) -> None:
    _, hold = held(world)
    for caller in (world.program, world.as_a(Role.CS), person(world.member(Role.PICKER))):
        answer = caller.post(f"holds/{hold}/lift/", {"reason": "我想"})
        assert (answer.status_code, answer.json()["code"]) == (403, "role")
    assert Hold.objects.get(pk=hold).state == "open"


def test_without_a_reason_nothing_is_lifted(world: World) -> None:
    _, hold = held(world)
    manager = world.as_a(Role.OPS_MANAGER)
    for body in ({}, {"reason": ""}, {"reason": "x", "outcome": "maybe"}):
        assert manager.post(f"holds/{hold}/lift/", body).status_code == 422
    assert Hold.objects.get(pk=hold).state == "open"


def test_who_caused_a_double_print_does_not_lift_its_hold(world: World) -> None:
    parcel = world.printable()
    user = world.member(Role.SHIPPER)
    shipper = program(world.company, acts_as="person", user=user)
    manager = world.member(Role.OPS_MANAGER)
    user.membership_set.create(company=world.company, role=Role.OPS_MANAGER)
    for _ in range(2):
        shipper.post(f"parcels/{parcel.pk}/print-requests/", {"station": "A3"})
    hold = Hold.objects.get()
    refused = shipper.post(f"holds/{hold.pk}/lift/", {"reason": "没事"})
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    assert person(manager).post(f"holds/{hold.pk}/lift/", {"reason": "看过了"}).status_code == 200


def test_holds_are_found_by_reason_and_state(world: World) -> None:
    _, first = held(world)
    order, second = held(world)
    third = world.program.post(f"orders/{order.pk}/holds/", {"reason": "stuck", "note": "三天没动"}).json()["id"]
    world.as_a(Role.OPS_MANAGER).post(f"holds/{first}/lift/", {"reason": "好了"})

    def found(**query: str) -> list[int]:
        return [hold["id"] for hold in world.program.get("holds/", **query).json()["results"]]

    assert found() == [third, second, first]
    assert found(state="open") == [third, second]
    assert found(reason="manual", state="open") == [second]
    assert found(reason="", state="lifted") == [first]
    assert world.program.get("holds/", reason="whatever").status_code == 422
