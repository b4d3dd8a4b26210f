"""Electronic waybills: one label, one number, for the receiver that the order has now."""

import json
from typing import Any

import pytest

from integrations.adapter import Goods, WaybillWish
from integrations.errors import ConnectionAtFault, Permanent
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from tests.integrations.douyin.conftest import Wire, access, sell, snapshot_of
from tests.integrations.douyin.test_acts import ship


def wish_for(sold: str, object_id: str = "L1", **changes: Any) -> WaybillWish:
    values: dict[str, Any] = {
        "object_id": object_id,
        "carrier": "yto",
        "platform_order_ids": (sold,),
        "receiver": snapshot_of(sold).receiver,
        "goods": (Goods(code="CREAM-50", name="面霜 50g", quantity=1),),
        "weight_grams": 400,
    }
    return WaybillWish(**values | changes)


def test_a_waybill_comes_with_what_the_printing_component_needs(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    issued = adapter.issue_waybill(access(), wish_for(sold))
    assert issued.carrier == "yto"
    assert json.loads(issued.print_data) == {
        "encryptedData": f"AES:{issued.waybill}",
        "signature": f"MD:{issued.waybill[-6:]}",
        "templateURL": "https://template.example/standard",
    }
    [asked] = wire.asked("/logistics/newCreateOrder")
    told = asked["order_infos"][0]
    assert told["pack_id"] == "L1"
    assert told["receiver_info"]["contact"]["name"].startswith("#")
    assert "*" not in told["receiver_info"]["address"]["province_name"]
    ship(sold, issued.waybill)


def test_the_same_label_gets_the_same_number_and_another_label_another(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    one, again = (adapter.issue_waybill(access(), wish_for(sold)).waybill for _ in range(2))
    other = adapter.issue_waybill(access(), wish_for(sold, "L2")).waybill
    assert one == again != other


def test_a_receiver_that_changed_meanwhile_gets_no_number(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    wish = wish_for(sold)
    douyin.control("ask_address", {"order_id": sold, "directly": True, "receiver": {"address": "新华街1号"}})
    with pytest.raises(Permanent) as refused:
        adapter.issue_waybill(access(), wish)
    assert refused.value.code == "receiver_changed"
    assert wire.count("/logistics/newCreateOrder") == 0


def test_a_number_taken_for_the_old_address_does_not_ship(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    number = adapter.issue_waybill(access(), wish_for(sold)).waybill
    douyin.control("ask_address", {"order_id": sold, "directly": True, "receiver": {"address": "新华街1号"}})
    with pytest.raises(Permanent) as refused:
        ship(sold, number)
    assert refused.value.code == "70020"


def test_no_stock_of_numbers_is_told_as_such(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    douyin.control("stock", {"left": 0})
    with pytest.raises(Permanent) as refused:
        adapter.issue_waybill(access(), wish_for(sold))
    assert refused.value.code == "10701"


def test_a_number_given_back_is_dead(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    number = adapter.issue_waybill(access(), wish_for(sold)).waybill
    adapter.cancel_waybill(access(), "yto", number)
    with pytest.raises(Permanent) as refused:
        ship(sold, number)
    assert refused.value.code == "70018"
    assert adapter.issue_waybill(access(), wish_for(sold)).waybill != number


def test_a_number_in_use_is_not_given_back(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    number = adapter.issue_waybill(access(), wish_for(sold)).waybill
    ship(sold, number)
    with pytest.raises(Permanent):
        adapter.cancel_waybill(access(), "yto", number)


def test_without_a_sender_no_number_is_asked_for(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    with pytest.raises(ConnectionAtFault):
        adapter.issue_waybill(access(sender={}), wish_for(sold))
