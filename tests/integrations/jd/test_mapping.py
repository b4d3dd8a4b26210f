"""JD's words in the tower's: every state, every refund status, every flag, and everything malformed."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message, Said
from integrations.errors import Unreadable
from integrations.platforms import jd
from integrations.platforms.jd.mapping import parse
from orders.vocabulary import CustomerRequest, OrderSnapshot, RefundSnapshot
from tests.integrations.hostile import count_refused

SAMPLES = Path(jd.__file__).parent / "samples"


def row(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "order_wait_stock_out.json").read_text())["order"]
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def application(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "refund_01_agreed.json").read_text())["refund"]
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def says(order: dict[str, Any], **remarks: Any) -> list[Any]:
    body = json.dumps({"order": order, "tower": remarks}).encode()
    found = parse(Message(kind="order", key="k", body=body))
    assert all(isinstance(one, Said) and one.subject == order["orderId"] for one in found)
    assert len({one.key for one in found if isinstance(one, Said)}) == len(found)
    return [one.snapshot for one in found if isinstance(one, Said)]


def read(order: dict[str, Any], **remarks: Any) -> OrderSnapshot:
    [snapshot] = says(order, **remarks)
    assert isinstance(snapshot, OrderSnapshot)
    return snapshot


def refund(unit: str = "fen", **changes: Any) -> RefundSnapshot:
    body = json.dumps({"refund": application(**changes), "unit": unit}).encode()
    [said] = parse(Message(kind="refund", key="k", body=body))
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, RefundSnapshot)
    return said.snapshot


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("NOT_PAY", "unpaid"),
        ("WAIT_SELLER_STOCK_OUT", "paid"),
        ("WAIT_SELLER_DELIVERY", "paid"),
        ("PAUSE", "paid"),
        ("POP_ORDER_PAUSE", "paid"),
        ("LOCKED", "paid"),
        ("WAIT_SEND_CODE", "paid"),
        ("WAIT_GOODS_RECEIVE_CONFIRM", "shipped"),
        ("SEND_TO_DISTRIBUTION_CENER", "shipped"),
        ("DISTRIBUTION_CENTER_RECEIVED", "shipped"),
        ("RECEIPTS_CONFIRM", "shipped"),
        ("FINISHED_L", "finished"),
        ("TRADE_CANCELED", "closed"),
        ("A_NEW_ONE", "unknown"),
    ],
)
def test_every_state_has_the_towers_word(state: str, status: str) -> None:
    order = read(row(orderState=state))
    assert (order.status, order.platform_status) == (status, state)
    assert (order.paid_at is None) == (status == "unpaid")
    assert (order.closed_at is not None) == (status == "closed")
    assert (order.finished_at is not None) == (status == "finished")


@pytest.mark.parametrize(
    ("status", "word"),
    [
        *((status, "open") for status in (0, 1, 5, 6, 7, 8, 10, 99)),
        *((status, "refused") for status in (2, 4)),
        *((status, "done") for status in (3, 9, "3")),
        (11, "withdrawn"),
    ],
)
def test_every_refund_status_has_the_towers_word_and_an_unlisted_one_stops(status: Any, word: str) -> None:
    assert refund(status=status).status == word


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, set()),
        ({"storeOrder": "京仓订单"}, {"platform_warehouse"}),
        ({"storeOrder": "云仓订单"}, {"platform_warehouse"}),
        ({"orderType": 75}, {"virtual"}),
        ({"orderState": "WAIT_SEND_CODE"}, {"virtual"}),
        ({"payType": "1-货到付款"}, {"cod"}),
        ({"payType": 1}, {"cod"}),
        ({"payType": "10-其他"}, set()),
        ({"orderState": "LOCKED"}, {"risk"}),
        ({"orderState": "PAUSE"}, {"risk"}),
        ({"orderState": "POP_ORDER_PAUSE"}, {"risk"}),
        ({"idSopShipmenttype": 68}, {"required_carrier"}),
        ({"idSopShipmenttype": "69"}, {"required_carrier"}),
        ({"idSopShipmenttype": 70}, set()),
        ({"invoiceInfo": "抬头：某公司"}, {"invoice"}),
        ({"invoiceInfo": ""}, set()),
    ],
)
def test_what_an_order_is_is_seen_by_its_fields(changes: dict[str, Any], flags: set[str]) -> None:
    assert read(row(**changes)).flags == flags


def test_the_flags_of_the_settings_come_on_top() -> None:
    assert read(row(payType=1), flags=["dropship"]).flags == {"cod", "dropship"}


def test_cash_on_delivery_is_due_from_the_order_on_and_anything_else_by_the_change() -> None:
    unpaid = {"paymentConfirmTime": "0001-01-01 00:00:00"}
    assert read(row(payType="1-货到付款", **unpaid)).paid_at == datetime(2026, 3, 5, 1, 0, 11, tzinfo=UTC)
    assert read(row(**unpaid)).paid_at == datetime(2026, 3, 5, 1, 0, 41, tzinfo=UTC)
    assert read(row(orderState="TRADE_CANCELED", **unpaid)).paid_at is None


@pytest.mark.parametrize("empty", ["0001-01-01 00:00:00", "1970-01-01 08:00:00", "", None])
def test_the_year_1_and_1970_are_no_end(empty: str | None) -> None:
    order = read(row(orderState="FINISHED_L", orderEndTime=empty))
    assert order.finished_at == order.modified_at


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({}, "69.90"),
        ({"shouldPay": ""}, "69.90"),
        ({"shouldPay": None, "actualPay": None, "orderPayment": "55.5"}, "55.5"),
        ({"shouldPay": None, "actualPay": None, "orderSellerPrice": None}, "79.90"),
        ({"shouldPay": 12}, "12"),
    ],
)
def test_the_amount_is_what_the_buyer_owes(changes: dict[str, Any], amount: str) -> None:
    assert read(row(**changes)).amount == Decimal(amount)


def test_one_sku_bought_and_given_are_two_lines_whatever_their_order() -> None:
    [bought] = row()["itemInfoList"]
    given = {**bought, "jdPrice": "0.00"}
    one, other = read(row(itemInfoList=[bought, given])), read(row(itemInfoList=[given, bought]))
    assert one.lines == other.lines
    assert [(line.platform_line_id, line.gift) for line in one.lines] == [("1002003004", False), ("1002003004-2", True)]


def test_the_platforms_key_of_the_receiver_is_kept_and_a_mask_is_known_as_one() -> None:
    assert read(row()).receiver.key == "JDOAIDaAbCdEf0123456789"
    person = {name: value for name, value in row()["consigneeInfo"].items() if name != "oaid"}
    masked = read(row(consigneeInfo=person)).receiver
    assert (masked.key, masked.masked) == ("", True)
    plain = {**person, "fullname": "王雨桐", "mobile": "19900000000", "fullAddress": "北京朝阳区某路1号"}
    assert not read(row(consigneeInfo=plain)).receiver.masked
    assert read(row(consigneeInfo={**person, "mobile": "", "telephone": "010-****"})).receiver.phone == "010-****"


def test_contents_under_one_time_of_change_are_told_apart_by_milliseconds() -> None:
    first, second = read(row()), read(row(venderRemark="加急"), after=1)
    assert second.modified_at - first.modified_at == timedelta(milliseconds=1)


def test_a_lock_without_application_is_a_request_that_ends_with_the_lock() -> None:
    locked, asked = says(row(orderState="LOCKED"), lock="open")
    assert isinstance(asked, CustomerRequest)
    assert (asked.kind, asked.status, asked.updated_at) == ("intercept", "open", locked.modified_at)
    ended = [says(row(orderState=state), lock="lifted")[1] for state in ("WAIT_SELLER_STOCK_OUT", "TRADE_CANCELED")]
    assert [one.status for one in ended] == ["expired", "accepted"]
    assert {one.request_id for one in ended} == {asked.request_id}


def test_an_order_locked_after_it_left_stays_shipped() -> None:
    assert read(row(orderState="LOCKED", waybill="SF1234567890123")).status == "shipped"


def test_an_application_keeps_its_times_and_its_sum_in_yuan() -> None:
    found = refund()
    assert (found.requested_at, found.updated_at) == (
        datetime(2026, 3, 5, 4, 0, tzinfo=UTC),
        datetime(2026, 3, 5, 5, 0, tzinfo=UTC),
    )
    assert (found.amount, found.platform_line_id, found.kind) == (Decimal("69.90"), "", "refund_only")
    assert refund("yuan", applyRefundSum="69.90").amount == Decimal("69.90")
    assert refund(applyRefundSum="6990.0").amount == Decimal("69.90")
    assert refund(applyRefundSum=None).amount is None
    assert refund(checkTime=None).updated_at == found.requested_at


@pytest.mark.parametrize(
    "changes",
    [
        {"orderId": None},
        {"orderId": "12a"},
        {"orderId": "一二三"},
        {"orderState": None},
        {"orderState": {"a": 1}},
        {"modified": None},
        {"modified": "yesterday"},
        {"orderStartTime": "0001-01-01 00:00:00"},
        {"orderStartTime": "0000-00-00 00:00:00"},
        {"shouldPay": "-1"},
        {"shouldPay": "1e9"},
        {"shouldPay": "NaN"},
        {"shouldPay": True},
        {"itemInfoList": None},
        {"itemInfoList": []},
        {"itemInfoList": [1]},
        {"itemInfoList": [{"skuId": "1", "jdPrice": "1", "itemTotal": "0"}]},
        {"itemInfoList": [{"skuId": "1", "jdPrice": "1", "itemTotal": "1.5"}]},
        {"itemInfoList": [{"skuId": "", "jdPrice": "1", "itemTotal": "1"}]},
        {"consigneeInfo": "somebody"},
        {"orderRemark": ["x"]},
    ],
)
def test_a_malformed_order_is_unreadable_with_a_reason_in_chinese(changes: dict[str, Any]) -> None:
    body = json.dumps({"order": row(**changes)}).encode()
    with pytest.raises(Unreadable, match=r"[\u4e00-\u9fff]"):
        parse(Message(kind="order", key="k", body=body))


@pytest.mark.parametrize(
    "changes",
    [{"id": None}, {"orderId": "x"}, {"applyTime": None}, {"applyRefundSum": "1.23"}, {"applyRefundSum": "-5"}],
)
def test_a_malformed_application_is_unreadable(changes: dict[str, Any]) -> None:
    body = json.dumps({"refund": application(**changes), "unit": "fen"}).encode()
    with pytest.raises(Unreadable, match=r"[\u4e00-\u9fff]"):
        parse(Message(kind="refund", key="k", body=body))


@pytest.mark.parametrize("remarks", [[], "x", {"after": -1}, {"after": "1"}, {"flags": "cod"}, {"flags": [1]}])
def test_remarks_that_the_reader_never_makes_are_unreadable(remarks: Any) -> None:
    body = json.dumps({"order": row(), "tower": remarks or ["x"]}).encode()
    with pytest.raises(Unreadable):
        parse(Message(kind="order", key="k", body=body))


def hostile_bodies() -> list[bytes]:
    """A hundred bodies that somebody might send: cut, twisted, doubled, nested, and of wrong types."""
    chance = random.Random(7)
    order, asked = json.dumps({"order": row()}), json.dumps({"refund": application()})
    bodies = [
        b"",
        b"null",
        b"[]",
        b"0",
        b"{",
        b"\xff\xfe\x00",
        order.encode("utf-16"),
        json.dumps({"order": row()}, ensure_ascii=False).encode("gb18030"),
        b"<html><body>502</body></html>",
        b"[" * 100_000,
        b'{"order":' * 50_000,
        b'{"order":{"orderId":' + b"9" * 5_000 + b"}}",
        b'{"order":{"orderId":' + b"9" * 4_000 + b',"orderState":"LOCKED"}}',
        b'{"order":{"orderId":"1","orderId":"2"},"order":[]}',
        b'{"order":{"orderId":NaN,"orderState":Infinity}}',
        b'{"order":3,"refund":3}',
        b'{"order":{"orderId":"\\ud800","orderState":"\\u0000"}}',
        b'{"refund":{"id":1,"orderId":"1","status":{},"applyTime":"2026-03-05 12:00:00"}}',
        b'{"order":{"padding":"' + b"x" * 1_500_000 + b'"}}',
    ]
    strange: list[Any] = [None, [], {}, True, -1, 10**30, "\x00", "\ud800", "9" * 100, [[]], "2026-13-40 00:00:00"]
    while len(bodies) < 70:
        twisted = row()
        twisted[chance.choice(sorted(twisted))] = chance.choice(strange)
        inside = twisted.get("itemInfoList")
        if isinstance(inside, list) and inside and isinstance(inside[0], dict) and chance.random() < 0.6:
            inside[0][chance.choice(sorted(inside[0]))] = chance.choice(strange)
        judged = application()
        judged[chance.choice(sorted(judged))] = chance.choice(strange)
        bodies.append(json.dumps({"order": twisted, "refund": judged}).encode())
    while len(bodies) < 100:
        good = chance.choice((order, asked)).encode()
        cut = bytearray(good[: chance.randrange(1, len(good))])
        cut[chance.randrange(len(cut))] = chance.randrange(256)
        bodies.append(bytes(cut))
    return bodies


@pytest.mark.parametrize("kind", ["order", "refund", "no such kind"])
def test_no_hostile_body_raises_anything_but_unreadable(kind: str) -> None:
    bodies = hostile_bodies()
    assert len(bodies) == 100
    assert count_refused(parse, kind, bodies) >= 40
