"""Waybills and shipping notices against the emulated platform, with repeats, lost answers and other people's clicks."""

import re
from typing import Any

import pytest

from integrations.adapter import Goods, ShipWish, WaybillWish
from integrations.errors import AlreadyDone, ConnectionAtFault, OutsideError, Permanent, Temporary
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.vocabulary import AddressSnapshot
from tests.integrations.taobao.conftest import Wire, access, snapshot_of

SEND = "taobao.logistics.offline.send"


@pytest.fixture
def tid(taobao: TaobaoEmulator, wire: Wire) -> str:
    lines = [{"sku": "CREAM-50", "quantity": 1}, {"sku": "LIP-01", "quantity": 2}]
    return str(taobao.control("sell", {"lines": lines})["tid"])


def wish(tid: str, **changes: Any) -> WaybillWish:
    wanted: dict[str, Any] = {
        "object_id": "parcel-7-1",
        "carrier": "yto",
        "platform_order_ids": (tid,),
        "receiver": changes.pop("receiver", None) or snapshot_of(tid).receiver,
        "goods": (Goods(code="CREAM-50", name="面霜", quantity=1),),
        "weight_grams": 420,
    }
    return WaybillWish(**{**wanted, **changes})


def ship(tid: str, waybill: str = "YT1234567890123", *lines: str, carrier: str = "yto") -> None:
    adapter.ship(access(), ShipWish(platform_order_id=tid, carrier=carrier, waybill=waybill, lines=lines))


def refused(tid: str, *arguments: Any, **options: Any) -> OutsideError:
    with pytest.raises(OutsideError) as error:
        ship(tid, *arguments, **options)
    return error.value


# Waybills -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carrier", "pattern"),
    [("yto", r"YT\d{13}"), ("sf", r"SF\d{13}"), ("zto", r"75\d{12}"), ("sto", r"77\d{13}"), ("yunda", r"43\d{13}")],
)
def test_a_waybill_is_taken_for_a_masked_receiver(tid: str, carrier: str, pattern: str) -> None:
    waybill = adapter.issue_waybill(access(), wish(tid, carrier=carrier))
    assert waybill.carrier == carrier
    assert re.fullmatch(pattern, waybill.waybill)
    assert "encryptedData" in waybill.print_data


def test_the_same_parcel_asked_again_has_the_same_waybill_and_another_has_not(tid: str) -> None:
    first = adapter.issue_waybill(access(), wish(tid))
    assert adapter.issue_waybill(access(), wish(tid)) == first
    assert adapter.issue_waybill(access(), wish(tid, object_id="parcel-7-2")).waybill != first.waybill


def test_a_waybill_whose_answer_was_lost_is_the_one_that_a_repeat_gives(taobao: TaobaoEmulator, tid: str) -> None:
    asked = wish(tid)
    taobao.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary):
        adapter.issue_waybill(access(), asked)
    taobao.control("faults", {})
    waybill = adapter.issue_waybill(access(), asked)
    assert list(taobao.waybills.by_number) == [waybill.waybill]


def test_a_cancelled_waybill_is_given_back_and_may_be_cancelled_again(taobao: TaobaoEmulator, tid: str) -> None:
    waybill = adapter.issue_waybill(access(), wish(tid))
    adapter.cancel_waybill(access(), "yto", waybill.waybill)
    adapter.cancel_waybill(access(), "yto", waybill.waybill)
    assert taobao.waybills.by_number[waybill.waybill].cancelled
    assert adapter.issue_waybill(access(), wish(tid)).waybill != waybill.waybill


def test_a_waybill_that_left_with_its_parcel_cannot_be_cancelled(tid: str) -> None:
    waybill = adapter.issue_waybill(access(), wish(tid))
    ship(tid, waybill.waybill)
    with pytest.raises(Permanent):
        adapter.cancel_waybill(access(), "yto", waybill.waybill)


def test_a_stale_receiver_key_gets_no_waybill(taobao: TaobaoEmulator, tid: str) -> None:
    stale = wish(tid)
    taobao.control("change_address", {"tid": tid})
    with pytest.raises(Permanent) as error:
        adapter.issue_waybill(access(), stale)
    assert error.value.code == "isv.oaid-not-matched"


def test_a_mask_without_key_is_not_sent(taobao: TaobaoEmulator, wire: Wire, tid: str) -> None:
    masked = AddressSnapshot(name="王**", phone="*******0000", province="浙江省", address="***", masked=True)
    with pytest.raises(Permanent) as error:
        adapter.issue_waybill(access(), wish(tid, receiver=masked))
    assert error.value.code == "no_oaid"
    assert wire.count("cainiao.waybill.ii.get") == 0


def test_a_receiver_in_plain_words_needs_no_key(tid: str) -> None:
    plain = AddressSnapshot(name="王雨桐", phone="19900001234", province="浙江省", city="杭州市", address="文一西路1号")
    assert adapter.issue_waybill(access(), wish(tid, receiver=plain)).waybill.startswith("YT")


@pytest.mark.parametrize(
    ("settings", "carrier", "kind", "code"),
    [
        ({}, "jt", Permanent, "carrier_code"),
        ({"cp_codes": {"jt": "NOBODY"}}, "jt", Permanent, "isv.cp-code-not-support"),
        ({"sender": "{"}, "yto", ConnectionAtFault, "settings"),
        ({"sender": "[]"}, "yto", ConnectionAtFault, "settings"),
        ({"sender": {}}, "yto", Permanent, "isv.missing-parameter:name"),
        ({"template_url": ""}, "yto", Permanent, "isv.missing-parameter:template_url"),
        ({"template_url": '{"sf": "http://t"}'}, "yto", Permanent, "isv.missing-parameter:template_url"),
    ],
)
def test_what_the_seller_did_not_set_is_said_by_name(
    tid: str, settings: dict[str, Any], carrier: str, kind: type[Permanent], code: str
) -> None:
    with pytest.raises(kind) as error:
        adapter.issue_waybill(access(**settings), wish(tid, carrier=carrier))
    assert error.value.code == code


def test_the_sellers_own_codes_and_templates_win(tid: str) -> None:
    settings: dict[str, Any] = {"cp_codes": '{"post": "EMS"}', "template_url": {"post": "http://t"}}
    waybill = adapter.issue_waybill(access(**settings), wish(tid, carrier="post"))
    assert (waybill.carrier, waybill.waybill[:2]) == ("post", "98")


# Shipping -------------------------------------------------------------------------------------------------------


def test_a_shipped_parcel_is_shown_as_shipped(tid: str) -> None:
    ship(tid)
    assert snapshot_of(tid).status == "shipped"


def test_a_repeat_after_a_lost_answer_is_already_done(taobao: TaobaoEmulator, tid: str) -> None:
    taobao.control("faults", {"lose_answer": 1.0})
    assert isinstance(refused(tid), Temporary)
    taobao.control("faults", {})
    error = refused(tid)
    assert isinstance(error, AlreadyDone)
    assert error.code.endswith(":B04")
    assert len(taobao.journal.entries("shipped")) == 1


def test_parcels_go_out_one_by_one_with_their_lines(wire: Wire, tid: str) -> None:
    first, second = (line.platform_line_id for line in snapshot_of(tid).lines)
    ship(tid, "YT1234567890123", first)
    assert snapshot_of(tid).status == "shipped_part"
    assert isinstance(refused(tid, "YT1234567890123", first), AlreadyDone)
    ship(tid, "YT1234567890124", second)
    assert snapshot_of(tid).status == "shipped"


def test_another_waybill_on_the_platform_is_for_a_person(tid: str) -> None:
    ship(tid, "YT1234567890123")
    error = refused(tid, "YT9999999999999")
    assert (type(error), error.code) == (Permanent, "other_waybill")
    assert "YT1234567890123" in str(error)


def test_an_order_shipped_without_waybill_is_already_done(taobao: TaobaoEmulator, tid: str) -> None:
    ship(tid)
    for line in taobao.trades.find(tid).lines:
        line.invoice_no = ""
    assert isinstance(refused(tid), AlreadyDone)


def test_a_closed_order_is_not_taken_for_a_shipped_one(taobao: TaobaoEmulator, tid: str) -> None:
    taobao.control("close", {"tid": tid})
    error = refused(tid)
    assert type(error) is Permanent
    assert "已关闭" in str(error)


@pytest.mark.parametrize("sale", [{"paid": False}, {"group_buy": True}])
def test_an_order_that_may_not_ship_yet_is_refused_and_not_already_done(
    taobao: TaobaoEmulator, wire: Wire, sale: dict[str, Any]
) -> None:
    waiting = taobao.control("sell", sale)["tid"]
    error = refused(waiting)
    assert type(error) is Permanent
    assert error.code.endswith(":B02")


def test_a_waybill_of_another_receiver_is_a_duplicate(taobao: TaobaoEmulator, tid: str) -> None:
    other = taobao.control("sell", {"receiver": {"name": "另一个人"}})["tid"]
    ship(tid)
    error = refused(other)
    assert type(error) is Permanent
    assert error.code.endswith(":B60")


def test_one_parcel_may_carry_two_orders_of_one_receiver(taobao: TaobaoEmulator, wire: Wire) -> None:
    receiver = {"name": "王雨桐", "mobile": "19900001234", "state": "浙江省", "city": "杭州市", "district": "余杭区"}
    receiver |= {"town": "仓前街道", "address": "文一西路1号"}
    first, second = (taobao.control("sell", {"receiver": receiver})["tid"] for _order in range(2))
    waybill = adapter.issue_waybill(access(), wish(first, platform_order_ids=(first, second)))
    ship(first, waybill.waybill)
    ship(second, waybill.waybill)
    assert snapshot_of(second).status == "shipped"


def test_a_label_for_the_old_address_is_refused_by_the_platform_too(taobao: TaobaoEmulator, tid: str) -> None:
    waybill = adapter.issue_waybill(access(), wish(tid))
    taobao.control("change_address", {"tid": tid})
    assert refused(tid, waybill.waybill).code.endswith(":F03")


def test_a_cancelled_label_is_refused_by_the_platform_too(tid: str) -> None:
    waybill = adapter.issue_waybill(access(), wish(tid))
    adapter.cancel_waybill(access(), "yto", waybill.waybill)
    assert refused(tid, waybill.waybill).code.endswith(":F01")


@pytest.mark.parametrize(
    ("arguments", "letter"),
    [(("运单",), "B60"), (("YT1234567890123", "1"), "CD26"), (("",), "B59")],
)
def test_wrong_data_is_final(tid: str, arguments: tuple[str, ...], letter: str) -> None:
    error = refused(tid, *arguments)
    assert type(error) is Permanent
    assert error.code.endswith(f":{letter}")


def test_an_unknown_order_is_final(tid: str) -> None:
    assert refused("3456789012345678900").code.endswith(":B01")


def test_a_partly_shipped_order_wants_its_lines_named(tid: str) -> None:
    first = snapshot_of(tid).lines[0].platform_line_id
    ship(tid, "YT1234567890123", first)
    assert refused(tid, "YT1234567890124").code.endswith(":CD22")


def test_a_carrier_without_code_is_not_guessed(wire: Wire, tid: str) -> None:
    assert refused(tid, carrier="jt").code == "carrier_code"
    assert wire.count(SEND) == 0
