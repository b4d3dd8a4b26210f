"""Taobao's words in the tower's: every status, every refund status, every topic, and everything malformed."""

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Fetch, Message, Said, Unlisted
from integrations.errors import Unreadable
from integrations.platforms import taobao
from integrations.platforms.taobao.mapping import parse
from integrations.platforms.taobao.topics import TOPICS
from orders.vocabulary import OrderSnapshot, RefundSnapshot
from tests.integrations.hostile import count_refused

TID = "3456789012345678901"
SAMPLES = Path(taobao.__file__).parent / "samples"


def trade(**changes: Any) -> dict[str, Any]:
    sample = json.loads((SAMPLES / "trade_paid_one_line_in_refund.json").read_text())
    found: dict[str, Any] = sample["trade_fullinfo_get_response"]["trade"]
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def line(**changes: Any) -> dict[str, Any]:
    return {**trade()["orders"]["order"][0], **changes}


def read(body: dict[str, Any]) -> OrderSnapshot:
    [said] = parse(Message(kind="trade", key="k", body=json.dumps(body).encode()))
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, OrderSnapshot)
    assert (said.key, said.subject) == ("k", said.snapshot.platform_order_id)
    return said.snapshot


def refund_of(**changes: Any) -> RefundSnapshot | None:
    refunds = read(trade(orders={"order": [line(**changes)]})).refunds
    return refunds[0] if refunds else None


@pytest.mark.parametrize(
    ("platform_status", "status"),
    [
        ("TRADE_NO_CREATE_PAY", "unpaid"),
        ("WAIT_BUYER_PAY", "unpaid"),
        ("PAY_PENDING", "unpaid"),
        ("WAIT_PRE_AUTH_CONFIRM", "unpaid"),
        ("PAID_FORBID_CONSIGN", "paid"),
        ("WAIT_SELLER_SEND_GOODS", "paid"),
        ("SELLER_CONSIGNED_PART", "shipped_part"),
        ("WAIT_BUYER_CONFIRM_GOODS", "shipped"),
        ("TRADE_BUYER_SIGNED", "signed"),
        ("TRADE_FINISHED", "finished"),
        ("TRADE_CLOSED", "closed"),
        ("TRADE_CLOSED_BY_TAOBAO", "closed"),
        ("A_NEW_ONE", "unknown"),
    ],
)
def test_each_status_has_its_word_and_the_platforms_own_is_kept(platform_status: str, status: str) -> None:
    order = read(trade(status=platform_status))
    assert (order.status, order.platform_status) == (status, platform_status)


@pytest.mark.parametrize(
    ("platform_status", "kind", "status"),
    [
        ("WAIT_SELLER_AGREE", "refund_only", "open"),
        ("WAIT_BUYER_RETURN_GOODS", "return_refund", "open"),
        ("WAIT_SELLER_CONFIRM_GOODS", "return_refund", "open"),
        ("SELLER_REFUSE_BUYER", "refund_only", "refused"),
        ("CLOSED", "refund_only", "withdrawn"),
        ("SUCCESS", "refund_only", "done"),
        ("WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS", "exchange", "open"),
        ("EXCHANGE_TRANSFORM_TO_REFUND", "return_refund", "open"),
        ("WAIT_SELLER_CONSIGN_GOODS", "exchange", "open"),
        ("A_NEW_ONE", "refund_only", "open"),
    ],
)
def test_each_refund_status_has_its_word(platform_status: str, kind: str, status: str) -> None:
    refund = refund_of(refund_status=platform_status, refund_id="89")
    assert refund is not None
    assert (refund.kind, refund.status, refund.refund_id) == (kind, status, "89")
    assert refund.platform_line_id == "3456789012345678902"
    assert refund.updated_at == datetime(2026, 3, 5, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("nothing", ["", "NO_REFUND", None])
def test_a_line_without_refund_gives_none(nothing: str | None) -> None:
    assert refund_of(refund_status=nothing) is None


def test_a_refund_without_id_is_still_told_apart_by_its_line() -> None:
    refund = refund_of(refund_status="WAIT_SELLER_AGREE")
    assert refund is not None
    assert refund.refund_id == "line:3456789012345678902"


@pytest.mark.parametrize(
    ("step", "platform_status", "status", "flagged"),
    [
        ("FRONT_NOPAID_FINAL_NOPAID", "WAIT_BUYER_PAY", "unpaid", True),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_BUYER_PAY", "unpaid", True),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_SELLER_SEND_GOODS", "unpaid", True),
        ("FRONT_PAID_FINAL_PAID", "WAIT_SELLER_SEND_GOODS", "paid", False),
        ("FRONT_PAID_FRONT_FORFEITED", "TRADE_CLOSED", "closed", False),
    ],
)
def test_a_presale_is_unpaid_until_its_balance_is(step: str, platform_status: str, status: str, flagged: bool) -> None:
    order = read(trade(step_trade_status=step, status=platform_status))
    assert order.status == status
    assert ("presale" in order.flags) is flagged
    assert (order.paid_at is None) is (status == "unpaid")


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"status": "PAID_FORBID_CONSIGN"}, "group_buy_open"),
        ({"team_buy_hold": 1}, "group_buy_open"),
        ({"shipping_type": "virtual"}, "virtual"),
        ({"type": "cod"}, "cod"),
        ({"top_hold": 1}, "risk"),
        ({"top_hold": "1"}, "risk"),
        ({"orders": {"order": [{"oid": 1, "num": 1, "price": "1", "store_code": "Cainiao_1"}]}}, "platform_warehouse"),
    ],
)
def test_what_keeps_an_order_out_of_the_line_is_a_flag(changes: dict[str, Any], flag: str) -> None:
    assert read(trade(**changes)).flags == {flag}


def test_ids_beyond_2_to_the_53_survive_as_numbers_and_as_text() -> None:
    assert read(trade(tid_str=None)).platform_order_id == TID
    assert read(trade(tid=0)).platform_order_id == TID


@pytest.mark.parametrize(
    ("goods", "sku"),
    [
        ({"outer_sku_id": "A-1", "outer_iid": "A"}, "A-1"),
        ({"outer_sku_id": "", "outer_iid": "A"}, "A"),
        ({"outer_sku_id": "", "outer_iid": "", "num_iid": 6, "sku_id": "4"}, "6:4"),
    ],
)
def test_the_sku_is_the_sellers_code_or_else_the_platforms(goods: dict[str, Any], sku: str) -> None:
    assert read(trade(orders={"order": [line(**goods)]})).lines[0].sku == sku


def test_a_masked_receiver_is_known_by_its_oaid_and_without_one_by_nothing() -> None:
    with_key, without = read(trade()).receiver, read(trade(oaid=None)).receiver
    assert (with_key.key, with_key.masked) == ("2aAbCdEf0123456789", True)
    assert (without.key, without.masked) == ("", True)


def test_a_city_directly_under_a_province_is_found_in_the_district() -> None:
    assert read(trade(receiver_city="", receiver_district="仙桃市")).receiver.city == "仙桃市"


def test_a_deadline_is_read_where_it_is_a_time_and_left_where_it_is_a_sentence() -> None:
    told = read(trade(est_con_time="2026-03-06 23:59:59")).ship_by
    assert told == datetime(2026, 3, 6, 15, 59, 59, tzinfo=UTC)
    assert read(trade(est_con_time="付款后48小时内", collect_time="2026-03-07 08:00:00")).ship_by == datetime(
        2026, 3, 7, tzinfo=UTC
    )
    assert read(trade(est_con_time="付款后48小时内")).ship_by is None


def test_what_a_database_would_refuse_is_cleaned_from_notes() -> None:
    assert read(trade(buyer_message="a\x00b\ud800")).buyer_note == "ab?"


def test_money_is_exact() -> None:
    assert read(trade(payment="0.10")).amount == Decimal("0.10")


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("tid", [TID, int(TID)], ids=["text", "number"])
def test_a_topic_points_at_its_trade_or_is_of_no_interest(topic: str, tid: Any) -> None:
    body = {"id": 1, "topic": topic, "content": json.dumps({"tid": tid, "biz_order_id": tid, "refund_id": 89})}
    found = parse(Message(kind=f"tmc:{topic}", key="tmc:1", body=json.dumps(body).encode()))
    silent = {
        "taobao_trade_TradeDelayConfirmPay",
        "taobao_trade_TradeRated",
        "taobao_trade_TradeTimeoutRemind",
        "taobao_logistics_LogsticDetailTrace",
        "taobao_top_AuthCancel",
    }
    refund = [Fetch(subject="refund:89")] if topic.startswith("taobao_refund_") else []
    assert list(found) == ([] if topic in silent else [Fetch(subject=TID), *refund])


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("taobao_dispute_RefundCreated", [Fetch(subject=TID)]),
        ("taobao_dispute_ExchangeAgreed", [Fetch(subject=TID)]),
        ("taobao_trade_SomethingNew", [Fetch(subject=TID)]),
        ("taobao_item_ItemUpdate", [Unlisted(words="消息主题“taobao_item_ItemUpdate”不在对照表里")]),
    ],
)
def test_a_new_topic_of_a_known_family_points_at_its_trade(topic: str, found: list[Fetch | Unlisted]) -> None:
    body = json.dumps({"content": json.dumps({"tid": TID})}).encode()
    assert list(parse(Message(kind=f"tmc:{topic}", key="tmc:1", body=body))) == found


def test_a_trade_that_could_not_be_read_is_parked_with_its_reason() -> None:
    body = json.dumps({"tid": TID, "code": "isv.trade-not-exist", "reason": "交易订单不存在"}).encode()
    with pytest.raises(Unreadable, match="交易订单不存在"):
        parse(Message(kind="trade_missing", key="k", body=body))


@pytest.mark.parametrize(
    "changes",
    [
        {"tid": None, "tid_str": None},
        {"tid_str": "12a"},
        {"tid_str": "一二三"},
        {"status": None},
        {"status": {"a": 1}},
        {"modified": None},
        {"modified": "yesterday"},
        {"created": "0000-00-00 00:00:00"},
        {"payment": None},
        {"payment": "-1"},
        {"payment": "1e9"},
        {"payment": "NaN"},
        {"payment": True},
        {"orders": None},
        {"orders": {"order": []}},
        {"orders": {"order": [1]}},
        {"orders": {"order": [{"oid": 1, "num": 0, "price": "1"}]}},
        {"orders": {"order": [{"oid": 1, "num": 1, "price": "1"}, {"oid": 1, "num": 1, "price": "1"}]}},
        {"orders": {"order": [{"num": 1, "price": "1"}]}},
        {"buyer_message": ["x"]},
    ],
)
def test_a_malformed_trade_is_unreadable_with_a_reason_in_chinese(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=r"[\u4e00-\u9fff]"):
        read(trade(**changes))


def hostile_bodies() -> list[bytes]:
    """A hundred bodies that somebody might send: cut, twisted, nested, and of wrong types."""
    chance = random.Random(7)
    good = json.dumps(trade()).encode()
    bodies = [
        b"",
        b"null",
        b"[]",
        b"0",
        b'"x"',
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"tid":' + b"9" * 5_000 + b"}",
        b'{"content":"{"}',
        b'{"content":"\\ud800"}',
        b'{"content":{"tid":null}}',
        b'{"content":"[1]"}',
        b'{"bizOrderId":{}}',
        b'{"trade_fullinfo_get_response":[]}',
        b'{"trade_fullinfo_get_response":{"trade":3}}',
        b'{"tid":NaN,"status":Infinity}',
    ]
    strange: list[Any] = [
        None,
        [],
        {},
        True,
        -1,
        10**30,
        "\x00",
        "\ud800",
        "9" * 100,
        [[]],
        {"order": {}},
        "2026-13-40 00:00:00",
    ]
    while len(bodies) < 70:
        body = trade()
        body[chance.choice(sorted(body))] = chance.choice(strange)
        row = body["orders"]["order"][0] if isinstance(body.get("orders"), dict) and body["orders"].get("order") else {}
        if row and chance.random() < 0.6:
            row[chance.choice(sorted(row))] = chance.choice(strange)
        bodies.append(json.dumps(body).encode())
    while len(bodies) < 100:
        cut = bytearray(good[: chance.randrange(1, len(good))])
        cut[chance.randrange(len(cut))] = chance.randrange(256)
        bodies.append(bytes(cut))
    return bodies


@pytest.mark.parametrize(
    "kind",
    [
        "trade",
        "trade_missing",
        "tmc:taobao_trade_TradeBuyerPay",
        "tmc:taobao_modifyaddress_ResultNotify",
        "tmc:nothing_known",
        "spi:qimen.taobao.qianniu.cloudkefu.address.self.modify",
        "no such kind",
    ],
)
def test_no_hostile_body_raises_anything_but_unreadable(kind: str) -> None:
    bodies = hostile_bodies()
    assert len(bodies) == 100
    assert count_refused(parse, kind, bodies) >= 40
