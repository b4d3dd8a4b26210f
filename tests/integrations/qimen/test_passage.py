"""The tower between ERP and warehouse: an order goes through once, byte for byte, or is answered with a reason."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from integrations import decisions, passages
from integrations.models import Connection, Job, Passage, Receipt, Trouble
from orders import clock as tower_clock
from orders.lifecycle import HoldReason, Move, Role
from orders.models import Claim, DocumentLink, Event, Order
from orders.services.holds import lift, place_hold
from orders.services.labels import print_result, request_print
from orders.services.move import move
from orders.services.record import record
from orders.vocabulary import RefundSnapshot
from tests.integrations.qimen.between import SLOW, Between, standing_between
from tests.laws.cast import SYSTEM, order_of, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def on(live_server, clock, monkeypatch) -> Iterator[Between]:
    # A shared machine is slow; what being late means has a test of its own.
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    with standing_between(live_server.url) as between:
        yield between


def claims_of(order: Order) -> dict[str, str]:
    return dict(Claim.objects.filter(order=order).exclude(system="platform").values_list("system", "stage"))


# Going through ------------------------------------------------------------------------------------------------------


def test_an_accepted_order_reaches_the_warehouse_byte_for_byte_and_so_does_its_answer(on):
    order = on.seller.sells()
    answered = on.creates("ERP1", order.platform_order_id)
    assert (answered["flag"], answered["number"]) == ("success", "W00000001")
    [received] = on.received("deliveryorder.create")
    assert received["body"] == answered["body"]
    assert received["answer"] == answered["answer"]
    passage = Passage.objects.get()
    assert (passage.code, passage.generation, passage.state, passage.number) == ("ERP1", 1, "passed", "W00000001")


def test_what_passed_is_a_word_of_the_erp_and_of_the_warehouse(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    order.refresh_from_db()
    assert order.state == "to_pick"
    assert claims_of(order) == {"erp": "accepted", "wms": "accepted"}
    links = DocumentLink.objects.filter(order=order).values_list(
        "document__system", "document__kind", "document__number"
    )
    assert set(links) == {("erp", "order", "ERP1"), ("wms", "wms_order", "W00000001")}
    assert Event.objects.filter(order_id=order.pk, verb="delivery_passed").count() == 1
    assert not order.held
    assert not Job.objects.exclude(state="done").exists()
    # The tower does not send it a second time by itself.
    assert not Job.objects.filter(kind="deliver_parcel").exists()


def test_the_request_is_kept_before_it_is_judged(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    kinds = Receipt.objects.values_list("kind", "state")
    assert list(kinds) == [("erp/deliveryorder.create", "ignored")]
    # Another moment is another request.
    tower_clock_moves(on, seconds=5)
    on.creates("ERP1", order.platform_order_id)
    assert Receipt.objects.count() == 2


def tower_clock_moves(on: Between, **time: float) -> None:
    tower_clock._clock.advance(**time)  # type: ignore[attr-defined]


def test_a_report_that_comes_before_the_answer_was_recorded_finds_its_order(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.does("qimen", "report", order="ERP1", processStatus="PICK")
    on.send_due("qimen")
    on.beat()
    assert claims_of(order)["wms"] == "picking"


# Not going through --------------------------------------------------------------------------------------------------


def test_a_second_create_is_answered_with_failure_and_never_reaches_the_warehouse(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    again = on.creates("ERP1", order.platform_order_id)
    assert again["flag"] == "failure"
    assert again["message"].startswith("订单已存在：ERP1 已于 11-11 00:00:00 推送仓库，仓库单号 W00000001")
    assert len(on.received("deliveryorder.create")) == 1
    refusal = Event.objects.get(order_id=order.pk, verb="delivery_refused")
    assert (refusal.result, refusal.facts["code"]) == ("refused", "already_sent")
    # Nothing was printed yet: no harm is near, so nothing is locked.
    order.refresh_from_db()
    assert not order.held


def test_the_same_order_under_another_code_does_not_go_either(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    again = on.creates("ERP2", order.platform_order_id)
    assert again["flag"] == "failure"
    assert "已用单号 ERP1 推送仓库" in again["message"]
    assert len(on.received("deliveryorder.create")) == 1


def test_an_order_that_the_erp_splits_goes_in_its_parts_and_no_part_twice(on):
    order = on.seller.sells("CREAM-50", "SERUM-30")
    number = order.platform_order_id
    first = {"order": number, "oid": "1", "sku": "CR50", "quantity": 1}
    second = {"order": number, "oid": "2", "sku": "SE30", "quantity": 1}
    assert on.creates("ERP1", lines=[first])["flag"] == "success"
    assert on.creates("ERP2", lines=[second])["flag"] == "success"
    assert on.creates("ERP3", lines=[first])["flag"] == "failure"
    assert len(on.received("deliveryorder.create")) == 2


def held(on: Between, order: Order) -> None:
    assert place_hold(order.pk, note="买家来电", cause=person(on.seller.user(Role.CS))).ok


def cancelled(on: Between, order: Order) -> None:
    assert move(order.pk, Move.CANCEL, reason="买家不要了", cause=person(on.seller.user(Role.CS))).ok


def closed(on: Between, order: Order) -> None:
    now = tower_clock.now() + timedelta(seconds=1)
    picture = on.seller.snapshot(order.platform_order_id, status="closed", modified_at=now, closed_at=now)
    assert record(on.seller.fact("closed", order.platform_order_id, picture), cause=SYSTEM).ok


def refunded(on: Between, order: Order) -> None:
    now = tower_clock.now()
    refund = RefundSnapshot(refund_id="R1", status="open", requested_at=now, updated_at=now, amount=Decimal(1))
    assert record(on.seller.fact("refund", order.platform_order_id, refund), cause=SYSTEM).ok


def unpaid(on: Between, order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(paid_at=None)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (held, "已锁单（人工锁单）"),
        (cancelled, "已取消"),
        (closed, "已取消"),
        (refunded, "退款"),
        (unpaid, "没有付款记录"),
    ],
)
def test_an_order_that_must_not_go_is_refused_with_the_reason(on, happens: Callable[[Between, Order], None], why):
    order = on.seller.sells()
    happens(on, order)
    answered = on.creates("ERP1", order.platform_order_id)
    assert answered["flag"] == "failure"
    assert why in answered["message"]
    assert order.platform_order_id in answered["message"]
    assert on.received("deliveryorder.create") == []
    assert not Passage.objects.exists()
    assert Event.objects.filter(order_id=order.pk, verb="delivery_refused", result="refused").count() == 1


def test_what_stopped_it_is_lifted_and_the_next_try_goes(on):
    order = on.seller.sells()
    held(on, order)
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "failure"
    hold = order.holds.get()
    assert lift(hold.pk, reason="已核实", cause=person(on.seller.user(Role.OPS_MANAGER))).ok
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "success"


def test_one_held_order_stops_a_merged_delivery(on):
    first, second = on.seller.sells(), on.seller.sells()
    held(on, second)
    answered = on.creates("ERP1", first.platform_order_id, second.platform_order_id)
    assert answered["flag"] == "failure"
    assert second.platform_order_id in answered["message"]
    assert on.received("deliveryorder.create") == []
    assert Event.objects.filter(order_id=first.pk, verb="delivery_refused").exists()
    assert not DocumentLink.objects.exists()


def test_one_held_order_stops_a_batch_and_every_code_hears_why(on):
    first, second = on.seller.sells(), on.seller.sells()
    held(on, second)
    on.does("erp", "batch", orders=[
        {"code": "ERP1", "orders": [first.platform_order_id]},
        {"code": "ERP2", "orders": [second.platform_order_id]},
    ])  # fmt: skip
    on.send_due("erp")
    [answered] = on.erp.journal.entries("answered")
    assert answered["flag"] == "failure"
    codes = ElementTree.fromstring(answered["answer"]).findall("orders/order/deliveryOrderCode")
    assert [code.text for code in codes] == ["ERP1", "ERP2"]
    assert on.received("deliveryorder.batchcreate") == []


@pytest.mark.parametrize("left", [False, True])
def test_pushing_a_printed_order_again_locks_it_like_a_double_print(on, left):
    label = on.seller.labelled()
    order = order_of(label.parcel)
    granted = request_print(label.parcel_id, cause=SYSTEM)
    assert print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM).ok
    if left:
        on.does("qimen", "report", order=label.parcel.number, processStatus="DELIVERED", expressCode=label.waybill)
        on.send_due("qimen")
        on.beat()
    for _ in range(3):
        answered = on.creates("ERP1", order.platform_order_id)
        assert answered["flag"] == "failure"
        assert ("已发货" if left else "已打印") in answered["message"]
    assert on.received("deliveryorder.create") == []
    hold = order.holds.get(reason=HoldReason.DUPLICATE_ORDER)
    assert (hold.state, hold.evidence["codes"]) == ("open", ["ERP1"])
    # Who pushes every second leaves one event in ten seconds.
    assert Event.objects.filter(order_id=order.pk, verb="delivery_refused").count() == 1


def test_after_a_person_lifted_it_another_push_is_new_evidence(on):
    label = on.seller.labelled()
    order = order_of(label.parcel)
    granted = request_print(label.parcel_id, cause=SYSTEM)
    assert print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM).ok
    on.creates("ERP1", order.platform_order_id)
    hold = order.holds.get(reason=HoldReason.DUPLICATE_ORDER)
    assert lift(hold.pk, reason="ERP 已修复", cause=person(on.seller.user(Role.OPS_MANAGER))).ok
    on.creates("ERP1", order.platform_order_id)
    assert order.holds.filter(reason=HoldReason.DUPLICATE_ORDER).count() == 2


# Orders that the tower does not judge -------------------------------------------------------------------------------


def test_an_order_that_is_not_here_is_refused_and_a_person_is_told(on):
    answered = on.creates("ERP1", "2026999")
    assert (answered["flag"], answered["message"]) == ("failure", passages.UNKNOWN_ORDER)
    assert on.received("deliveryorder.create") == []
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.facts["orders"]) == ("passage", ["2026999"])
    on.creates("ERP1", "2026999")
    trouble.refresh_from_db()
    assert trouble.times == 2
    # The order arrives, and the trouble ends with the next try.
    on.seller.sells(order_id="2026999")
    assert on.creates("ERP1", "2026999")["flag"] == "success"
    trouble.refresh_from_db()
    assert trouble.closed_at is not None


def test_where_the_setting_says_so_an_unknown_order_goes_once(on):
    on.wms.settings["unknown_orders"] = "forward"
    on.wms.save()
    assert on.creates("ERP1", "2026999")["flag"] == "success"
    assert on.creates("ERP1", "2026999")["flag"] == "failure"
    assert len(on.received("deliveryorder.create")) == 1


def test_an_unknown_order_beside_a_held_one_is_stopped_by_the_held_one(on):
    on.wms.settings["unknown_orders"] = "forward"
    on.wms.save()
    order = on.seller.sells()
    held(on, order)
    assert on.creates("ERP1", order.platform_order_id, "2026999")["flag"] == "failure"
    assert on.received("deliveryorder.create") == []


@pytest.mark.parametrize("kind", ["PTCK", "DBCK", "BFCK", "HHCK"])
def test_other_kinds_of_delivery_pass_unjudged(on, kind):
    order = on.seller.sells()
    held(on, order)
    assert on.creates("ERP1", order.platform_order_id, type=kind)["flag"] == "success"
    assert not Passage.objects.exists()


def test_a_question_goes_through_and_comes_back_and_leaves_nothing(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    before = Receipt.objects.count()
    content = {"warehouseCode": "WH01", "ownerCode": "OWN1", "orderCode": "ERP1", "page": 1, "pageSize": 100}
    answered = on.sends("deliveryorder.query", content)
    assert answered["flag"] == "success"
    assert "<deliveryOrderId>W00000001</deliveryOrderId>" in answered["answer"]
    assert Receipt.objects.count() == before


def test_a_create_that_cannot_be_read_is_refused(on):
    answered = on.sends("deliveryorder.create", {"deliveryOrder": {"orderType": "JYCK"}})
    assert answered["flag"] == "failure"
    assert "出库单号" in answered["message"]
    assert on.received("deliveryorder.create") == []


# Taking back --------------------------------------------------------------------------------------------------------


def test_a_cancel_goes_through_and_the_erp_may_hand_over_again_once_a_person_agrees(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    tower_clock_moves(on, seconds=5)
    assert on.cancels("ERP1")["flag"] == "success"
    assert len(on.received("order.cancel")) == 1
    assert on.passage("ERP1").state == "cancelled"
    assert claims_of(order)["erp"] == "cancelled"
    # The platform still wants it: somebody has to look.
    hold = order.holds.get()
    assert hold.reason == HoldReason.SYSTEM_CONFLICT
    assert on.creates("ERP1", order.platform_order_id)["flag"] == "failure"
    assert lift(hold.pk, reason="ERP 改仓", cause=person(on.seller.user(Role.OPS_MANAGER))).ok
    tower_clock_moves(on, seconds=5)
    assert on.creates("ERP1B", order.platform_order_id)["flag"] == "success"


def test_a_cancel_that_the_warehouse_refuses_is_its_word_and_starts_an_interception(on):
    order = on.seller.sells()
    on.creates("ERP1", order.platform_order_id)
    on.beat()
    tower_clock_moves(on, seconds=5)
    on.does("qimen", "confirm", order="ERP1", packages=[{"logisticsCode": "YTO", "expressCode": "YT0000000000001"}])
    on.send_due("qimen")
    on.beat()
    tower_clock_moves(on, seconds=5)
    answered = on.cancels("ERP1")
    assert (answered["flag"], answered["message"]) == ("failure", "订单已发货，不能取消")
    assert claims_of(order)["wms"] == "cancel_failed"
    on.beat()
    trouble = Trouble.objects.get(kind="intercept")
    assert trouble.level == "critical"
    assert all(word in trouble.text for word in ("YT0000000000001", order.platform_order_id, "请电话联系 圆通"))


# Who is believed ----------------------------------------------------------------------------------------------------


def test_each_side_is_believed_under_its_own_secret_only(on):
    order = on.seller.sells()
    on.erp.options["secret"] = "qimen-demo-secret"
    assert on.creates("ERP1", order.platform_order_id)["message"] == "签名错误"
    on.erp.options["secret"] = "erp-demo-secret"
    on.warehouse.options["app_secret"] = "erp-demo-secret"
    on.does("qimen", "report", order="ERP1", processStatus="PICK")
    _, work = on.warehouse.outgoing.popleft()
    work()
    assert on.warehouse.journal.entries("sent")[-1]["outcome"] == "failure"
    assert not Receipt.objects.exists()
    assert on.received("deliveryorder.create") == []
    assert Connection.objects.get().refused_count == 2


def test_both_secrets_of_the_erp_are_good_while_they_are_being_changed(on):
    on.wms.set_secrets(on.wms.secrets() | {"erp_secret": ["new", "erp-demo-secret"]})
    on.wms.save()
    assert on.creates("ERP1", on.seller.sells().platform_order_id)["flag"] == "success"


@pytest.mark.parametrize("topology", ["direct", "observe"])
def test_where_the_tower_does_not_stand_between_an_order_is_never_said_to_be_taken(on, topology):
    on.wms.settings["topology"] = topology
    on.wms.save()
    on.erp.options["secret"] = "qimen-demo-secret"
    answered = on.creates("ERP1", on.seller.sells().platform_order_id)
    assert answered["flag"] == "failure"
    assert "没有设置为站在 ERP 与仓库之间" in answered["message"]
    assert on.received("deliveryorder.create") == []
