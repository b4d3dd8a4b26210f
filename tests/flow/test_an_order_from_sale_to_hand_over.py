"""From the sale on the platform to the signature at the door, with nothing between but what is shipped."""

from collections.abc import Iterator

import pytest

from integrations.models import Job, Receipt
from orders.lifecycle import Role
from orders.models import Event, Hold, Label, Order, Parcel
from orders.services.labels import request_print
from orders.services.verification import verify_trail
from tests.flow.street import Street, street
from tests.laws.cast import person


@pytest.fixture
def self_printing(live_server) -> Iterator[Street]:
    """A warehouse that prints by itself, and whose word for 已打包 counts."""
    with street(live_server.url, printed_by="wms") as found:
        found.seller.warehouse.accepts_wms_pack = True
        found.seller.warehouse.accepts_wms_pack_by = found.seller.lead
        found.seller.warehouse.save()
        yield found


def test_a_sale_goes_to_the_warehouse_and_its_waybill_comes_back_to_the_platform(self_printing):
    on = self_printing
    tids = [on.sells(), on.sells(lines=[{"sku": "SERUM-30", "quantity": 2}, {"sku": "LIP-01"}]), on.sells()]
    on.live(lambda: all(on.platform(tid)["status"] == "WAIT_BUYER_CONFIRM_GOODS" for tid in tids))
    on.settle()
    for tid in tids:
        assert on.state(tid) == "shipped"
        parcel = Parcel.objects.filter(lines__order_line__order__platform_order_id=tid).distinct().get()
        label = parcel.labels.get()
        assert on.platform(tid)["waybills"] == [label.waybill]
    assert not Hold.objects.exists()
    # Couriers and warehouses are still watched; everything else is done.
    watches = ("follow_parcel", "follow_delivery")
    assert not Job.objects.exclude(state=Job.State.DONE).exclude(kind__in=watches).exists(), on.left()
    assert not Receipt.objects.exclude(state__in=["done", "ignored"]).exists()
    # One parcel, one delivery, one print, one shipping notice each.
    known = on.does("qimen", "orders")
    assert sorted(row["prints"] for row in known) == [1, 1, 1]
    assert len(on.journal("taobao", "shipped")) == 3
    assert Parcel.objects.count() == 3


def test_the_timeline_tells_each_step_with_its_cause_and_the_chain_is_whole(self_printing):
    on = self_printing
    tid = on.sells()
    on.live(lambda: on.platform(tid)["status"] == "WAIT_BUYER_CONFIRM_GOODS")
    on.settle()
    events = Event.objects.filter(order_id=Order.objects.get().pk).order_by("seq")
    steps = [(row.verb, row.from_state, row.to_state) for row in events if row.from_state]
    assert steps == [
        ("pay", "pending_payment", "paid"),
        ("release", "paid", "to_pick"),
        ("pack", "to_pick", "packed"),
        ("follow_parcels", "to_pick", "packed"),
        ("ship", "packed", "shipped"),
        ("follow_parcels", "packed", "shipped"),
    ]
    assert all(row.actor and row.cause for row in events)
    assert verify_trail().is_clean


def test_a_warehouse_that_prints_twice_locks_the_order_and_the_group_is_told(self_printing):
    on = self_printing
    tid = on.sells()
    on.live(lambda: Label.objects.filter(state="printed").exists())
    number = Parcel.objects.get().number
    on.does("qimen", "reprint", order=number)
    on.live(lambda: bool(on.journal("wecom", "message")))
    [message] = on.journal("wecom", "message")
    assert tid in message["content"]
    first, second = [line for line in message["content"].splitlines() if "第一次" in line or "第二次" in line]
    # Who, where, when.
    assert "奇门 杭州仓 W-PRINT" in first
    assert "奇门 杭州仓 W-PRINT" in second
    assert first.split("：", 1)[1] != second.split("：", 1)[1]
    assert f"/admin/orders/order/{Order.objects.get().pk}/change/" in message["content"]
    # No person's data in a chat (law 13).
    assert "138" not in message["content"].replace(tid, "")
    assert Hold.objects.get(reason="duplicate_print").state == "open"


def test_a_second_print_at_the_desk_is_refused_and_told_with_both_people(live_server):
    with street(live_server.url, printed_by="tower") as on:
        label = on.seller.labelled()
        picker, shipper = on.seller.user(Role.PICKER), on.seller.user(Role.SHIPPER)
        assert request_print(label.parcel_id, cause=person(picker), station="工位A3", printer="P1").ok
        refused = request_print(label.parcel_id, cause=person(shipper), station="工位B7", printer="P2")
        assert refused.code == "duplicate_print"
        on.live(lambda: bool(on.journal("wecom", "message")))
        [message] = on.journal("wecom", "message")
        order = Order.objects.get()
        first, second = [line for line in message["content"].splitlines() if "第一次" in line or "第二次" in line]
        assert all(word in first for word in (picker.username, "工位A3", "P1", label.waybill))
        assert all(word in second for word in (shipper.username, "工位B7", "P2", label.waybill))
        assert order.platform_order_id in message["content"]
        assert f"({live_server.url}/admin/orders/order/{order.pk}/change/)" in message["content"]
        assert Label.objects.count() == 1


def test_a_refund_stops_the_parcel_in_the_warehouse_and_its_withdrawal_lets_it_go(self_printing):
    on = self_printing
    on.does("qimen", "pause")
    tid = on.sells()
    on.live(lambda: bool(on.does("qimen", "orders")))
    on.does("taobao", "refund", tid=tid)
    on.live(lambda: on.does("qimen", "orders")[0]["pended"])
    assert Order.objects.get().held
    on.does("qimen", "resume")
    on.settle()
    assert on.state(tid) == "to_pick"
    on.does("taobao", "refund_close", tid=tid)
    on.live(lambda: on.platform(tid)["status"] == "WAIT_BUYER_CONFIRM_GOODS")
    assert not Order.objects.get().held


def test_the_courier_picks_up_and_delivers_and_those_who_cannot_see_it_are_told(self_printing):
    on = self_printing
    tid = on.sells()
    on.live(lambda: on.state(tid) == "shipped")
    waybill = Label.objects.get().waybill
    on.live(lambda: any(row["waybill"] == waybill for row in on.does("kuaidi100", "parcels")))
    on.does("kuaidi100", "pick_up", waybill=waybill)
    on.live(lambda: on.state(tid) == "signed")
    on.settle()
    heard = on.journal("qimen", "heard")
    assert [(row["status"], row["waybill"]) for row in heard] == [("GOT", waybill)]
    parcel = Parcel.objects.get()
    assert parcel.shipped_at < parcel.signed_at
    # Both ends are facts of their own: the buyer has not closed the deal on the platform.
    assert Order.objects.get().finished_at is None
    assert not Hold.objects.exists()
