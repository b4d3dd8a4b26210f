"""Law 6 through the door that no person watches: jobs and tasks. What a held order does not allow, they do not do."""

from typing import Any

import pytest

from integrations import acts, jobs
from integrations.adapter import Adapter
from integrations.models import Job
from orders.lifecycle import Move, ParcelState, Role
from orders.models import Event, Hold, Label, Order, Parcel
from orders.services.holds import lift, place_hold
from orders.services.labels import request_print
from ordertower import dispatch, tasks
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Seller:
    return seller()


def hold(shop: Seller, order: Order) -> Hold:
    outcome = place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS)))
    assert outcome.ok
    return Hold.objects.get(pk=outcome.made["hold"])


def run_job(kind: str) -> Job:
    job = Job.objects.get(kind=kind)
    assert jobs.run(job.pk)
    return Job.objects.get(pk=job.pk)


def test_law_06_a_release_planned_before_the_hold_is_refused_by_it(shop):
    order = shop.sells()
    dispatch.drain_all()
    hold(shop, order)
    job = run_job("release_order")
    assert (job.state, job.result["code"]) == (Job.State.DONE, "held")
    assert Order.objects.get().state == "paid"
    assert not Parcel.objects.exists()
    assert Event.objects.filter(stream=order.stream, verb=Move.RELEASE, result="refused", key="held").count() == 1


def test_law_06_a_release_is_tried_again_once_the_hold_is_lifted(shop):
    order = shop.sells()
    found = hold(shop, order)
    dispatch.drain_all()
    assert not Job.objects.filter(kind="release_order").exists()
    assert lift(found.pk, reason="已核实", cause=person(shop.user(Role.OPS_MANAGER))).ok
    dispatch.drain_all()
    tasks.run_ingest_jobs()
    assert Order.objects.get().state == "to_pick"


def test_law_06_a_waybill_planned_before_the_hold_is_refused_by_it(shop):
    parcel = shop.packed()
    dispatch.drain_all()
    hold(shop, order_of(parcel))
    job = run_job("request_waybill")
    assert (job.state, job.result["code"]) == (Job.State.DONE, "held")
    assert not Label.objects.exists()


def test_law_06_a_print_asked_by_a_system_is_refused_while_held(shop):
    label = shop.labelled()
    hold(shop, order_of(label.parcel))
    assert request_print(label.parcel_id, cause=SYSTEM).code == "held"
    assert Label.objects.get().state == "live"


class Warehouse(Adapter):
    """Stands for the warehouse's adapter; what it was told, in order. `meanwhile` happens while it answers."""

    name, title, system = "qimen", "仓库", "wms"
    capabilities = frozenset({"deliver", "pend"})

    def __init__(self) -> None:
        self.told: list[str] = []
        self.meanwhile: Any = None

    def deliver(self, access: Any, wish: Any) -> dict[str, Any]:
        self.told.append(f"deliver {wish.order}")
        if self.meanwhile:
            self.meanwhile()
        return {"delivery_order_id": "W1"}

    def pend(self, access: Any, order: str, warehouse: str, reason: str) -> None:
        self.told.append(f"pend {order}")

    def restore(self, access: Any, order: str, warehouse: str, reason: str) -> None:
        self.told.append(f"restore {order}")


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    stand_in = Warehouse()
    monkeypatch.setattr(acts, "adapter_named", lambda name: stand_in)
    return stand_in


def test_law_06_a_parcel_whose_order_is_held_does_not_go_to_the_warehouse(shop, warehouse):
    shop.qimen()
    parcel = shop.released()
    dispatch.drain_all()
    hold(shop, order_of(parcel))
    job = run_job("deliver_parcel")
    assert (job.state, job.result["code"], warehouse.told) == (Job.State.DONE, "held", [])


def test_law_06_a_parcel_waits_for_its_hold_as_long_as_it_takes_and_goes_when_it_is_lifted(shop, warehouse, clock):
    shop.qimen()
    parcel = shop.released()
    dispatch.drain_all()
    found = hold(shop, order_of(parcel))
    for _hour in range(40):
        clock.advance(hours=1)
        tasks.run_sync_jobs()
    assert f"deliver {parcel.number}" not in warehouse.told
    assert lift(found.pk, reason="已核实", cause=person(shop.user(Role.OPS_MANAGER))).ok
    clock.advance(hours=1)
    dispatch.drain_all()
    for _round in range(3):
        tasks.run_urgent_jobs()
        tasks.run_sync_jobs()
    assert warehouse.told.count(f"deliver {parcel.number}") == 1


def test_law_06_a_hold_that_falls_while_the_parcel_is_delivered_pends_it_there(shop, warehouse):
    shop.qimen()
    parcel = shop.released()
    dispatch.drain_all()
    warehouse.meanwhile = lambda: hold(shop, order_of(parcel))
    assert run_job("deliver_parcel").state == Job.State.DONE
    tasks.run_urgent_jobs()
    assert warehouse.told == [f"deliver {parcel.number}", f"pend {parcel.number}"]


def test_law_06_a_hold_tells_the_warehouse_to_stop_and_its_lifting_to_go_on(shop, warehouse):
    shop.qimen()
    parcel = shop.released()
    dispatch.drain_all()
    tasks.run_sync_jobs()
    found = hold(shop, order_of(parcel))
    dispatch.drain_all()
    tasks.run_urgent_jobs()
    assert lift(found.pk, reason="已核实", cause=person(shop.user(Role.OPS_MANAGER))).ok
    dispatch.drain_all()
    tasks.run_urgent_jobs()
    assert warehouse.told == [f"deliver {parcel.number}", f"pend {parcel.number}", f"restore {parcel.number}"]
    assert Parcel.objects.get().state == ParcelState.TO_PICK
