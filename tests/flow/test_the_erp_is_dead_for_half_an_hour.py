"""The ERP answers nothing for thirty minutes while parcels are packed and leave; then it hears all of it, once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integrations import jobs, telling
from integrations.emulation import Emulator
from integrations.erp.kingdee import adapter
from integrations.models import Connection, Job
from orders import clock
from orders.clock import FixedClock
from orders.lifecycle import CauseKind, Move
from orders.models import Order
from orders.services.move import move_parcel
from orders.services.record import record
from orders.vocabulary import Cause, ParcelSnapshot, WarehouseReport
from ordertower import dispatch
from tests.contract.candidate import Candidate
from tests.laws.cast import Seller, person, seller

pytestmark = pytest.mark.django_db(transaction=True)
ERP = Candidate(adapter, "integrations.erp.kingdee")
PARCELS = 6


@pytest.fixture(autouse=True)
def time() -> Iterator[FixedClock]:
    with clock.running_on(FixedClock(datetime(2026, 11, 11, 4, 0, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, FixedClock)
        yield fixed


@pytest.fixture
def erp() -> Iterator[Emulator]:
    with ERP.emulated() as emulator:
        yield emulator


@pytest.fixture
def sells(erp: Emulator) -> Seller:
    made = seller()
    connection = Connection.objects.create(
        company=made.shop.company,
        adapter="kingdee",
        name="金蝶云星空",
        base_url=ERP.example["base_url"],
        settings={**ERP.defaults, **ERP.example["settings"]},
    )
    connection.set_secrets(ERP.example["secrets"])
    connection.save()
    return made


def work() -> None:
    dispatch.drain_all()
    for lane in ("urgent", "ingest", "sync"):
        while jobs.run_lane(lane):
            dispatch.drain_all()


def leaves(sells: Seller, erp: Emulator, number: int) -> Order:
    """An order that the ERP knows is packed by a person, and the warehouse says that it left."""
    parcel = sells.released("CREAM-50")
    [order] = Order.objects.filter(lines__parcel_lines__parcel=parcel).distinct()
    erp.control("order", {"platform_order_id": order.platform_order_id})
    assert move_parcel(parcel.pk, Move.PACK, cause=person(sells.lead)).ok
    report = WarehouseReport(
        order=parcel.number,
        stage="shipped",
        platform_status="DELIVERED",
        reported_at=clock.now(),
        parcels=(ParcelSnapshot(carrier="yto", waybill=f"YT96930836{number:05}"),),
    )
    fact = sells.fact(f"shipped:{number}", parcel.number, report, CauseKind.WMS)
    assert record(fact, cause=Cause(kind=CauseKind.WMS)).ok
    return order


def test_every_fact_arrives_afterwards_and_once(sells: Seller, erp: Emulator, time: FixedClock) -> None:
    erp.control("dead", {"minutes": 30})
    orders = []
    for minute in range(30):
        if minute % 5 == 0 and len(orders) < PARCELS:
            orders.append(leaves(sells, erp, minute))
        work()
        time.advance(minutes=1)
    assert len(orders) == PARCELS
    told = Job.objects.filter(kind="tell_system")
    assert told.exists()
    assert not told.exclude(state=Job.State.READY).exists(), "nothing was given up and nothing was taken for done"

    for _minute in range(90):
        time.advance(minutes=1)
        work()
    assert set(told.values_list("state", flat=True)) == {Job.State.DONE}
    assert told.count() == PARCELS * 2
    bills = {row["head"]["FNetOrderBillNo"]: row["head"] for row in erp.control("bills", {})}
    for order in orders:
        head = bills[order.platform_order_id]
        assert head["F_HUB_Status"] == "已出库"
        assert head["F_HUB_PackedAt"]
        assert head["F_HUB_ShippedAt"]
        assert head["F_HUB_Waybill"].startswith("YT96930836")
    # Said again it changes nothing: the ERP has it.
    before = len(erp.journal.entries())
    for job in told:
        assert (
            telling.tell_system(jobs.Task(job.pk, job.key, job.payload, job.order_id, Connection.objects.get()))["code"]
            == "already_done"
        )
    writes = [entry for entry in erp.journal.entries()[before:] if "Save" in str(entry.get("service", ""))]
    assert writes == []
