"""A parcel that should not have left: a case, a critical trouble, its courier asked once, its track tells the end."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from integrations import acts, intercepts, jobs, telling, writeback
from integrations.adapter import Access, Adapter, InterceptWish
from integrations.errors import Permanent, Temporary
from integrations.models import Connection, Job, Trouble
from orders import clock as tower_clock
from orders.lifecycle import CauseKind, Move, Role
from orders.models import Event, InterceptRequest, Label, Order, Parcel
from orders.services import intercepts as services
from orders.services.cases import answer_request
from orders.services.holds import place_hold
from orders.services.move import move, move_parcel
from orders.services.record import record
from orders.vocabulary import RefundSnapshot, TrackPoint, WarehouseReport
from ordertower import dispatch
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

pytestmark = pytest.mark.django_db


class Courier(Adapter):
    name, title, system = "courier", "快递", "courier"
    capabilities = frozenset({"intercept"})

    def __init__(self, *carriers: str) -> None:
        self.carriers = frozenset(carriers)  # type: ignore[misc]
        self.wishes: list[InterceptWish] = []
        self.says: Exception | None = None

    def intercept(self, access: Access, wish: InterceptWish) -> Mapping[str, Any]:
        self.wishes.append(wish)
        if self.says:
            raise self.says
        return {}


class Warehouse(Adapter):
    name, title, system = "wms", "仓库", "wms"
    capabilities = frozenset({"deliver", "pend"})
    says_no: Exception | None = None

    def cancel_delivery(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        if self.says_no:
            raise self.says_no


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def others(monkeypatch) -> dict[str, Any]:
    made: dict[str, Any] = {"yto": Courier("yto"), "all": Courier(), "wms": Warehouse()}
    for module in (telling, intercepts, acts, writeback):
        monkeypatch.setattr(module, "adapter_named", made.__getitem__)
    monkeypatch.setattr("integrations.passages.adapter_named", made.__getitem__)
    return made


def connection(shop: Seller, adapter: str) -> Connection:
    place = {"warehouse": shop.warehouse} if adapter == "wms" else {}
    return Connection.objects.create(
        company=shop.shop.company, adapter=adapter, name=adapter, base_url="http://127.0.0.1:9/", **place
    )


def works(*, rounds: int = 3) -> None:
    for _ in range(rounds):
        dispatch.drain_all()
        for lane in Job.Lane.values:
            jobs.run_lane(lane)


def left(shop: Seller) -> Label:
    """A parcel with its courier."""
    label = shop.labelled()
    shipped = WarehouseReport(
        order=label.parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=tower_clock.now()
    )
    assert record(shop.fact(f"left:{label.pk}", label.parcel.number, shipped, CauseKind.WMS), cause=SYSTEM).ok
    assert Parcel.objects.get(pk=label.parcel_id).state == "shipped"
    return label


def closes(shop: Seller, order: Order) -> None:
    now = tower_clock.now() + timedelta(seconds=1)
    picture = shop.snapshot(order.platform_order_id, status="closed", modified_at=now, closed_at=now)
    assert record(shop.fact(f"closed:{order.pk}", order.platform_order_id, picture), cause=SYSTEM).ok


def asks_money_back(shop: Seller, order: Order, *, line: str = "", kind: str = "refund_only") -> None:
    now = tower_clock.now() + timedelta(seconds=1)
    refund = RefundSnapshot(refund_id="R1", platform_line_id=line, kind=kind, requested_at=now, updated_at=now)
    assert record(shop.fact(f"refund:{order.pk}", order.platform_order_id, refund), cause=SYSTEM).ok


def tracks(shop: Seller, label: Label, stage: str, minutes: int = 5) -> None:
    at = tower_clock.now() + timedelta(minutes=minutes)
    point = TrackPoint(carrier="yto", waybill=label.waybill, stage=stage, at=at)
    assert record(shop.fact(f"track:{label.waybill}:{stage}", label.waybill, point, CauseKind.COURIER), cause=SYSTEM).ok


def open_troubles() -> list[str]:
    rows = Trouble.objects.filter(kind="intercept", closed_at__isnull=True).order_by("pk")
    assert all(row.level == "critical" for row in rows)
    return list(rows.values_list("text", flat=True))


# What starts one ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("happens", [closes, asks_money_back])
def test_an_order_that_nobody_wants_any_more_is_asked_back_once(shop, others, clock, happens):
    connection(shop, "yto")
    label = left(shop)
    happens(shop, order_of(label.parcel))
    works()
    [wish] = others["yto"].wishes
    assert (wish.carrier, wish.waybill, wish.kind) == ("yto", label.waybill, "stop")
    case = InterceptRequest.objects.get()
    assert (case.channel, case.kind, case.state, case.stage) == ("tower", "recall", "open", "asked")
    [text] = open_troubles()
    assert label.waybill in text
    assert order_of(label.parcel).platform_order_id in text
    assert "已向 圆通 申请拦截" in text
    # Again and again looked at, and never asked twice.
    clock.advance(minutes=30)
    works()
    clock.advance(minutes=30)
    works()
    assert len(others["yto"].wishes) == 1
    assert InterceptRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("line", "kind"),
    [("1", "refund_only"), ("", "price_protect"), ("", "exchange")],
    ids=["one line", "price", "exchange"],
)
def test_what_does_not_ask_the_whole_parcel_back_starts_nothing(shop, others, clock, line, kind):
    label = shop.label_for(shop.packed("CREAM-50", "SERUM-30"))
    shipped = WarehouseReport(
        order=label.parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=tower_clock.now()
    )
    record(shop.fact("left", label.parcel.number, shipped, CauseKind.WMS), cause=SYSTEM)
    asks_money_back(shop, order_of(label.parcel), line=line, kind=kind)
    works()
    assert not InterceptRequest.objects.exists()


def test_a_signed_parcel_is_not_asked_back(shop, others, clock):
    label = left(shop)
    tracks(shop, label, "signed", minutes=0)
    asks_money_back(shop, order_of(label.parcel))
    works()
    assert not InterceptRequest.objects.exists()


def test_a_cancel_that_the_warehouse_refuses_for_good_starts_one_before_the_parcel_left(shop, others, clock):
    connection(shop, "wms")
    connection(shop, "yto")
    label = shop.labelled()
    others["wms"].says_no = Permanent("订单已打印，不能取消", code="40033")
    order = order_of(label.parcel)
    assert move(order.pk, Move.CANCEL, reason="买家不要了", cause=person(shop.user(Role.OPS_MANAGER))).ok
    works()
    assert Job.objects.get(kind="cancel_delivery").state == "failed"
    case = InterceptRequest.objects.get()
    assert (case.kind, case.stage) == ("stop", "")
    [text] = open_troubles()
    assert "仓库没有撤下这个包裹" in text
    assert "请先联系仓库" in text
    # A courier cannot stop what it does not have.
    assert others["yto"].wishes == []
    shipped = WarehouseReport(
        order=label.parcel.number, stage="shipped", platform_status="DELIVERED", reported_at=tower_clock.now()
    )
    assert record(shop.fact("left", label.parcel.number, shipped, CauseKind.WMS), cause=SYSTEM).ok
    works()
    assert [wish.waybill for wish in others["yto"].wishes] == [label.waybill]


def test_a_cancel_of_what_the_warehouse_never_had_starts_none(shop, others, clock):
    connection(shop, "wms")
    parcel = shop.released()
    others["wms"].says_no = Permanent("订单不存在：T1", code="40030")
    assert move_parcel(parcel.pk, Move.VOID, reason="换仓", cause=person(shop.lead)).ok
    works()
    assert Job.objects.get(kind="cancel_delivery").state == "failed"
    assert not InterceptRequest.objects.exists()


def test_a_warehouse_that_reports_a_failed_cancel_starts_one(shop, others, clock):
    label = left(shop)
    failed = WarehouseReport(
        order=label.parcel.number, stage="cancel_failed", platform_status="CANCELEDFAIL", reported_at=tower_clock.now()
    )
    assert record(shop.fact("failed", label.parcel.number, failed, CauseKind.WMS), cause=SYSTEM).ok
    works()
    [text] = open_troubles()
    assert text.startswith("仓库报告撤单失败，包裹会发出。请电话联系 圆通 拦截")


# Who is asked -------------------------------------------------------------------------------------------------------


def test_where_no_courier_can_be_asked_the_trouble_says_whom_to_call(shop, others, clock):
    label = left(shop)
    closes(shop, order_of(label.parcel))
    works()
    [text] = open_troubles()
    assert "请电话联系 圆通 拦截" in text
    assert Trouble.objects.get(kind="intercept").facts == {
        "carrier": "yto", "waybill": label.waybill, "order": order_of(label.parcel).platform_order_id,
    }  # fmt: skip


def test_a_courier_of_ones_own_goes_before_one_for_all(shop, others, clock):
    connection(shop, "all")
    connection(shop, "yto")
    closes(shop, order_of(left(shop).parcel))
    works()
    assert (len(others["yto"].wishes), len(others["all"].wishes)) == (1, 0)


def test_a_courier_that_says_no_is_escalated_and_not_asked_again(shop, others, clock):
    connection(shop, "yto")
    others["yto"].says = Permanent("已签收，不能拦截")
    closes(shop, order_of(left(shop).parcel))
    works()
    assert InterceptRequest.objects.get().stage == "declined"
    assert any("快递不接受拦截（已签收，不能拦截），请马上电话联系 圆通" in text for text in open_troubles())
    clock.advance(minutes=30)
    works()
    assert len(others["yto"].wishes) == 1


def test_a_courier_that_does_not_answer_is_asked_again_and_people_know_meanwhile(shop, others, clock):
    connection(shop, "yto")
    others["yto"].says = Temporary("busy")
    closes(shop, order_of(left(shop).parcel))
    works()
    assert len(open_troubles()) == 1
    others["yto"].says = None
    clock.advance(minutes=5)
    works()
    assert InterceptRequest.objects.get().stage == "asked"
    assert Event.objects.filter(verb="intercept_asked", facts__accepted=True).count() == 1


# How it ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["returning", "returned"])
def test_a_parcel_on_its_way_back_ends_it_well(shop, others, clock, stage):
    connection(shop, "yto")
    label = left(shop)
    closes(shop, order_of(label.parcel))
    works()
    tracks(shop, label, stage)
    works()
    assert InterceptRequest.objects.get().state == "done"
    assert open_troubles() == []
    assert not Job.objects.filter(kind="intercept_parcel", state="failed").exists()


@pytest.mark.parametrize("stage", ["out_for_delivery", "signed"])
def test_a_parcel_at_the_door_is_too_late_and_escalated(shop, others, clock, stage):
    label = left(shop)
    closes(shop, order_of(label.parcel))
    works()
    tracks(shop, label, stage)
    works()
    assert InterceptRequest.objects.get().state == "too_late"
    [text] = open_troubles()
    assert text.startswith("拦截来不及，包裹已在派送或已签收，请马上电话联系 圆通 和买家")


def test_after_all_it_came_back_and_every_alarm_ends(shop, others, clock):
    label = left(shop)
    closes(shop, order_of(label.parcel))
    works()
    tracks(shop, label, "out_for_delivery", minutes=5)
    works()
    tracks(shop, label, "returning", minutes=50)
    works()
    assert InterceptRequest.objects.get().state == "done"
    assert open_troubles() == []


def test_any_order_of_the_tracks_words_ends_the_same(shop, others, clock):
    ends = set()
    for words in permutations(["in_transit", "out_for_delivery", "returning"]):
        label = left(shop)
        assert services.start(label.parcel_id, ground="closed", reason="", cause=SYSTEM).ok
        for word in words:
            minutes = {"in_transit": 1, "out_for_delivery": 2, "returning": 3}[word]
            tracks(shop, label, word, minutes=minutes)
        ends.add(InterceptRequest.objects.get(parcel=label.parcel).state)
    assert ends == {"done"}


# What it does not do ------------------------------------------------------------------------------------------------


def test_it_starts_while_the_order_is_held_and_holds_nothing_itself(shop, others, clock):
    label = left(shop)
    order = order_of(label.parcel)
    assert place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS))).ok
    assert services.start(label.parcel_id, ground="closed", reason="", cause=SYSTEM).ok
    assert services.start(label.parcel_id, ground="refund", reason="", cause=SYSTEM).code == "repeat"
    reasons = set(order.holds.filter(state="open").values_list("reason", flat=True))
    assert "cancel_requested" not in reasons
    assert Event.objects.filter(verb="intercept_started").count() == 1


def test_nobody_answers_the_towers_own_case_to_the_platform(shop, others, clock):
    label = left(shop)
    assert services.start(label.parcel_id, ground="closed", reason="", cause=SYSTEM).ok
    case = InterceptRequest.objects.get()
    refused = answer_request("intercept", case.pk, accepted=True, cause=person(shop.user(Role.CS)))
    assert (refused.ok, refused.code) == (False, "illegal_move")
    assert InterceptRequest.objects.get().state == "open"
