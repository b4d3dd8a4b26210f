"""Telling the platform that parcels left: whole orders and parts, each once."""

from typing import Any

import pytest

from integrations.adapter import ShipWish
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from tests.integrations.douyin.conftest import Wire, access, sell, snapshot_of

NUMBER, OTHER = "YT1234567890123", "YT9999999999999"
TWO = [{"sku": "CREAM-50", "quantity": 2}, {"sku": "LIP-01", "quantity": 1}]


def ship(
    order_id: str, waybill: str = NUMBER, lines: tuple[str, ...] = (), carrier: str = "yto", **settings: Any
) -> None:
    wish = ShipWish(platform_order_id=order_id, carrier=carrier, waybill=waybill, lines=lines)
    adapter.ship(access(**settings), wish)


def test_a_whole_order_is_shipped_in_one_parcel(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin, lines=TWO)
    ship(sold)
    assert douyin.control("order", {"order_id": sold})["waybills"] == [NUMBER]
    assert snapshot_of(sold).status == "shipped"


def test_a_repeat_is_already_done(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    ship(sold)
    with pytest.raises(AlreadyDone):
        ship(sold)
    assert douyin.control("order", {"order_id": sold})["waybills"] == [NUMBER]


def test_a_lost_answer_is_tried_again_and_ships_once(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        ship(sold)
    douyin.control("faults", {})
    with pytest.raises(AlreadyDone):
        ship(sold)


def test_an_order_shipped_by_hand_with_another_waybill_is_for_a_person(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("ship", {"order_id": sold, "waybill": OTHER})
    with pytest.raises(Permanent) as refused:
        ship(sold)
    assert refused.value.code == "other_waybill"
    assert OTHER in str(refused.value)


def test_several_parcels_of_one_order(douyin: DouyinEmulator, wire: Wire) -> None:
    sale = douyin.control("sell", {"lines": TWO})
    sold, first, second = sale["order_id"], *(line["line_id"] for line in sale["lines"])
    ship(sold, NUMBER, (first,))
    assert snapshot_of(sold).status == "shipped_part"
    with pytest.raises(AlreadyDone):
        ship(sold, NUMBER, (first,))
    ship(sold, OTHER, (second,))
    assert snapshot_of(sold).status == "shipped"
    parts = wire.asked("/order/logisticsAddMultiPack")
    assert [pack["pack_list"][0]["shipped_order_info"] for pack in parts] == [
        [{"shipped_order_id": first, "shipped_num": 2}],
        [{"shipped_order_id": second, "shipped_num": 1}],
    ]
    assert len({call["request_id"] for call in parts}) == 2


def test_a_part_ships_what_is_left_of_its_lines(douyin: DouyinEmulator, wire: Wire) -> None:
    sale = douyin.control("sell", {"lines": [{"sku": "CREAM-50", "quantity": 3}, {"sku": "LIP-01", "quantity": 1}]})
    sold, line = sale["order_id"], sale["lines"][0]["line_id"]
    order = douyin.orders.find(sold)
    # A clerk sent one piece on Douyin's own pages.
    douyin.orders.ship(order, "yuantong", OTHER, {order.lines[0].line_id: 1})
    ship(sold, NUMBER, (line,))
    [asked] = wire.asked("/order/logisticsAddMultiPack")
    assert asked["pack_list"][0]["shipped_order_info"] == [{"shipped_order_id": line, "shipped_num": 2}]
    assert douyin.control("order", {"order_id": sold})["waybills"] == [OTHER, NUMBER]


def test_a_part_whose_answer_was_lost_keeps_its_request_id(douyin: DouyinEmulator, wire: Wire) -> None:
    sale = douyin.control("sell", {"lines": TWO})
    sold, first = sale["order_id"], sale["lines"][0]["line_id"]
    wire.before["/order/logisticsAddMultiPack", 1] = lambda: douyin.control("faults", {"lose_answer": 1})
    with pytest.raises(Temporary):
        ship(sold, NUMBER, (first,))
    douyin.control("faults", {})
    with pytest.raises(AlreadyDone):
        ship(sold, NUMBER, (first,))
    assert douyin.control("order", {"order_id": sold})["waybills"] == [NUMBER]


def test_a_part_that_left_with_another_waybill_is_for_a_person(douyin: DouyinEmulator, wire: Wire) -> None:
    sale = douyin.control("sell", {"lines": TWO})
    sold, first = sale["order_id"], sale["lines"][0]["line_id"]
    ship(sold, OTHER, (first,))
    with pytest.raises(Permanent) as refused:
        ship(sold, NUMBER, (first,))
    assert refused.value.code == "other_waybill"


def test_an_open_refund_keeps_the_parcel_here(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("refund", {"order_id": sold})
    with pytest.raises(Permanent) as refused:
        ship(sold)
    assert refused.value.code == "60040"
    assert snapshot_of(sold).status == "paid"


@pytest.mark.parametrize(
    ("sale", "kind", "code"),
    [
        ({"paid": "risk"}, Temporary, "60109"),
        ({"lines": [{"sku": "A", "fields": {"inventory_list": [{"warehouse_type": 2}]}}]}, Permanent, "60116"),
    ],
)
def test_what_the_seller_may_not_ship(
    douyin: DouyinEmulator, wire: Wire, sale: dict[str, Any], kind: type[OutsideError], code: str
) -> None:
    [sold] = sell(douyin, **sale)
    with pytest.raises(kind) as refused:
        ship(sold)
    assert refused.value.code == code


def test_a_cancelled_order_is_not_shipped(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("close", {"order_id": sold})
    with pytest.raises(Permanent) as refused:
        ship(sold)
    assert refused.value.code == "60021"


def test_a_waybill_of_another_receiver_is_a_duplicate(douyin: DouyinEmulator, wire: Wire) -> None:
    one, two = sell(douyin, 2)
    ship(one)
    with pytest.raises(Permanent) as refused:
        ship(two)
    assert refused.value.code == "70022"


def test_two_orders_of_one_receiver_may_travel_in_one_parcel(douyin: DouyinEmulator, wire: Wire) -> None:
    receiver = {
        "name": "王雨桐", "phone": "19900000001", "province": "浙江省", "city": "杭州市", "district": "余杭区",
        "town": "仓前街道", "address": "文一西路1号",
    }  # fmt: skip
    one, two = sell(douyin, 2, receiver=receiver)
    if douyin.orders.find(one).receiver.ids != douyin.orders.find(two).receiver.ids:
        douyin.orders.find(two).receiver = douyin.orders.find(one).receiver
    ship(one)
    ship(two)
    assert snapshot_of(two).status == "shipped"


def test_a_courier_without_a_code_needs_a_setting(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    with pytest.raises(Permanent) as refused:
        ship(sold, carrier="jt")
    assert refused.value.code == "carrier_code"
    ship(sold, carrier="jt", company_codes='{"jt": "jtexpress"}')


@pytest.mark.parametrize("told", ["", "abc", "١٢٣", "12 3", "9" * 40])
def test_what_is_no_order_number_is_not_sent(douyin: DouyinEmulator, wire: Wire, told: str) -> None:
    with pytest.raises(Permanent):
        ship(told)
    assert wire.calls == []
