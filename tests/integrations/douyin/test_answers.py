"""Answers to buyers: another address, a refund. Each may be given twice, and none comes too late unseen."""

from typing import Any

import pytest

from integrations.adapter import AnswerWish
from integrations.errors import AlreadyDone, Permanent, Unsupported
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import Wire, access, sell, snapshot_of
from tests.integrations.douyin.test_acts import ship


def answer(order_id: str, kind: str, accepted: bool, request: str = "", **settings: Any) -> None:
    wish = AnswerWish(
        kind=kind,
        request_id=request,
        platform_order_id=order_id,
        accepted=accepted,
        reason="" if accepted else "已打包",
    )
    adapter.answer(access(**settings), wish)


def test_a_yes_to_another_address_changes_it(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    before = snapshot_of(sold).receiver
    douyin.control("ask_address", {"order_id": sold, "receiver": {"address": "新华街1号"}})
    assert snapshot_of(sold).receiver == before
    answer(sold, "address", True)
    assert snapshot_of(sold).receiver.key != before.key
    with pytest.raises(AlreadyDone):
        answer(sold, "address", True)
    with pytest.raises(Permanent):
        answer(sold, "address", False)


def test_a_no_to_another_address_says_why(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    before = snapshot_of(sold).receiver
    douyin.control("ask_address", {"order_id": sold})
    answer(sold, "address", False, address_refusal="1001")
    assert wire.asked("/order/addressConfirm") == [{"order_id": sold, "is_approved": 1001}]
    assert snapshot_of(sold).receiver == before
    with pytest.raises(AlreadyDone):
        answer(sold, "address", False)
    with pytest.raises(Permanent):
        answer(sold, "address", True)


def test_an_order_shipped_meanwhile_needs_no_refusal_any_more(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("ask_address", {"order_id": sold})
    ship(sold)
    with pytest.raises(AlreadyDone) as done:
        answer(sold, "address", False)
    assert done.value.code == "50041"
    assert wire.asked("/order/addressConfirm")[-1]["is_approved"] == 1005


def test_an_application_withdrawn_by_a_refund_is_over(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("ask_address", {"order_id": sold})
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    answer(sold, "refund", True, sale)
    for accepted in (True, False):
        with pytest.raises(AlreadyDone):
            answer(sold, "address", accepted)


def test_an_application_nobody_answered_in_time_is_over(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    [sold] = sell(douyin)
    douyin.control("ask_address", {"order_id": sold})
    time.advance(hours=2)
    wire.tick()
    with pytest.raises(Permanent) as refused:
        answer(sold, "address", True)
    assert refused.value.code == "50039"


def test_a_yes_to_a_refund_before_shipping_closes_the_order(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    answer(sold, "refund", True, sale)
    assert snapshot_of(sold).status == "closed"
    with pytest.raises(AlreadyDone):
        answer(sold, "refund", True, sale)
    with pytest.raises(Permanent):
        answer(sold, "refund", False, sale)


def test_a_no_before_shipping_needs_the_shops_own_reason(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    with pytest.raises(Permanent) as refused:
        answer(sold, "refund", False, sale)
    assert refused.value.code == "reject_reason"
    answer(sold, "refund", False, sale, reject_reason_code="12")
    with pytest.raises(AlreadyDone):
        answer(sold, "refund", False, sale)


def test_a_no_after_shipping_takes_a_reason_that_needs_no_picture(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    ship(sold)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    answer(sold, "refund", False, sale)
    [asked] = wire.asked("/afterSale/operate")
    assert asked["type"] == 202
    assert asked["items"][0]["reject_reason_code"] == 7
    assert asked["items"][0]["reason"] == "已打包"


def test_a_return_needs_to_know_where_to(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    ship(sold)
    sale = douyin.control("refund", {"order_id": sold, "kind": 0})["aftersale_id"]
    with pytest.raises(Permanent) as refused:
        answer(sold, "refund", True, sale)
    assert refused.value.code == "return_address"
    answer(sold, "refund", True, sale, return_address_id="95251")
    with pytest.raises(AlreadyDone):
        answer(sold, "refund", True, sale, return_address_id="95251")


def test_a_withdrawn_refund_needs_no_answer(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    douyin.control("refund_status", {"aftersale_id": sale, "status": 28})
    with pytest.raises(AlreadyDone):
        answer(sold, "refund", True, sale)


def test_an_after_sale_that_moved_on_is_not_answered_in_its_old_version(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]

    def withdraw() -> None:
        time.advance(seconds=1)
        douyin.control("refund_status", {"aftersale_id": sale, "status": 28})

    wire.before["/afterSale/operate", 1] = withdraw
    with pytest.raises(AlreadyDone):
        answer(sold, "refund", True, sale)


def test_an_after_sale_that_the_buyer_changed_meanwhile_is_not_agreed_to_unseen(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]

    def change() -> None:
        time.advance(seconds=1)
        douyin.control("refund_status", {"aftersale_id": sale, "status": 6})

    wire.before["/afterSale/operate", 1] = change
    with pytest.raises(Permanent) as refused:
        answer(sold, "refund", True, sale)
    assert refused.value.code == "20102"
    assert snapshot_of(sold).status == "paid"
    answer(sold, "refund", True, sale)
    assert snapshot_of(sold).status == "closed"


def test_the_shops_setting_names_the_operation(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    with pytest.raises(Permanent):
        answer(sold, "refund", True, sale, refund_operations={"2:6:agree": 999})
    assert wire.asked("/afterSale/operate")[0]["type"] == 999
    repair = douyin.control("sell", {})["order_id"]
    sale = douyin.control("refund", {"order_id": repair, "kind": 8})["aftersale_id"]
    with pytest.raises(Permanent) as refused:
        answer(repair, "refund", True, sale)
    assert refused.value.code == "refund_operation"


def test_an_after_sale_of_another_order_is_not_answered(douyin: DouyinEmulator, wire: Wire) -> None:
    one, two = sell(douyin, 2)
    sale = douyin.control("refund", {"order_id": one})["aftersale_id"]
    with pytest.raises(Permanent) as refused:
        answer(two, "refund", True, sale)
    assert refused.value.code == "no_refund"


def test_douyin_has_no_answer_to_an_intercept(douyin: DouyinEmulator, wire: Wire) -> None:
    with pytest.raises(Unsupported):
        answer(sell(douyin)[0], "intercept", True)
