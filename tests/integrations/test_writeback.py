"""What others must hear: which event plans which job, once, and none where nobody may be told."""

from typing import Any

import pytest

from integrations import acts, jobs
from integrations.adapter import ShipWish
from integrations.errors import AlreadyDone
from integrations.models import Connection, Job
from integrations.writeback import plan
from orders.lifecycle import CauseKind, Move, ParcelState, Role
from orders.models import Event, Label, Order, Parcel
from orders.services.holds import lift, place_hold
from orders.services.labels import waybill_issued
from orders.services.move import move, move_parcel
from orders.services.record import record
from orders.vocabulary import ParcelSnapshot, WarehouseReport
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    made = seller()
    made.qimen()
    made.taobao()
    return made


def planned() -> list[str]:
    """Drain, and what was planned that was not done yet, oldest first."""
    dispatch.drain_all()
    return list(Job.objects.filter(state=Job.State.READY).order_by("id").values_list("kind", flat=True))


def done() -> None:
    Job.objects.update(state=Job.State.DONE)


def shipped(shop: Seller, parcel: Parcel, waybill: str, at: Any) -> None:
    report = WarehouseReport(
        order=parcel.number,
        stage="shipped",
        platform_status="DELIVERED",
        reported_at=at,
        parcels=(ParcelSnapshot(carrier="yto", waybill=waybill),),
    )
    assert record(shop.fact(f"left:{parcel.number}", parcel.number, report, CauseKind.WMS), cause=SYSTEM).ok


class Adapter:
    """Stands for platform and warehouse; what they were told."""

    capabilities = frozenset({"ship", "deliver", "pend", "waybill"})

    def __init__(self) -> None:
        self.told: list[Any] = []

    def ship(self, access: Any, wish: ShipWish) -> None:
        if wish in self.told:
            raise AlreadyDone("已发货", code="B04")
        self.told.append(wish)

    def pend(self, *words: Any) -> None:
        self.told.append("pend")

    def restore(self, *words: Any) -> None:
        self.told.append("restore")


@pytest.fixture
def others(monkeypatch) -> Adapter:
    stand_in = Adapter()
    monkeypatch.setattr(acts, "adapter_named", lambda name: stand_in)
    return stand_in


def test_a_paid_order_is_released_by_itself(shop):
    shop.sells()
    assert planned() == ["release_order"]


def test_an_order_that_is_held_or_whose_shop_releases_by_hand_is_not(shop):
    shop.sells("NO-SUCH-SKU")
    shop.shop.auto_release = False
    shop.shop.save()
    shop.sells()
    assert planned() == []


def test_a_released_parcel_is_delivered_once(shop):
    parcel = shop.released()
    assert "deliver_parcel" in planned()
    assert Job.objects.get(kind="deliver_parcel").payload == {"parcel": parcel.pk}


def test_an_observed_release_is_not_delivered_because_the_warehouse_has_it(shop, clock):
    order = shop.sells()
    report = WarehouseReport(order=order.number, stage="picking", platform_status="PICK", reported_at=clock.now())
    assert record(shop.fact("pick", order.number, report, CauseKind.WMS), cause=SYSTEM).ok
    assert Order.objects.get().state == "to_pick"
    assert "deliver_parcel" not in planned()


def test_a_packed_parcel_asks_its_waybill_where_the_tower_prints(shop):
    shop.packed()
    assert "request_waybill" in planned()


def test_a_packed_parcel_asks_none_where_the_warehouse_prints():
    made = seller(printed_by="wms")
    made.qimen()
    made.packed()
    assert "request_waybill" not in planned()


def test_a_voided_parcel_gives_back_its_number_and_its_delivery(shop):
    label = shop.labelled()
    planned()
    done()
    assert move_parcel(label.parcel_id, Move.VOID, cause=person(shop.lead), reason="破损").ok
    assert sorted(planned()) == ["cancel_delivery", "cancel_waybill", "release_order"]
    given_back = {"carrier": "yto", "waybill": label.waybill, "label": label.pk}
    assert Job.objects.get(kind="cancel_waybill").payload == given_back


def test_a_number_that_comes_after_its_label_died_is_given_back(shop):
    label = shop.labelled()
    assert move_parcel(label.parcel_id, Move.VOID, cause=person(shop.lead), reason="破损").ok
    planned()
    done()
    assert waybill_issued(label.pk, carrier="yto", waybill="YT-LATE-0001", cause=SYSTEM).code == "stale_fact"
    assert planned() == ["cancel_waybill"]
    assert Job.objects.get(state="ready").payload["waybill"] == "YT-LATE-0001"


def test_a_parcel_that_left_is_told_to_the_platform_once(shop, others, clock):
    label = shop.labelled()
    shipped(shop, label.parcel, label.waybill, clock.now())
    shipped(shop, label.parcel, label.waybill, clock.now())
    assert planned().count("tell_platform") == 1
    job = Job.objects.get(kind="tell_platform")
    jobs.run(job.pk)
    Job.objects.filter(pk=job.pk).update(state="ready")
    jobs.run(job.pk)
    [wish] = others.told
    assert (wish.waybill, wish.carrier, wish.lines) == (label.waybill, "yto", ())
    job.refresh_from_db()
    assert (job.state, job.result["code"]) == ("done", "already_done")


def test_where_the_erp_tells_the_platform_the_tower_does_not(shop, clock):
    shop.shop.uploads_waybills = "erp"
    shop.shop.save()
    label = shop.labelled()
    shipped(shop, label.parcel, label.waybill, clock.now())
    assert "tell_platform" not in planned()


def test_a_parcel_that_left_while_held_is_told_only_after_a_person_lifted_it(shop, others, clock):
    label = shop.labelled()
    order = order_of(label.parcel)
    assert place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS))).ok
    clock.advance(minutes=1)
    shipped(shop, label.parcel, label.waybill, clock.now())
    planned()
    for _hour in range(16):
        clock.advance(hours=1)
        jobs.run_lane("sync")
    assert not [wish for wish in others.told if isinstance(wish, ShipWish)]
    # All its tries are used up by now.
    assert Job.objects.get(kind="tell_platform").state == "failed"
    manager = person(shop.user(Role.OPS_MANAGER))
    for hold in order.holds.filter(state="open"):
        assert lift(hold.pk, reason="已与买家确认", cause=manager).ok
    assert "tell_platform" in planned()
    jobs.run_lane("sync")
    assert [wish.waybill for wish in others.told if isinstance(wish, ShipWish)] == [label.waybill]


def test_lifting_does_not_repeat_what_was_done(shop, others):
    parcel = shop.released()
    planned()
    done()
    hold = place_hold(order_of(parcel).pk, note="买家来电", cause=person(shop.user(Role.CS)))
    assert lift(hold.made["hold"], reason="已核实", cause=person(shop.user(Role.OPS_MANAGER))).ok
    assert planned() == ["pend_parcel", "restore_parcel"]


def test_pend_and_restore_look_at_the_order_as_it_is_when_they_run(shop, others):
    """Both were planned; by the time they run the order is free again, so the warehouse is only told to go on."""
    parcel = shop.released()
    hold = place_hold(order_of(parcel).pk, note="买家来电", cause=person(shop.user(Role.CS)))
    assert lift(hold.made["hold"], reason="已核实", cause=person(shop.user(Role.OPS_MANAGER))).ok
    dispatch.drain_all()
    jobs.run_lane("urgent")
    assert others.told == ["restore"]


def test_nothing_is_restored_while_another_hold_is_open(shop):
    parcel = shop.released()
    cs, manager = person(shop.user(Role.CS)), person(shop.user(Role.OPS_MANAGER))
    holds = [place_hold(order_of(parcel).pk, note="买家来电", cause=cs).made["hold"] for _ in range(2)]
    planned()
    done()
    assert lift(holds[0], reason="已核实", cause=manager).ok
    assert planned() == []
    assert lift(holds[1], reason="已核实", cause=manager).ok
    assert planned() == ["restore_parcel"]


def test_a_refusal_plans_nothing(shop):
    order = shop.sells("NO-SUCH-SKU")
    dispatch.drain_all()
    assert move(order.pk, Move.RELEASE, cause=SYSTEM).code == "held"
    assert Event.objects.filter(result="refused").exists()
    assert planned() == []


def test_planning_the_same_events_again_plans_nothing_new(shop):
    label = shop.labelled()
    dispatch.drain_all()
    before = Job.objects.count()
    order = order_of(label.parcel)
    for event in Event.objects.filter(stream=order.stream).order_by("seq"):
        plan(event, order)
    # The order's version has moved on, and with it the key of its release; all else is known.
    assert Job.objects.count() == before


def test_without_a_connection_nothing_is_planned_to_it(clock):
    made = seller()
    label = made.labelled()
    shipped(made, label.parcel, label.waybill, clock.now())
    assert set(planned()) <= {"release_order", "request_waybill", "issue_waybill"}


def test_a_waybill_job_without_a_connection_fails_and_the_label_says_why():
    made = seller()
    parcel = made.packed()
    dispatch.drain_all()
    jobs.run_lane("urgent")
    dispatch.drain_all()
    jobs.run_lane("urgent")
    label = Label.objects.get(parcel=parcel)
    assert (label.state, label.error) == ("failed", "没有可用的系统连接")
    assert Parcel.objects.get().state == ParcelState.PACKED
    assert not Connection.objects.exists()
