"""What ERP, warehouse and courier hear of a parcel: each once, each what it cannot know by itself."""

from datetime import timedelta
from typing import Any

import pytest

from integrations import inbox, jobs, telling, tracking, writeback
from integrations.adapter import Access, Adapter, Message, Said, Telling, TrackWish
from integrations.errors import AlreadyDone, Temporary
from integrations.models import Attempt, Connection, Job
from orders.lifecycle import CauseKind, Move, Role
from orders.models import DocumentLink, ExternalDocument, Label, Parcel
from orders.services.labels import print_result, request_print
from orders.services.move import move_parcel
from orders.services.record import record
from orders.vocabulary import ParcelSnapshot, TrackPoint, WarehouseReport
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

PRINTERS = (Role.SHIPPER,)

pytestmark = pytest.mark.django_db


class Listener(Adapter):
    """An ERP or a warehouse that remembers what it was told."""

    title = "听众"
    capabilities = frozenset({"tell"})

    def __init__(self, name: str, system: str) -> None:
        self.name, self.system = name, system  # type: ignore[misc]
        self.told: list[Telling] = []

    def tell(self, access: Access, news: Telling) -> None:
        if news in self.told:
            raise AlreadyDone("重复回传")
        self.told.append(news)


class Courier(Adapter):
    """A courier that can be asked to report, and asked what it knows."""

    name, title, system = "courier", "快递", "courier"
    capabilities = frozenset({"subscribe", "query"})

    def __init__(self, *carriers: str) -> None:
        self.carriers = frozenset(carriers)  # type: ignore[misc]
        self.wishes: list[TrackWish] = []
        self.questions: list[TrackWish] = []
        self.deaf = False
        self.points: list[TrackPoint] = []

    def subscribe(self, access: Access, wish: TrackWish) -> None:
        if self.deaf:
            raise Temporary("busy")
        self.wishes.append(wish)

    def query(self, access: Access, wish: TrackWish) -> Message:
        self.questions.append(wish)
        return Message(kind="query", key=f"query:{wish.waybill}:{len(self.questions)}", body=b"{}")

    def parse(self, message: Message) -> list[Said]:
        return [Said(key=f"{point.waybill}:{point.at}", subject=point.waybill, snapshot=point) for point in self.points]


@pytest.fixture
def others(monkeypatch) -> dict[str, Any]:
    made: dict[str, Any] = {
        "erp": Listener("erp", "erp"),
        "wms": Listener("wms", "wms"),
        "all": Courier(),
        "yto": Courier("yto"),
        "sf": Courier("sf"),
    }
    for module in (telling, tracking, inbox, writeback):
        monkeypatch.setattr(module, "adapter_named", made.__getitem__)
    return made


@pytest.fixture
def shop(others) -> Seller:
    return seller()


def connect(seller_of: Seller, name: str, **fields: Any) -> Connection:
    company = {"company_id": seller_of.company_id}
    return Connection.objects.create(**company, adapter=name, name=name, base_url="http://127.0.0.1:9", **fields)


def planned(kind: str) -> list[Job]:
    dispatch.drain_all()
    return list(Job.objects.filter(kind=kind).order_by("id"))


def runs(*found: Job) -> None:
    for job in found:
        assert jobs.run(job.pk)


def picked_up(shop: Seller, label: Label, at: Any, stage: str = "picked_up") -> None:
    point = TrackPoint(carrier="yto", waybill=label.waybill, stage=stage, at=at, text="已揽收")
    assert record(shop.fact(f"{label.waybill}:{stage}", label.waybill, point, CauseKind.COURIER), cause=SYSTEM).ok


def left(shop: Seller, label: Label, at: Any) -> None:
    package = ParcelSnapshot(carrier="yto", waybill=label.waybill)
    number = label.parcel.number
    report = WarehouseReport(
        order=number, stage="shipped", platform_status="DELIVERED", reported_at=at, parcels=(package,)
    )
    assert record(shop.fact(f"left:{number}", number, report, CauseKind.WMS), cause=SYSTEM).ok


def test_the_erp_hears_of_packing_and_leaving_with_time_warehouse_and_waybill(shop, others, clock):
    connect(shop, "erp")
    label = shop.labelled()
    order = order_of(label.parcel)
    document = ExternalDocument.objects.create(
        company_id=shop.company_id, system="erp", kind="sale_order", number="XSDD000017"
    )
    DocumentLink.objects.create(document=document, order=order)
    clock.advance(minutes=3)
    left(shop, label, clock.now())
    runs(*planned("tell_system"))
    packed, shipped = others["erp"].told
    assert (packed.stage, shipped.stage) == ("packed", "shipped")
    assert shipped.at == clock.now()
    assert (shipped.warehouse, shipped.carrier, shipped.waybill) == (shop.warehouse.code, "yto", label.waybill)
    assert (shipped.order, shipped.parcel) == (order.number, label.parcel.number)
    assert shipped.documents == (("sale_order", "XSDD000017"),)


def test_the_same_thing_is_told_once_and_known_already_counts_as_done(shop, others):
    connect(shop, "erp")
    shop.labelled()
    [job] = planned("tell_system")
    runs(job)
    Job.objects.update(state="ready")
    runs(job)
    job.refresh_from_db()
    assert (job.state, job.result["code"], len(others["erp"].told)) == ("done", "already_done", 1)


def test_the_pick_up_reaches_warehouse_and_erp_once_whichever_word_was_the_first(shop, others, clock):
    connect(shop, "erp")
    connect(shop, "wms", warehouse=shop.warehouse)
    label = shop.labelled()
    clock.advance(minutes=5)
    picked_up(shop, label, clock.now(), "in_transit")
    picked_up(shop, label, clock.now() - timedelta(minutes=2))
    runs(*planned("tell_system"))
    assert [news.stage for news in others["wms"].told] == ["picked_up"]
    assert sorted(news.stage for news in others["erp"].told) == ["packed", "picked_up", "shipped"]


def test_another_warehouse_and_another_shop_hear_nothing(shop, others):
    elsewhere = seller()
    connect(shop, "wms", warehouse=elsewhere.warehouse)
    connect(shop, "erp", shop=elsewhere.shop)
    label = shop.labelled()
    picked_up(shop, label, label.live_at)
    assert not planned("tell_system")


def test_a_printed_label_is_followed_once_by_the_courier_s_own_connection_before_one_for_all(shop, others):
    connect(shop, "all")
    connect(shop, "sf")
    connect(shop, "yto")
    label = shop.labelled()
    assert not planned("follow_parcel")
    granted = request_print(label.parcel_id, cause=person(shop.user(*PRINTERS)))
    assert print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM).ok
    left(shop, label, label.live_at)
    [job] = planned("follow_parcel")
    runs(job)
    assert others["yto"].wishes == [TrackWish(carrier="yto", waybill=label.waybill, phone_last4="1111")]
    assert not others["all"].wishes
    assert not others["sf"].wishes


def test_a_courier_that_is_silent_is_asked_and_its_answer_is_taken_in(shop, others, clock):
    connect(shop, "yto")
    label = shop.labelled()
    left(shop, label, clock.now())
    [job] = planned("follow_parcel")
    runs(job)
    job.refresh_from_db()
    assert job.state == "ready"
    assert job.not_before >= clock.now() + tracking.SILENCE / 2
    clock.advance(hours=5)
    others["yto"].points = [TrackPoint(carrier="yto", waybill=label.waybill, stage="signed", at=clock.now())]
    runs(job)
    assert len(others["yto"].questions) == 1
    assert Parcel.objects.get(pk=label.parcel_id).state == "signed"
    job.refresh_from_db()
    clock.advance(hours=5)
    runs(job)
    job.refresh_from_db()
    assert job.state == "done"
    assert len(others["yto"].questions) == 1


def test_a_courier_that_speaks_is_not_asked(shop, others, clock):
    connect(shop, "yto")
    label = shop.labelled()
    left(shop, label, clock.now())
    [job] = planned("follow_parcel")
    runs(job)
    clock.advance(hours=3)
    picked_up(shop, label, clock.now())
    clock.advance(hours=2)
    runs(job)
    assert not others["yto"].questions
    job.refresh_from_db()
    assert job.not_before == clock.now() - timedelta(hours=2) + tracking.SILENCE


def test_a_watch_of_many_turns_keeps_its_tries_and_leaves_no_rows(shop, others, clock):
    connect(shop, "yto")
    label = shop.labelled()
    left(shop, label, clock.now())
    [job] = planned("follow_parcel")
    others["yto"].deaf = True
    runs(job)
    others["yto"].deaf = False
    for _turn in range(20):
        clock.advance(hours=5)
        runs(job)
    job.refresh_from_db()
    assert (job.state, job.tries_left) == ("ready", len(jobs.BACKOFF))
    assert Attempt.objects.filter(job=job).count() == 1
    assert len(others["yto"].wishes) == 1


def test_a_label_that_died_is_not_followed(shop, others):
    connect(shop, "yto")
    label = shop.labelled()
    granted = request_print(label.parcel_id, cause=person(shop.user(*PRINTERS)))
    assert granted.ok
    [job] = planned("follow_parcel")
    assert move_parcel(label.parcel_id, Move.VOID, cause=person(shop.lead), reason="破损").ok
    runs(job)
    assert not others["yto"].wishes
