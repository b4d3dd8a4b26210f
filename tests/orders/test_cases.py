"""What a customer asks through the platform: a case and a hold while it is open, in whatever order the words arrive."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from orders.lifecycle import CauseKind, HoldReason
from orders.models import AddressChange, Event, InterceptRequest, Order
from orders.services.record import record
from orders.vocabulary import AddressSnapshot, CustomerRequest, WarehouseReport
from tests.laws.cast import SYSTEM, Seller, seller

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
