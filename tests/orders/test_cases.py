"""What a customer asks through the platform: a case and a hold while it is open, in whatever order the words arrive."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from orders import clock
from orders.lifecycle import CauseKind, HoldReason, Move, Role
from orders.models import AddressChange, Event, InterceptRequest, Order
from orders.services.cases import answer_request, decide_request
from orders.services.move import move
from orders.services.record import record
from orders.vocabulary import AddressSnapshot, CustomerRequest, Fact, WarehouseReport
from tests.laws.cast import SYSTEM, Seller, person, seller

pytestmark = pytest.mark.django_db
NEW_ADDRESS = AddressSnapshot(
    name="王小明", phone="13800001111", province="浙江省", city="杭州市", address="文三路 2 号"
)


@pytest.fixture
def shop() -> Seller:
    return seller()


def asked(kind: str, at: Any, **fields: Any) -> CustomerRequest:
    given = {"request_id": "R1", "status": "open", "requested_at": at, "updated_at": at, "receiver": NEW_ADDRESS}
    return CustomerRequest(kind=kind, **{**given, **fields})


def hears(shop: Seller, order: Order, request: CustomerRequest) -> str:
    key = f"{order.pk}:{request.request_id}:{request.status}:{request.updated_at}"
    return record(shop.fact(key, order.platform_order_id, request), cause=SYSTEM).code


def asks_for_another_address(order: Order) -> AddressChange:
    """The platform asks for the buyer, for an order of any test."""
    fact = Fact(
        source="test:platform",
        key=f"{order.pk}:R1",
        body_hash="R1",
        subject=order.platform_order_id,
        snapshot=asked("address", clock.now()),
        system=CauseKind.PLATFORM,
        company_id=order.company_id,
        shop_id=order.shop_id,
    )
    assert record(fact, cause=SYSTEM).ok
    return AddressChange.objects.get(order=order)


def holds_of(order: Order) -> list[str]:
    return list(order.holds.filter(state="open").values_list("reason", flat=True))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("address", HoldReason.ADDRESS_UNVERIFIED), ("intercept", HoldReason.CANCEL_REQUESTED)],
)
def test_an_open_request_holds_the_order_until_it_is_answered(shop, clock, kind, reason):
    order = shop.sells()
    assert hears(shop, order, asked(kind, clock.now())) == "done"
    assert holds_of(order) == [reason]
    answered = asked(kind, clock.now(), status="refused", updated_at=clock.now() + timedelta(minutes=1))
    assert hears(shop, order, answered) == "done"
    assert holds_of(order) == []


@pytest.mark.parametrize("status", ["withdrawn", "expired", "refused", "accepted"])
def test_any_order_of_arrival_ends_in_the_same_case_and_holds(shop, clock, status):
    opened = asked("address", clock.now())
    again = replace(opened, updated_at=clock.now() + timedelta(seconds=5), deadline=clock.now() + timedelta(hours=1))
    closed = replace(opened, status=status, updated_at=clock.now() + timedelta(seconds=5))
    ends = set()
    for words in permutations([opened, again, closed]):
        order = shop.sells()
        for word in (*words, words[0]):
            hears(shop, order, word)
        case = AddressChange.objects.get(order=order)
        ends.add((case.state, case.asked_at, case.closed_at, tuple(holds_of(order))))
    state = "done" if status == "accepted" else status
    assert ends == {(state, clock.now(), closed.updated_at, ())}


def test_a_request_that_came_after_the_goods_left_holds_nothing_but_is_a_case(shop, clock):
    parcel = shop.packed()
    order = Order.objects.get()
    clock.advance(minutes=1)
    report = WarehouseReport(order=parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=clock.now())
    assert record(shop.fact("left", parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    clock.advance(minutes=1)
    hears(shop, order, asked("intercept", clock.now()))
    assert InterceptRequest.objects.get(order=order).state == "open"
    assert HoldReason.CANCEL_REQUESTED not in holds_of(order)


def test_goods_that_leave_in_spite_of_an_open_request_are_a_breach(shop, clock):
    parcel = shop.packed()
    order = Order.objects.get()
    hears(shop, order, asked("intercept", clock.now()))
    clock.advance(minutes=1)
    report = WarehouseReport(order=parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=clock.now())
    assert record(shop.fact("left", parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    assert HoldReason.SHIPPED_WHILE_HELD in holds_of(order)


def test_nothing_of_the_wished_address_is_on_the_trail(shop, clock):
    order = shop.sells()
    hears(shop, order, asked("address", clock.now()))
    words = "".join(str(event.facts) + event.reason for event in Event.objects.filter(order_id=order.pk))
    assert "文三路" not in words
    assert "1380000" not in words


def test_the_new_address_is_the_answer_whichever_word_comes_first(shop, clock):
    ends = set()
    for turn, words in enumerate(permutations(["sold", "asked", "changed"])):
        number = f"2026{turn:04}"
        told = {
            "sold": shop.snapshot(number),
            "asked": asked("address", clock.now() + timedelta(minutes=1)),
            "changed": shop.snapshot(
                number, receiver=NEW_ADDRESS, modified_at=clock.now() + timedelta(minutes=2), paid_at=clock.now()
            ),
        }
        for word in (*words, *words):
            # What comes before its order waits outside; here it is simply said again.
            record(shop.fact(f"{number}:{word}", number, told[word]), cause=SYSTEM)
        order = Order.objects.get(platform_order_id=number)
        case = AddressChange.objects.get(order=order)
        ends.add((case.state, case.closed_at, tuple(holds_of(order)), order.address_version))
    assert ends == {("done", clock.now() + timedelta(minutes=2), (), 2)}


def test_a_no_ends_the_case_and_its_hold_and_a_second_answer_is_refused(shop):
    order = shop.sells()
    case = asks_for_another_address(order)
    cs = person(shop.user(Role.CS))
    assert answer_request("address", case.pk, accepted=False, reason="已打包", cause=cs).ok
    case.refresh_from_db()
    assert (case.state, holds_of(order)) == ("refused", [])
    event = Event.objects.get(verb="case_answered")
    assert event.facts == {"case": case.pk, "kind": "address", "request": "R1", "accepted": False}
    assert answer_request("address", case.pk, accepted=True, cause=cs).code == "illegal_move"


def test_a_yes_keeps_the_order_held_until_the_platform_shows_the_new_address(shop, clock):
    order = shop.sells()
    case = asks_for_another_address(order)
    assert answer_request("address", case.pk, accepted=True, cause=person(shop.user(Role.CS))).ok
    assert holds_of(order) == [HoldReason.ADDRESS_UNVERIFIED]
    later = shop.snapshot(order.platform_order_id, receiver=NEW_ADDRESS, modified_at=clock.now() + timedelta(minutes=2))
    assert record(shop.fact("changed", order.platform_order_id, later), cause=SYSTEM).ok
    assert holds_of(order) == []


def test_a_yes_after_the_goods_left_is_refused_and_says_what_to_do(shop, clock):
    parcel = shop.packed()
    order = Order.objects.get()
    case = asks_for_another_address(order)
    report = WarehouseReport(order=parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=clock.now())
    assert record(shop.fact("left", parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok
    outcome = answer_request("address", case.pk, accepted=True, cause=person(shop.user(Role.CS)))
    assert (outcome.ok, outcome.code) == (False, "too_late")
    assert "快递拦截" in outcome.detail


@pytest.mark.parametrize(
    ("stage", "accepted", "state"), [("paid", True, "open"), ("released", False, "open"), ("left", False, "too_late")]
)
def test_the_tower_says_yes_by_itself_only_while_nothing_was_begun(shop, clock, stage, accepted, state):
    order = shop.sells()
    if stage != "paid":
        assert move(order.pk, Move.RELEASE, cause=SYSTEM).ok
    if stage == "left":
        report = WarehouseReport(
            order=order.number, stage="shipped", platform_status="DELIVERED", reported_at=clock.now()
        )
        assert record(shop.fact("left", order.number, report, CauseKind.WMS), cause=SYSTEM).ok
    case = asks_for_another_address(order)
    outcome = decide_request(order.pk, kind="address", request_id="R1", cause=SYSTEM)
    case.refresh_from_db()
    assert (outcome.made["accepted"], case.state) == (accepted, state)


def test_a_picker_may_not_answer(shop):
    case = asks_for_another_address(shop.sells())
    assert answer_request("address", case.pk, accepted=True, cause=person(shop.user(Role.PICKER))).code == "role"
