"""Shipping notices and answers to refunds, with repeats, lost answers, locks, and other people's clicks."""

from typing import Any

import pytest

from integrations.adapter import AnswerWish, ShipWish
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary, Unsupported
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from integrations.platforms.jd.emulator_gateway import NotDone
from orders.clock import FixedClock
from tests.integrations.jd.conftest import REPLY, SHIPMENT, Wire, access, sell

WAYBILL = "SF1234567890123"


@pytest.fixture
def order_id(jd: JdEmulator, wire: Wire) -> str:
    return sell(jd, lines=[{"sku": "CREAM-50", "quantity": 1}, {"sku": "LIP-01", "quantity": 2}])[0]


def ship(order_id: str, waybill: str = WAYBILL, *, carrier: str = "sf", lines: Any = (), **settings: Any) -> None:
    wish = ShipWish(platform_order_id=order_id, carrier=carrier, waybill=waybill, lines=lines)
    adapter.ship(access(**settings), wish)


def refused(order_id: str, *arguments: Any, **options: Any) -> OutsideError:
    with pytest.raises(OutsideError) as error:
        ship(order_id, *arguments, **options)
    return error.value


# Shipping -----------------------------------------------------------------------------------------------------------


def test_a_shipped_parcel_is_told_with_jds_number_of_its_courier(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    ship(order_id)
    [asked] = wire.asked(SHIPMENT)
    assert asked == {"orderId": int(order_id), "logiCoprId": "467", "logiNo": WAYBILL}
    order = jd.orders.find(order_id)
    assert (order.order_state, order.waybill) == ("WAIT_GOODS_RECEIVE_CONFIRM", WAYBILL)


def test_a_repeat_is_already_done_and_sends_nothing(wire: Wire, order_id: str) -> None:
    ship(order_id)
    assert type(refused(order_id)) is AlreadyDone
    assert wire.count(SHIPMENT) == 1


def test_a_lost_answer_is_worth_another_try_which_finds_it_done(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    wire.before[SHIPMENT, 1] = lambda: jd.control("faults", {"lose_answer": 1.0})
    assert type(refused(order_id)) is Temporary
    jd.control("faults", {})
    assert type(refused(order_id)) is AlreadyDone
    assert len(jd.journal.entries("shipped")) == 1


def test_a_click_by_hand_between_reading_and_telling_is_found_out(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    wire.before[SHIPMENT, 1] = lambda: jd.control("ship", {"order_id": order_id, "waybill": WAYBILL})
    assert type(refused(order_id)) is AlreadyDone


@pytest.mark.parametrize(
    ("waybill", "lines", "kind", "code"),
    [
        (WAYBILL, (), AlreadyDone, "WAIT_GOODS_RECEIVE_CONFIRM"),
        ("", (), AlreadyDone, "WAIT_GOODS_RECEIVE_CONFIRM"),
        (f"OTHER-1,{WAYBILL}|OTHER-2", (), AlreadyDone, "WAIT_GOODS_RECEIVE_CONFIRM"),
        ("SF9999999999999", (), Permanent, "other_waybill"),
        ("SF9999999999999", ("10020030041",), Permanent, "one_parcel_only"),
    ],
)
def test_an_order_shipped_by_hand_is_judged_by_its_waybill(
    jd: JdEmulator, wire: Wire, order_id: str, waybill: str, lines: Any, kind: type[OutsideError], code: str
) -> None:
    jd.control("ship", {"order_id": order_id, "waybill": waybill})
    error = refused(order_id, lines=lines)
    assert (type(error), error.code) == (kind, code)
    assert wire.count(SHIPMENT) == 0


@pytest.mark.parametrize("state", ["LOCKED", "PAUSE", "POP_ORDER_PAUSE", "TRADE_CANCELED"])
def test_a_locked_paused_or_cancelled_order_is_never_told_as_shipped(
    jd: JdEmulator, wire: Wire, order_id: str, state: str
) -> None:
    jd.control("state", {"order_id": order_id, "state": state})
    error = refused(order_id)
    assert (type(error), error.code) == (Permanent, state)
    assert wire.count(SHIPMENT) == 0


def test_a_lock_between_reading_and_telling_is_said_as_such(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    wire.before[SHIPMENT, 1] = lambda: jd.control("refund", {"order_id": order_id})
    error = refused(order_id)
    assert (type(error), error.code) == (Permanent, "LOCKED")
    assert jd.orders.find(order_id).waybill == ""


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"carrier": "jt"}, "carrier_code"),
        ({"carrier": "jt", "company_ids": {"jt": "JT"}}, "carrier_code"),
        ({"carrier": "jt", "company_ids": {"jt": "999"}}, "10400003"),
        ({"waybill": "X"}, "10400005"),
    ],
)
def test_what_jd_will_not_take_is_final(wire: Wire, order_id: str, options: dict[str, Any], code: str) -> None:
    error = refused(order_id, **options)
    assert (type(error), error.code) == (Permanent, code)


def test_the_shops_own_numbers_of_couriers_win(wire: Wire, order_id: str) -> None:
    ship(order_id, company_ids='{"sf": 3046}')
    assert wire.asked(SHIPMENT)[0]["logiCoprId"] == "3046"


def test_trouble_inside_jd_is_worth_another_try(
    jd: JdEmulator, wire: Wire, order_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def troubled(*_arguments: Any) -> None:
        raise NotDone("系统内部错误", "999999")

    monkeypatch.setattr(jd.orders, "move", troubled)
    error = refused(order_id)
    assert (type(error), error.code) == (Temporary, "999999")


# Answers ------------------------------------------------------------------------------------------------------------


def answer(order_id: str, request_id: str, accepted: bool, *, kind: str = "refund", reason: str = "") -> None:
    wish = AnswerWish(kind=kind, request_id=request_id, platform_order_id=order_id, accepted=accepted, reason=reason)
    adapter.answer(access(), wish)


def asks(jd: JdEmulator, order_id: str) -> str:
    return str(jd.control("refund", {"order_id": order_id})["refund_id"])


def test_an_agreed_refund_of_goods_still_here_is_paid_back(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    refund_id = asks(jd, order_id)
    answer(order_id, refund_id, True)
    [asked] = wire.asked(REPLY)
    assert (asked["status"], asked["outWareStatus"], asked["checkUserName"]) == (1, 2, "订单指挥塔")
    assert "rejectType" not in asked
    assert jd.orders.applications[int(refund_id)].status == "1"


def test_a_refused_refund_gives_a_reason_and_unlocks_the_order(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    refund_id = asks(jd, order_id)
    answer(order_id, refund_id, False, reason="已电话沟通")
    [asked] = wire.asked(REPLY)
    assert (asked["status"], asked["rejectType"], asked["remark"]) == (2, 5, "已电话沟通")
    assert jd.orders.find(order_id).order_state == "WAIT_SELLER_STOCK_OUT"


@pytest.mark.parametrize(
    ("company", "state", "accepted", "words"),
    [
        ("2087", "WAIT_GOODS_RECEIVE_CONFIRM", True, {"status": 6, "outWareStatus": 1}),
        ("467", "WAIT_GOODS_RECEIVE_CONFIRM", True, {"status": 10, "outWareStatus": 1}),
        ("467", "WAIT_GOODS_RECEIVE_CONFIRM", False, {"status": 2, "rejectType": 1, "outWareStatus": 1}),
        ("467", "FINISHED_L", False, {"status": 2, "rejectType": 2, "outWareStatus": 1}),
    ],
)
def test_goods_that_have_left_are_not_simply_paid_back(
    jd: JdEmulator, wire: Wire, order_id: str, company: str, state: str, accepted: bool, words: dict[str, int]
) -> None:
    jd.control("ship", {"order_id": order_id, "waybill": WAYBILL, "company": company})
    refund_id = asks(jd, order_id)
    if state == "FINISHED_L":
        jd.control("state", {"order_id": order_id, "state": state})
    answer(order_id, refund_id, accepted)
    [asked] = wire.asked(REPLY)
    assert words.items() <= asked.items()


@pytest.mark.parametrize(
    ("status", "accepted", "kind"),
    [
        *((status, True, AlreadyDone) for status in ("1", "3", "5", "6", "7", "8", "9", "11")),
        *((status, True, Permanent) for status in ("2", "4")),
        *((status, False, AlreadyDone) for status in ("2", "4", "11")),
        *((status, False, Permanent) for status in ("1", "3", "5", "6", "7", "8", "9")),
    ],
)
def test_what_was_judged_before_is_not_answered_again(
    jd: JdEmulator, wire: Wire, order_id: str, status: str, accepted: bool, kind: type[OutsideError]
) -> None:
    refund_id = asks(jd, order_id)
    jd.orders.applications[int(refund_id)].status = status
    with pytest.raises(OutsideError) as error:
        answer(order_id, refund_id, accepted)
    assert type(error.value) is kind
    assert wire.count(REPLY) == 0


def test_following_a_parcel_up_twice_is_done_already(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    jd.control("ship", {"order_id": order_id, "waybill": WAYBILL})
    refund_id = asks(jd, order_id)
    answer(order_id, refund_id, True)
    with pytest.raises(AlreadyDone):
        answer(order_id, refund_id, True)
    answer(order_id, refund_id, False)
    assert wire.count(REPLY) == 2


def test_an_answer_that_was_lost_is_found_done(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    refund_id = asks(jd, order_id)
    wire.before[REPLY, 1] = lambda: jd.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary):
        answer(order_id, refund_id, True)
    jd.control("faults", {})
    with pytest.raises(AlreadyDone):
        answer(order_id, refund_id, True)


def test_an_answer_by_hand_a_moment_earlier_is_found_out(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    refund_id = asks(jd, order_id)
    wire.before[REPLY, 1] = lambda: jd.control("refund_status", {"order_id": order_id, "status": "1"})
    with pytest.raises(AlreadyDone):
        answer(order_id, refund_id, True)


@pytest.mark.parametrize("kind", ["cancel", "intercept"])
def test_a_locked_order_is_answered_through_its_open_application(
    jd: JdEmulator, wire: Wire, time: FixedClock, order_id: str, kind: str
) -> None:
    asks(jd, order_id)
    jd.control("refund_status", {"order_id": order_id, "status": "2"})
    time.advance(minutes=1)
    newest = asks(jd, order_id)
    answer(order_id, f"lock:{order_id}", True, kind=kind)
    assert [asked["id"] for asked in wire.asked(REPLY)] == [int(newest)]


def test_an_application_that_is_not_the_orders_is_not_answered(jd: JdEmulator, wire: Wire, order_id: str) -> None:
    [other] = sell(jd)
    refund_id = asks(jd, other)
    for request in (refund_id, "1", f"lock:{order_id}"):
        with pytest.raises(Permanent) as error:
            answer(order_id, request, True)
        assert error.value.code == "no_refund"
    with pytest.raises(Permanent):
        answer(order_id, "one' or 1", True)
    assert wire.count(REPLY) == 0


def test_jd_takes_no_answer_about_an_address(wire: Wire, order_id: str) -> None:
    with pytest.raises(Unsupported):
        answer(order_id, "1", True, kind="address")
