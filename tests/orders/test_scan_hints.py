"""Why an unknown code was not understood: in words that a worker can act on, and without a word about other people."""

import pytest

from orders.clock import FixedClock
from orders.lifecycle import ParcelState, Role
from orders.models import Event, Scan
from orders.services import scan_words
from tests.laws.cast import order_of
from tests.orders.bench import Bench, bench, state_of, told, unchanged

pytestmark = pytest.mark.django_db

SF, YTO, GOODS = "SF7444407670710", "YT9693083639795", "6901028075831"


@pytest.fixture
def at(clock: FixedClock) -> Bench:
    return bench()


def test_another_courier_s_number_on_the_open_parcel_is_named(at: Bench) -> None:
    label = at.printed()
    before, events = unchanged(), Event.objects.count()
    answer = at.scans("ship", SF, by=Role.SHIPPER, parcel=label.parcel_id)
    assert told(answer) == ("wrong", "other_courier")
    assert answer["reason"] == "这像顺丰的单号，这个包裹的面单是圆通"
    assert answer["help"] == "核对面单：贴错了就放一边，找组长"
    assert (answer["word"], answer["seen"]) == ("扫错", {"kind": "unknown", "code": SF})
    assert (unchanged(), Event.objects.count()) == (before, events)
    assert Scan.objects.get(nonce=answer["nonce"]).reason == answer["reason"]


def test_a_number_that_several_couriers_use_names_them_all(at: Bench) -> None:
    label = at.printed()
    answer = at.scans("ship", "JT0006968326954", by=Role.SHIPPER, parcel=label.parcel_id)
    assert answer["reason"] == "这像极兔或百世的单号，这个包裹的面单是圆通"


@pytest.mark.parametrize("code", [YTO, "YT12345678", "123456789012", "NOBODY-KNOWS-THIS"])
def test_a_number_that_may_be_the_label_s_own_courier_s_is_only_unknown(at: Bench, code: str) -> None:
    label = at.printed()
    assert told(at.scans("ship", code, by=Role.SHIPPER, parcel=label.parcel_id)) == ("wrong", "unknown_code")


def test_without_an_open_parcel_of_one_s_own_nothing_is_compared(at: Bench) -> None:
    theirs = bench().printed()
    for parcel in (None, theirs.parcel_id, 10**9):
        answer = at.scans("ship", SF, by=Role.SHIPPER, parcel=parcel)
        assert told(answer) == ("wrong", "unknown_code")
    packed = at.packed()
    assert told(at.scans("print", SF, by=Role.SHIPPER, parcel=packed.pk)) == ("wrong", "unknown_code")


def test_another_parcel_s_own_number_is_no_matter_of_couriers(at: Bench) -> None:
    label, other = at.printed(), at.printed()
    answer = at.scans("ship", other.waybill, by=Role.SHIPPER, parcel=label.parcel_id)
    assert told(answer) == ("wrong", "other_parcel")


@pytest.mark.parametrize("act", ["look", "pack", "print", "ship"])
def test_a_wrong_check_digit_is_told(at: Bench, act: str) -> None:
    at.printed()
    answer = at.scans(act, "EA123456780CN", by=Role.SHIPPER)
    assert told(answer) == ("wrong", "mistyped_waybill")
    assert answer["reason"] == "运单号有误：校验位不对"
    assert told(at.scans(act, "EA123456785CN", by=Role.SHIPPER)) == ("wrong", "unknown_code")


def test_a_69_code_at_the_hand_over_is_told_to_be_goods(at: Bench) -> None:
    label = at.printed()
    answer = at.scans("ship", f"]C0{GOODS}\r\n", by=Role.SHIPPER)
    assert told(answer) == ("wrong", "product_code")
    assert (answer["reason"], answer["help"]) == ("这是商品条码（69 码），不是运单号", "请扫面单上的运单号")
    assert state_of(label.parcel) == ParcelState.PACKED
    # One digit wrong, or where no waybill is due: nothing is known of it.
    assert told(at.scans("ship", "6901028075832", by=Role.SHIPPER)) == ("wrong", "unknown_code")
    for act in ("look", "check", "pack"):
        assert told(at.scans(act, GOODS)) == ("wrong", "unknown_code")


def test_the_square_code_of_a_label_sends_to_the_bars(at: Bench) -> None:
    answer = at.scans("ship", f"MMM={{'k1':'755W','k3':'{SF}'}}", by=Role.SHIPPER)
    assert (told(answer), answer["reason"]) == (("wrong", "square_code"), "这是面单上的二维码")


def test_half_of_one_s_own_code_is_still_incomplete_and_goods_stay_goods(at: Bench) -> None:
    label = at.printed()
    half = at.scans("ship", label.waybill[:-1], by=Role.SHIPPER, parcel=label.parcel_id)
    assert told(half) == ("wrong", "incomplete_code")
    assert told(at.scans("check", "EA123456780CN", parcel=label.parcel_id)) == ("wrong", "unknown_code")
    assert order_of(label.parcel).state == ParcelState.PACKED


def test_a_hint_is_kept_and_repeated_with_the_scan(at: Bench) -> None:
    label = at.printed()
    asked = at.asks("ship", SF, parcel=label.parcel_id)
    first = at.sends(asked, by=Role.SHIPPER)
    again = at.sends(asked, by=Role.SHIPPER)
    assert again == {**first, "repeat": True}


def test_every_hint_has_something_to_do() -> None:
    for code in ("product_code", "mistyped_waybill", "square_code", "other_courier", "unknown_code"):
        assert scan_words.sentences(code)[1]
