"""Thirty orders through a street where everything goes wrong: nothing is lost, nothing is done twice."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.models import Job
from orders.lifecycle import CauseKind
from orders.models import Hold, Label, Order, Parcel, PrintAttempt, WarehouseOperator
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.verification import verify_trail
from tests.flow.street import Street, street

ORDERS = 30
FAULTS = {
    "repeat": 0.2,
    "delay": 0.2,
    "delay_seconds": 5,
    "reorder": 0.2,
    "throttle": 0.03,
    "fail": 0.08,
    "lose_answer": 0.08,
}


def misbehave(on: Street, **more: Any) -> None:
    on.does("taobao", "faults", drop=0.3, **FAULTS)
    on.does("qimen", "faults", **{**FAULTS, **more})


@pytest.fixture
def on(live_server) -> Iterator[Street]:
    """The tower prints: the warehouse's desk asks its API, and its packer stands for 仓管组长."""
    with street(live_server.url, printed_by="tower") as found:
        shop = found.seller
        WarehouseOperator.objects.create(warehouse=shop.warehouse, code="W-PACKAGE", user=shop.lead)
        _, api_key = create_key(shop.shop.company, "仓库系统", scopes=ALL_SCOPES, acts_as=CauseKind.WMS)
        found.does("qimen", "connect", tower_api=f"{live_server.url}/api/v1", api_key=api_key, ask_seconds=20)
        yield found


def test_every_order_leaves_once_where_the_tower_prints(on):
    misbehave(on)
    tids = [on.sells() for _ in range(ORDERS)]
    on.live(lambda: Order.objects.filter(state="shipped").count() == ORDERS, seconds=600)
    on.live(lambda: all(on.platform(tid)["status"] == "WAIT_BUYER_CONFIRM_GOODS" for tid in tids))
    assert set(Order.objects.values_list("platform_order_id", flat=True)) == set(tids)
    assert not Order.objects.filter(held=True).exists(), on.left()
    # One parcel, one waybill, one print, one shipping notice for each order, counted by the other side.
    issued = Counter(tid for entry in on.journal("taobao", "waybill_issued") for tid in entry["tids"])
    assert issued == dict.fromkeys(tids, 1)
    assert Counter(entry["tid"] for entry in on.journal("taobao", "shipped")) == dict.fromkeys(tids, 1)
    delivered = on.does("qimen", "orders")
    assert Counter(row["prints"] for row in delivered) == {1: ORDERS}
    assert (Parcel.objects.count(), Label.objects.count()) == (ORDERS, ORDERS)
    assert Counter(PrintAttempt.objects.values_list("outcome", flat=True)) == {"granted": ORDERS}
    for tid in tids:
        label = Label.objects.get(parcel__lines__order_line__order__platform_order_id=tid)
        assert on.platform(tid)["waybills"] == [label.waybill]
    # The street did misbehave.
    assert on.journal("taobao", "tmc_dropped")
    assert on.journal("taobao", "answer_lost")
    assert Job.objects.filter(attempts__gt=1).exists()
    assert [path for path, in_transaction in on.sent if in_transaction] == []
    assert verify_trail().is_clean


def test_every_order_arrives_though_the_warehouses_reports_are_lost(live_server):
    """What a warehouse says once and never again cannot be known; what it said is not done twice."""
    with street(live_server.url, printed_by="wms") as on:
        shop = on.seller
        shop.warehouse.accepts_wms_pack, shop.warehouse.accepts_wms_pack_by = True, shop.lead
        shop.warehouse.save()
        misbehave(on, drop=0.2)
        tids = [on.sells() for _ in range(ORDERS)]
        on.live(lambda: len(on.does("qimen", "orders")) == ORDERS, seconds=600)
        on.live(lambda: all(row["status"] == "DELIVERED" for row in on.does("qimen", "orders")))

        def unheard() -> set[str]:
            lost = on.journal("qimen", "dropped")
            return {entry["order"] for entry in lost if entry["method"] == "deliveryorder.confirm"}

        def told() -> bool:
            return Order.objects.filter(state="shipped").count() >= ORDERS - len(unheard())

        on.live(told)
        assert unheard()
        assert set(Order.objects.values_list("platform_order_id", flat=True)) == set(tids)
        assert (Order.objects.count(), Parcel.objects.count()) == (ORDERS, ORDERS)
        numbers = Counter(row["order"] for row in on.does("qimen", "orders"))
        assert numbers == dict.fromkeys(Parcel.objects.values_list("number", flat=True), 1)
        assert max(Counter(PrintAttempt.objects.values_list("parcel", flat=True)).values()) == 1
        assert not Hold.objects.filter(reason__in=["duplicate_print", "foreign_waybill", "shipped_while_held"]).exists()
        on.settle(rounds=20)
        shipped = Counter(entry["tid"] for entry in on.journal("taobao", "shipped"))
        assert set(shipped.values()) == {1}
        assert verify_trail().is_clean
