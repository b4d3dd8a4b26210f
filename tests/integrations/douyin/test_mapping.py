"""What rows and pushes mean, field by field; and that nothing hostile gets further than `Unreadable`."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.adapter import AnswerWish, Fetch, Message, Said, Unlisted
from integrations.doubts import Doubts
from integrations.emulation import World
from integrations.errors import Unreadable
from integrations.platforms.douyin import adapter, kept, mapping, receivers
from integrations.platforms.douyin.emulator import DouyinEmulator
from integrations.platforms.douyin.mapping import parse
from orders.vocabulary import CustomerRequest, OrderSnapshot, RefundSnapshot
from tests.integrations.douyin.conftest import (
    Wire,
    access,
    orders_in,
    poll_all,
    requests_in,
    said,
    sell,
    snapshot_of,
    unpacked,
)
from tests.integrations.douyin.test_samples import SAMPLES
from tests.integrations.hostile import count_refused

CIPHER = "#Xo6C#{}*CgYIASAH=#1##"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def row(**changes: Any) -> dict[str, Any]:
    return {**sample("order_002_to_ship")["order"], **changes}


def order(**changes: Any) -> OrderSnapshot:
    return mapping.order(row(**changes), Doubts("douyin"))


def first_line(**changes: Any) -> list[dict[str, Any]]:
    return [{**row()["sku_order_list"][0], **changes}]


# Orders -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main_status", "status"),
    [
        (1, "unpaid"), (103, "unpaid"), (105, "paid"), (2, "paid"), (101, "shipped_part"), (3, "shipped"),
        (5, "finished"), (4, "closed"), (21, "closed"), (22, "closed"), (39, "closed"), (77, "unknown"),
    ],
)  # fmt: skip
def test_every_main_status_has_its_meaning(main_status: int, status: str) -> None:
    assert order(main_status=main_status, order_status=main_status).status == status


def test_the_main_status_says_more_than_the_order_status() -> None:
    assert order(main_status=103, order_status=1).flags == {"presale"}
    assert order(main_status=21, order_status=4, main_status_desc="发货前退款完结").status == "closed"
    assert order(main_status=777, order_status=3).status == "shipped"


def test_sums_in_fen_are_exact_yuan() -> None:
    found = order(pay_amount=100000001, sku_order_list=first_line(origin_amount=1))
    assert found.amount == Decimal("1000000.01")
    assert found.lines[0].price == Decimal("0.01")


def test_seconds_are_aware_times_and_zero_is_none() -> None:
    found = order(exp_ship_time=0)
    assert found.placed_at == datetime(2026, 1, 1, 0, 58, 20, tzinfo=UTC)
    assert found.ship_by is None
    assert found.finished_at is None


def test_a_deposit_is_no_payment_and_cash_on_delivery_is_due_at_once() -> None:
    assert order(main_status=103, order_status=1).paid_at is None
    cash = order(pay_type=0, pay_time=0, pay_amount=0)
    assert (cash.paid_at, cash.amount) == (cash.placed_at, Decimal("69.90"))
    assert cash.flags == {"cod"}


def test_the_promised_time_is_the_first_of_the_lines_that_have_not_left() -> None:
    lines = [
        {**first_line()[0], "order_id": "1", "exp_ship_time": 1767300000, "ship_time": 1767250000},
        {**first_line()[0], "order_id": "2", "exp_ship_time": 1767402000},
        {**first_line()[0], "order_id": "3", "exp_ship_time": 1767500000},
    ]
    assert order(exp_ship_time=0, sku_order_list=lines).ship_by == datetime.fromtimestamp(1767402000, tz=UTC)


def test_an_appointed_day_is_the_earliest_to_ship() -> None:
    found = order(sku_order_list=first_line(appointment_ship_time=1767600000))
    assert found.presale_until == datetime.fromtimestamp(1767600000, tz=UTC)


@pytest.mark.parametrize("kind", [2, 4, 5])
def test_goods_without_a_parcel_are_virtual(kind: int) -> None:
    assert order(order_type=kind).flags == {"virtual"}


@pytest.mark.parametrize(("place", "flags"), [(0, set()), (1, {"platform_warehouse"}), (2, {"platform_warehouse"})])
def test_goods_in_the_platforms_warehouse_are_flagged(place: int, flags: set[str]) -> None:
    assert order(sku_order_list=first_line(inventory_list=[{"warehouse_type": place}])).flags == flags


def test_a_memo_after_the_last_status_is_newer_and_an_older_word_is_not() -> None:
    at = datetime.fromtimestamp(1767231234, tz=UTC)
    assert mapping.order(row(), Doubts("douyin"), known_since=at).modified_at == at
    early = datetime.fromtimestamp(1767000000, tz=UTC)
    assert mapping.order(row(), Doubts("douyin"), known_since=early).modified_at == datetime.fromtimestamp(
        1767229200, tz=UTC
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": ""},
        {"order_id": "12x"},
        {"order_id": 4.78e18},
        {"main_status": None, "order_status": None},
        {"create_time": 0},
        {"create_time": "soon"},
        {"create_time": 10**15},
        {"pay_amount": -1},
        {"pay_amount": "59.90"},
        {"pay_amount": None, "order_amount": None},
        {"sku_order_list": []},
        {"sku_order_list": [1]},
        {"sku_order_list": {}},
        {"sku_order_list": first_line(item_num=0)},
        {"sku_order_list": first_line(item_num=None)},
        {"sku_order_list": first_line() * 2},
        {"post_addr": []},
        {"buyer_words": {}},
        {"pay_type": True},
    ],
)
def test_an_order_that_makes_no_sense_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        order(**changes)


# Receivers ----------------------------------------------------------------------------------------------------------


def test_a_receiver_is_a_mask_with_a_key() -> None:
    found = order().receiver
    assert (found.name, found.phone, found.address, found.masked) == ("王**", "138****0000", "文一***", True)
    assert (found.province, found.city, found.district, found.town) == ("浙江省", "杭州市", "余杭区", "仓前街道")
    assert found.key.startswith("dy1:")
    assert len(found.key) < 60


def test_the_key_lives_through_another_encryption_and_dies_with_another_text() -> None:
    def key(cipher: str, **changes: Any) -> str:
        return order(encrypt_post_receiver=cipher, **changes).receiver.key

    assert key(CIPHER.format("one")) == key(CIPHER.format("two")) == key("index:Xo6C")
    assert key(CIPHER.format("one")) != key("#Other#one*CgYIASAH=#1##")
    moved = {**row()["post_addr"], "town": {"name": "西湖区", "id": "330106"}}
    assert key("index:Xo6C") != key("index:Xo6C", post_addr=moved)


@pytest.mark.parametrize(
    ("cipher", "part"),
    [
        ("", ""),
        ("#ML3B#0BB1W4adLHYf+1s8VI3eLeeK0Kq0kc8A=#1##", "index:ML3B"),
        ("$ML3B$0BB1=*CgYI=$1$$", "index:ML3B"),
        ("##qIOp*CgYI=#1##", "index:"),
        ("$$KlqdO3*CgYI=$1$$", "index:"),
        ("index:ML3B", "index:ML3B"),
    ],
)
def test_what_stays_the_same_in_a_ciphertext(cipher: str, part: str) -> None:
    assert receivers.stable_part(cipher) == part


def test_a_ciphertext_of_unknown_shape_is_named_by_its_digest() -> None:
    one, two = receivers.stable_part("~tAbc"), receivers.stable_part("~tAbd")
    assert one.startswith("sha256:")
    assert one != two
    assert receivers.stable_part(one) == one


def test_what_is_kept_can_not_be_decrypted() -> None:
    whole = kept.order(row(encrypt_post_tel=CIPHER.format("secret"), user_id_info={"id_card_no": "33"}))
    assert "secret" not in json.dumps(whole)
    assert "user_id_info" not in whole


def test_a_receiver_in_plain_words_is_not_masked() -> None:
    [said] = parse(Message(kind="order", key="k", body=json.dumps(sample("order_receiver_in_plain_words")).encode()))
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, OrderSnapshot)
    found = said.snapshot.receiver
    assert (found.masked, found.key, found.name, found.address) == (False, "", "王雨桐", "文一西路1号")


def test_the_wished_receiver_has_the_key_that_the_order_will_have(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("push_to", {"url": "http://tower.test/hooks/douyin/key/"})
    douyin.control("ask_address", {"order_id": sold, "receiver": {"name": "李思远", "address": "学院路9号"}})
    wire.tick()
    [request] = requests_in(unpacked(wire))
    douyin.control("push_to", {"url": ""})
    assert request.receiver is not None
    assert request.receiver != snapshot_of(sold).receiver
    wish = AnswerWish(kind="address", request_id=request.request_id, platform_order_id=sold, accepted=True)
    adapter.answer(access(), wish)
    assert request.receiver == snapshot_of(sold).receiver


def test_without_the_right_to_search_the_masks_tell_receivers_apart(time: Any) -> None:
    emulator = World().add(DouyinEmulator, searchable=False)
    assert isinstance(emulator, DouyinEmulator)
    [sold] = sell(emulator)
    shown = [emulator.orders.find(sold).shown(1, emulator.vault) for _ in range(2)]
    one, two = (mapping.order(kept.order(each), Doubts("douyin")).receiver for each in shown)
    assert one == two
    assert one.key


# Pushes -------------------------------------------------------------------------------------------------------------


def pushed(name: str, **changes: Any) -> list[Said | Fetch]:
    body = {**sample(f"push_{name}"), **changes}
    return list(parse(Message(kind=f"push:{body['tag']}", key="k", body=json.dumps(body).encode())))


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("100_created", "4781320682406083640@1767229100"),
        ("101_paid", "4781320682406083640@1767229200"),
        ("105_address_changed", "4781320682406083640@1767232000"),
        ("106_cancelled", "4781320682406083640@1767231000"),
        ("113_memo", "4781320682406083640@1767231234"),
        ("112_appointed", "4781320682406083640"),
    ],
)
def test_a_push_about_an_order_says_since_when_to_read_it(name: str, subject: str) -> None:
    assert pushed(name) == [Fetch(subject=subject)]


def test_a_push_of_an_unlisted_kind_is_told_and_an_order_that_it_names_is_read_again() -> None:
    assert pushed("199_unlisted_about_an_order") == [
        Fetch(subject="4781320682406083640@1767231234"),
        Unlisted(words="推送 tag“199”不在对照表里"),
    ]
    assert pushed("999_unlisted_about_nothing") == [Unlisted(words="推送 tag“999”不在对照表里")]


def test_an_application_for_another_address_is_open_with_its_deadline() -> None:
    fetch, said = pushed("111_address_asked")
    assert fetch == Fetch(subject="4781320682406083640")
    assert isinstance(said, Said)
    request = said.snapshot
    assert isinstance(request, CustomerRequest)
    assert (request.kind, request.status) == ("address", "open")
    assert request.deadline is not None
    assert (request.deadline - request.requested_at).total_seconds() == 3600
    assert request.receiver is not None
    assert request.receiver.district == "西湖区"


def test_the_wish_is_receiver_msg_and_not_the_former_address() -> None:
    body = sample("push_111_address_asked")
    data = json.loads(body["data"])
    data.pop("post_receiver_msg")
    same = pushed("111_address_asked", data=data)
    assert same == pushed("111_address_asked")


def test_two_applications_of_one_order_are_two_requests() -> None:
    body = sample("push_111_address_asked")
    later = json.loads(body["data"]) | {"apply_time": 1767239999}
    found = [
        one.snapshot.request_id
        for one in (*pushed("111_address_asked"), *pushed("111_address_asked", data=later))
        if isinstance(one, Said) and isinstance(one.snapshot, CustomerRequest)
    ]
    assert len(set(found)) == 2


def test_a_push_about_an_after_sale_is_the_after_sale() -> None:
    for name, status in (
        ("200_refund_asked", "open"), ("204_refund_refused", "refused"), ("207_refund_closed", "withdrawn"),
        ("203_goods_returned", "open"), ("201_refund_agreed", "done"),
    ):  # fmt: skip
        [said] = pushed(name)
        assert isinstance(said, Said)
        assert isinstance(said.snapshot, RefundSnapshot)
        assert said.snapshot.status == status
        assert said.snapshot.refund_id == "7280000000000000001"
        assert said.snapshot.amount == Decimal("59.90")
    assert [type(one) for one in pushed("206_refund_done")] == [Fetch, Said]


def test_what_concerns_no_order_here_says_nothing() -> None:
    for name in ("400_goods", "417_goods", "212_arbitration", "227_special_after_sale"):
        assert pushed(name) == []


def test_a_message_of_another_shop_is_parked_and_not_read() -> None:
    with pytest.raises(Unreadable, match="其他店铺"):
        pushed("101_paid", shop="other")


def test_a_push_and_the_list_say_the_same_of_an_after_sale(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.control("push_to", {"url": "http://tower.test/hooks/douyin/key/"})
    [sold] = sell(douyin)
    douyin.control("refund", {"order_id": sold})
    wire.tick()
    told = [one for message in unpacked(wire) for one in parse(message) if isinstance(one, Said)]
    listed = [one for one in said(poll_all()[0]) if isinstance(one, RefundSnapshot)]
    # Only the list says until when the seller must answer.
    assert listed
    assert all(one.answer_by for one in listed)
    assert [one.snapshot for one in told] == [replace(one, answer_by=None) for one in listed]
    assert told[0].subject == sold
    assert orders_in(poll_all()[0])[0].refunds == ()


# Hostile bodies -----------------------------------------------------------------------------------------------------


def hostile_bodies() -> list[bytes]:
    """A hundred bodies that somebody might send: cut, twisted, doubled, nested, and of wrong types."""
    chance = random.Random(7)
    good = [sample("order_002_to_ship"), sample("refund_status_06_asked"), sample("push_111_address_asked")]
    texts = [json.dumps(body, ensure_ascii=False) for body in good]
    nested = {"tag": "105", "data": {"p_id": 1, "receiver_msg": {"addr": "[" * 5000}}}
    bodies = [
        b"",
        b"null",
        b"[]",
        b"0",
        b"{",
        b"\xff\xfe\x00",
        texts[0].encode("utf-16"),
        texts[0].encode("gb18030"),
        b"<html><body>502</body></html>",
        b"[" * 100_000,
        b'{"order":' * 50_000,
        b'{"order":{"order_id":' + b"9" * 5_000 + b"}}",
        b'{"order":{"order_id":' + b"9" * 4_000 + b',"main_status":2,"create_time":1}}',
        b'{"order":{"order_id":"1","order_id":"2"},"order":[]}',
        b'{"order":{"order_id":NaN,"main_status":Infinity}}',
        b'{"order":3,"aftersale_info":3,"data":3,"tag":3}',
        b'{"order":{"order_id":"\\ud800","main_status":"\\u0000"},"tag":"\\ud800"}',
        b'{"aftersale_info":{"aftersale_id":1,"aftersale_status":{}},"order_info":{"shop_order_id":"1"}}',
        b'{"tag":"111","data":"{\\"p_id\\":1,\\"apply_time\\":99999999999999}"}',
        b'{"tag":"111","data":"[[[[]]]]"}',
        b'{"tag":"101","data":{"p_id":4.78e18}}',
        json.dumps(nested).encode(),
        b'{"order":{"padding":"' + b"x" * 1_500_000 + b'"}}',
    ]
    strange: list[Any] = [None, [], {}, True, -1, 10**30, "\x00", "\ud800", "9" * 100, [[]], "2026-13-40", 1.5]
    while len(bodies) < 70:
        twisted, sale, push = (json.loads(text) for text in texts)
        inside = twisted["order"]
        inside[chance.choice(sorted(inside))] = chance.choice(strange)
        lines = inside.get("sku_order_list")
        if isinstance(lines, list) and lines and isinstance(lines[0], dict) and chance.random() < 0.6:
            lines[0][chance.choice(sorted(lines[0]))] = chance.choice(strange)
        sale["aftersale_info"][chance.choice(sorted(sale["aftersale_info"]))] = chance.choice(strange)
        data = json.loads(push["data"])
        data[chance.choice(sorted(data))] = chance.choice(strange)
        data["receiver_msg"] = chance.choice([*strange, data.get("receiver_msg")])
        bodies.append(json.dumps({**twisted, **sale, **push, "data": data}).encode())
    while len(bodies) < 100:
        whole = chance.choice(texts).encode()
        cut = bytearray(whole[: chance.randrange(1, len(whole))])
        cut[chance.randrange(len(cut))] = chance.randrange(256)
        bodies.append(bytes(cut))
    return bodies


@pytest.mark.parametrize("kind", ["order", "refund", "push:111", "no such kind"])
def test_no_hostile_body_raises_anything_but_unreadable(kind: str) -> None:
    bodies = hostile_bodies()
    assert len(bodies) == 100
    assert count_refused(parse, kind, bodies) >= 40
