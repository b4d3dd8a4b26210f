"""What scans do: pieces, confirmations, whole waves, prints, hand-overs; and what each of them is refused for."""

from collections import Counter
from datetime import timedelta

import pytest

from orders.clock import FixedClock
from orders.lifecycle import HoldReason, LabelState, ParcelState, Role
from orders.models import Barcode, Event, Goods, Hold, Label, Order, PackLine, Parcel, PrintAttempt, TransitionPolicy
from orders.services.labels import print_result
from orders.services.move import move_parcel
from tests.laws.cast import SYSTEM, order_of, person
from tests.orders.bench import BARCODES, Bench, bench, state_of, told, unchanged

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at(clock: FixedClock) -> Bench:
    return bench()


# Pieces -------------------------------------------------------------------------------------------------------------


def counted(parcel: Parcel) -> list[int]:
    return list(PackLine.objects.filter(parcel=parcel).order_by("pk").values_list("checked_quantity", flat=True))


def test_pieces_are_counted_one_by_one_and_the_last_leaves_the_one_event(at: Bench) -> None:
    parcel = at.to_check("CREAM-50", "SERUM-30", "CREAM-50")
    for code, so_far in (("CR50", [1, 0, 0]), ("CR50", [1, 0, 1]), ("SE30", [1, 1, 1])):
        assert not Event.objects.filter(verb="lines_checked").exists()
        answer = at.scans("check", BARCODES[code], by=Role.PICKER, parcel=parcel.pk)
        assert (told(answer), counted(parcel)) == (("pass", ""), so_far)
        assert [line["checked"] for line in answer["parcel"]["lines"]] == so_far
        assert answer["parcel"]["complete"] == ("check" not in answer["allowed"]) == (so_far == [1, 1, 1])
    event = Event.objects.get(verb="lines_checked")
    assert (event.parcel_id, event.facts["pieces"], event.actor) == (parcel.pk, 3, f"person:{at.who(Role.PICKER).pk}")


@pytest.mark.parametrize(
    ("code", "why"),
    [("SE30", "not_in_parcel"), (BARCODES["SE30"], "not_in_parcel"), (BARCODES["CR50"], "too_many")],
)
def test_wrong_goods_and_too_many_are_not_counted(at: Bench, code: str, why: str) -> None:
    parcel = at.to_check("CREAM-50", "LIP-01")
    at.scans("check", BARCODES["CR50"], parcel=parcel.pk)
    answer = at.scans("check", code, parcel=parcel.pk)
    assert (told(answer), answer["word"], counted(parcel)) == (("wrong", why), "错货", [1, 0])
    assert state_of(parcel) == ParcelState.TO_PICK


def test_one_barcode_of_two_goods_in_the_same_parcel_asks_for_the_code(at: Bench) -> None:
    parcel = at.to_check("CREAM-50", "LIP-01")
    Barcode.objects.create(goods=Goods.objects.get(code="LP01"), code=BARCODES["CR50"])
    assert told(at.scans("check", BARCODES["CR50"], parcel=parcel.pk)) == ("wrong", "ambiguous")
    assert told(at.scans("check", "LP01", parcel=parcel.pk)) == ("pass", "")
    assert counted(parcel) == [0, 1]


def test_a_code_that_is_no_goods_counts_nothing(at: Bench) -> None:
    parcel, other = at.to_check(), at.to_check()
    own, strange = (at.scans("check", each.number, parcel=parcel.pk) for each in (parcel, other))
    assert [told(own), told(strange)] == [("attention", "own_code"), ("wrong", "not_goods")]
    assert told(at.scans("check", BARCODES["CR50"])) == ("wrong", "no_parcel")
    assert told(at.scans("check", "6900000000000", parcel=parcel.pk)) == ("wrong", "unknown_code")
    assert counted(parcel) == counted(other) == [0]


def test_who_does_not_work_at_the_bench_checks_nothing(at: Bench) -> None:
    parcel = at.to_check()
    answer = at.scans("check", BARCODES["CR50"], by=Role.CS, parcel=parcel.pk)
    assert (told(answer), answer["help"]) == (("stop", "role"), "请仓管组长、仓管员、发货员来扫")
    assert counted(parcel) == [0]


def test_a_packed_parcel_is_not_checked_again_and_one_that_left_not_at_all(at: Bench) -> None:
    label = at.printed()
    assert told(at.scans("check", BARCODES["CR50"], parcel=label.parcel_id)) == ("same", "already_packed")
    at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert told(at.scans("check", BARCODES["CR50"], parcel=label.parcel_id)) == ("stop", "left")
    assert counted(label.parcel) == [1]


def test_unpacking_forgets_no_piece(at: Bench) -> None:
    parcel = at.to_check()
    at.scans("check", BARCODES["CR50"], parcel=parcel.pk)
    assert told(at.scans("pack", parcel.number)) == ("pass", "")
    lead = person(at.who(Role.WAREHOUSE_LEAD))
    assert move_parcel(parcel.pk, "unpack", cause=lead, reason="换箱").ok
    assert counted(parcel) == [1]
    assert told(at.scans("pack", parcel.number)) == ("pass", "")


def test_a_parcel_whose_goods_nobody_knows_is_packed_without_pieces(clock: FixedClock) -> None:
    at = bench(checks_lines=False)
    at.shop.shop.requires_mapping = False
    at.shop.shop.save()
    parcel = at.to_check("NEVER-MAPPED")
    assert told(at.scans("check", BARCODES["CR50"], parcel=parcel.pk)) == ("attention", "no_pack_lines")
    assert at.scans("look", parcel.number)["parcel"]["complete"] is True
    assert told(at.scans("pack", parcel.number)) == ("pass", "")


# Confirming ---------------------------------------------------------------------------------------------------------


def test_only_a_lead_confirms_and_the_answer_says_so(at: Bench) -> None:
    parcel = at.checked()
    refused = at.scans("pack", parcel.number, by=Role.PICKER)
    assert (told(refused), refused["help"]) == (("stop", "role"), "请仓管组长来扫")
    assert "pack" not in refused["allowed"]
    assert state_of(parcel) == ParcelState.TO_PICK
    event = Event.objects.get(verb="pack", result="refused")
    assert (event.key, event.cause) == ("role", f"scan:{refused['nonce']}")
    assert "pack" in at.scans("look", parcel.number)["allowed"]
    assert told(at.scans("pack", parcel.number)) == ("pass", "")
    assert Parcel.objects.get(pk=parcel.pk).packed_by == at.who(Role.WAREHOUSE_LEAD)
    assert told(at.scans("pack", parcel.number)) == ("same", "already_packed")
    assert Event.objects.filter(verb="pack", result="ok").count() == 1


def test_who_confirms_is_a_matter_of_the_sellers_policy(at: Bench) -> None:
    parcel = at.checked()
    TransitionPolicy.objects.create(
        company=at.company, act="parcel.pack", roles=[str(Role.PICKER)], causes=[], needs=["lines_checked"]
    )
    assert "pack" in at.scans("look", parcel.number, by=Role.PICKER)["allowed"]
    assert told(at.scans("pack", parcel.number)) == ("stop", "role")
    assert told(at.scans("pack", parcel.number, by=Role.PICKER)) == ("pass", "")


def test_an_unchecked_parcel_is_not_confirmed(at: Bench) -> None:
    parcel = at.to_check()
    answer = at.scans("pack", parcel.number)
    assert told(answer) == ("stop", "illegal_move")
    assert (answer["reason"], answer["help"]) == ("还有货品未验货：CREAM-50", "先到“验货”把剩下的扫完")
    assert answer["allowed"] == ["look", "check"]
    assert state_of(parcel) == ParcelState.TO_PICK


def test_only_a_parcels_code_confirms(at: Bench) -> None:
    at.checked()
    assert told(at.scans("pack", BARCODES["CR50"])) == ("wrong", "not_parcel")
    assert not Parcel.objects.exclude(state="to_pick").exists()


# Waves --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["by its number", "collected"])
def test_a_wave_of_thirty_leaves_out_the_held_and_the_unchecked_by_name(at: Bench, way: str) -> None:
    parcels = [at.checked() for _ in range(28)]
    held, unchecked = at.checked(), at.to_check()
    at.holds(held)
    wave = [*parcels, held, unchecked]
    at.of_wave("W20261111-07", *wave)
    if way == "collected":
        answer = at.scans("pack", codes=tuple(parcel.number for parcel in wave))
    else:
        answer = at.scans("pack", "W20261111-07")
    assert told(answer) == ("attention", "wave_in_part")
    assert [row["parcel"] for row in answer["wave"]["packed"]] == [parcel.pk for parcel in parcels]
    assert {row["number"]: row["reason"] for row in answer["wave"]["left_out"]} == {
        held.number: "订单已锁单，解封后才能操作：人工锁单",
        unchecked.number: "还有货品未验货：CREAM-50",
    }
    assert Counter(map(state_of, wave)) == {ParcelState.PACKED: 28, ParcelState.TO_PICK: 2}
    events = Event.objects.filter(verb="pack")
    assert Counter(events.values_list("result", flat=True)) == {"ok": 28, "refused": 2}
    assert set(events.filter(result="ok").values_list("parcel_id", flat=True)) == {parcel.pk for parcel in parcels}
    assert len(set(events.values_list("act_id", flat=True))) == 1
    again = at.scans("pack", "W20261111-07")
    assert told(again) == ("stop", "wave_refused")
    assert Event.objects.filter(verb="pack", result="ok").count() == 28


def test_a_whole_wave_passes_and_a_second_time_it_is_the_same(at: Bench) -> None:
    wave = [at.checked() for _ in range(3)]
    codes = tuple(parcel.number for parcel in wave)
    first, second = at.scans("pack", codes=codes), at.scans("pack", codes=codes)
    assert [told(first), told(second)] == [("pass", ""), ("same", "already_packed")]
    assert [row["number"] for row in first["wave"]["packed"]] == list(codes)
    assert (first["wave"]["left_out"], second["wave"]["packed"]) == ([], [])
    assert Event.objects.filter(verb="pack").count() == 3


def test_a_wave_without_the_right_is_refused_once(at: Bench) -> None:
    wave = [at.checked() for _ in range(3)]
    answer = at.scans("pack", codes=tuple(parcel.number for parcel in wave), by=Role.SHIPPER)
    assert (told(answer), answer["help"]) == (("stop", "role"), "请仓管组长来扫")
    assert len(answer["wave"]["left_out"]) == 3
    assert Event.objects.filter(verb="pack").count() == 1
    assert set(map(state_of, wave)) == {ParcelState.TO_PICK}


def test_what_cannot_be_read_in_a_collected_wave_is_named_and_the_rest_is_packed(at: Bench) -> None:
    good, twice = at.checked(), at.checked()
    order = order_of(twice)
    at.shop.merged(order)
    label = at.labelled()
    codes = (good.number, good.number.lower(), "NOBODY", order.platform_order_id, BARCODES["CR50"], label.waybill)
    answer = at.scans("pack", codes=codes)
    assert told(answer) == ("attention", "wave_in_part")
    assert [row["parcel"] for row in answer["wave"]["packed"]] == [good.pk]
    assert [(row["number"], row["reason"]) for row in answer["wave"]["left_out"]] == [
        (label.parcel.number, "已打包"),
        ("NOBODY", "不认识这个条码"),
        (order.platform_order_id, "有多个包裹，请选择"),
        (BARCODES["CR50"], "不认识这个条码"),
    ]


def test_a_wave_that_is_too_large_does_nothing(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.services.packing.LARGEST_WAVE", 1)
    at.of_wave("W1", at.checked(), at.checked())
    assert told(at.scans("pack", "W1")) == ("stop", "wave_too_large")
    assert not Event.objects.filter(verb="pack").exists()


@pytest.mark.parametrize(("act", "why"), [("ship", "not_waybill"), ("print", "not_parcel"), ("check", "not_goods")])
def test_a_wave_is_confirmed_and_nothing_else(at: Bench, act: str, why: str) -> None:
    parcel = at.checked()
    at.of_wave("W1", parcel)
    assert told(at.scans(act, "W1", by=Role.SHIPPER, parcel=parcel.pk)) == ("wrong", why)


# Printing -----------------------------------------------------------------------------------------------------------


def test_a_print_is_granted_once_and_the_second_stops_the_order(at: Bench) -> None:
    label = at.labelled()
    first = at.scans("print", label.parcel.number, by=Role.PICKER)
    attempt = PrintAttempt.objects.get()
    assert told(first) == ("pass", "")
    assert first["print"] == {
        "id": attempt.pk,
        "granted": True,
        "waybill": label.waybill,
        "carrier": "yto",
        "copy": 1,
    }
    assert (attempt.station, attempt.printer, attempt.user) == ("A3", "P1", at.who(Role.PICKER))
    second = at.scans("print", label.parcel.number, by=Role.SHIPPER)
    assert (told(second), second["print"]) == (("stop", "duplicate_print"), None)
    assert second["help"] == "两张面单都留下，不要贴，不要再打；由另一位运营主管解封"
    assert [hold["reason"] for hold in second["parcel"]["holds"]] == ["duplicate_print"]
    assert Hold.objects.get().reason == HoldReason.DUPLICATE_PRINT
    assert Counter(PrintAttempt.objects.values_list("outcome", flat=True)) == {"granted": 1, "refused": 1}


def test_without_a_label_there_is_nothing_to_print(at: Bench) -> None:
    answer = at.scans("print", at.packed().number, by=Role.PICKER)
    assert (told(answer), answer["reason"]) == (("stop", "illegal_move"), "包裹还没有可打印的面单")
    assert told(at.scans("print", BARCODES["CR50"], by=Role.PICKER)) == ("wrong", "not_parcel")
    assert not PrintAttempt.objects.exists()


# Handing over -------------------------------------------------------------------------------------------------------


def test_the_waybill_on_the_label_hands_over_and_nothing_else_does(at: Bench) -> None:
    label = at.printed()
    order = order_of(label.parcel)
    for code in (label.parcel.number, order.number, order.platform_order_id, BARCODES["CR50"]):
        answer = at.scans("ship", code, by=Role.SHIPPER)
        assert (told(answer), answer["reason"]) == (("wrong", "not_waybill"), "请扫面单上的运单号")
    assert state_of(label.parcel) == ParcelState.PACKED
    assert told(at.scans("ship", label.waybill, by=Role.SHIPPER)) == ("pass", "")
    assert (state_of(label.parcel), Order.objects.get().state) == ("shipped", "shipped")
    again = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert (told(again), again["word"]) == (("same", "already_shipped"), "重复")
    assert Event.objects.filter(verb="ship").count() == 1


def test_only_a_shipper_hands_over(at: Bench) -> None:
    label = at.printed()
    answer = at.scans("ship", label.waybill, by=Role.PICKER)
    assert (told(answer), answer["help"]) == (("stop", "role"), "请发货员来扫")
    assert state_of(label.parcel) == ParcelState.PACKED


def test_an_unpacked_parcel_is_not_handed_over(at: Bench) -> None:
    label = at.printed()
    lead = person(at.who(Role.WAREHOUSE_LEAD))
    assert move_parcel(label.parcel_id, "unpack", cause=lead, reason="换箱").ok
    assert told(at.scans("ship", label.waybill, by=Role.SHIPPER)) == ("stop", "illegal_move")


def test_an_open_refund_stops_at_the_scanner_and_even_when_its_hold_was_lifted(at: Bench) -> None:
    label = at.printed()
    at.refund(label.parcel)
    held = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert (told(held), held["help"]) == (("stop", "held"), "不要发出，放到退款区；由运营主管解封")
    assert held["reason"] == "申请退款：买家申请退款，商品先不要发出"
    at.lifts(Hold.objects.get().pk)
    open_still = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert (told(open_still), open_still["help"]) == (("stop", "illegal_move"), "不要发出，放到退款区")
    assert told(at.scans("look", label.waybill)) == ("attention", "")
    assert state_of(label.parcel) == ParcelState.PACKED


def test_a_label_with_an_old_address_does_not_leave(at: Bench) -> None:
    label = at.printed()
    at.changes_address(label.parcel)
    held = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert told(held) == ("stop", "held")
    assert held["reason"].startswith("地址不一致")
    at.lifts(*Hold.objects.filter(state="open").values_list("pk", flat=True))
    lifted = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert (told(lifted), lifted["reason"]) == (("stop", "illegal_move"), "面单地址不是最新地址，请换面单")
    assert state_of(label.parcel) == ParcelState.PACKED


@pytest.mark.parametrize("act", ["look", "pack", "print", "ship"])
def test_the_paper_of_a_dead_label_stops(at: Bench, act: str) -> None:
    old, new = at.relabelled()
    before = unchanged()
    answer = at.scans(act, old.waybill, by=Role.SHIPPER)
    assert (told(answer), answer["reason"]) == (("stop", "old_label"), "旧面单：这张面单已经作废")
    assert answer["parcel"]["waybill"] == new.waybill
    assert unchanged() == before
    assert Event.objects.filter(result="refused", key="old_label").count() == (act != "look")
    assert told(at.scans("look", new.waybill)) == ("pass", "")


def test_a_number_that_lives_again_on_another_label_means_that_one(at: Bench) -> None:
    old, _ = at.relabelled()
    other = at.labelled()
    Label.objects.filter(pk=other.pk).update(waybill=old.waybill)
    answer = at.scans("look", old.waybill)
    assert (told(answer), answer["parcel"]["id"]) == (("pass", ""), other.parcel_id)


def test_orders_that_travel_together_leave_together(at: Bench) -> None:
    parcel = at.checked()
    guest = at.shop.sells()
    parcel.lines.create(order_line=guest.lines.get(), quantity=1)
    lead = person(at.who(Role.WAREHOUSE_LEAD))
    assert move_parcel(parcel.pk, "pack", cause=lead).ok
    label = at.shop.label_for(parcel)
    answer = at.scans("ship", label.waybill, by=Role.SHIPPER)
    assert told(answer) == ("pass", "")
    assert answer["parcel"]["order"] == f"{order_of_host(parcel, guest)}、{guest.platform_order_id}"
    events = Event.objects.filter(verb="ship")
    assert (events.count(), len(set(events.values_list("act_id", flat=True)))) == (2, 1)


def order_of_host(parcel: Parcel, guest: Order) -> str:
    return Order.objects.filter(lines__parcel_lines__parcel=parcel).exclude(pk=guest.pk).get().platform_order_id


# Time ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("drift", "right"), [(5, True), (6, False), (-24 * 60, True), (-24 * 60 - 1, False)])
def test_a_device_with_a_wrong_clock_is_told_and_the_act_has_the_towers_time(
    at: Bench, clock: FixedClock, drift: int, right: bool
) -> None:
    label = at.printed()
    said = clock.now() + timedelta(minutes=drift)
    answer = at.scans("ship", label.waybill, by=Role.SHIPPER, scanned_at=said)
    assert (answer["verdict"], answer["reason"]) == (("pass", "") if right else ("attention", "设备时间不对"))
    assert Parcel.objects.get(pk=label.parcel_id).shipped_at == clock.now()
    again = at.scans("ship", label.waybill, by=Role.SHIPPER, scanned_at=said)
    assert told(again) == ("same", "already_shipped")
    assert ("设备时间不对" in again["reason"]) is not right


def test_a_wave_of_prints_is_reported_through_the_same_attempts(at: Bench) -> None:
    label = at.labelled()
    granted = at.scans("print", label.waybill, by=Role.PICKER)["print"]["id"]
    assert print_result(granted, outcome="printed", cause=SYSTEM).ok
    assert Label.objects.get(pk=label.pk).state == LabelState.PRINTED
    assert told(at.scans("ship", label.waybill, by=Role.SHIPPER)) == ("pass", "")
