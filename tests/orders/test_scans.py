"""One verdict for each scan: what the code is, what was done, why not, and the same answer for the same scan."""

from collections.abc import Callable

import pytest

from orders.clock import FixedClock
from orders.lifecycle import HoldReason, Need, ParcelState, Role
from orders.models import Event, Label, Scan
from orders.services import scan_words
from orders.services.move import move, move_parcel
from tests.laws.cast import SYSTEM, order_of, person
from tests.orders import factories
from tests.orders.bench import BARCODES, Bench, bench, state_of, told, unchanged

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at(clock: FixedClock) -> Bench:
    return bench()


# Looking ------------------------------------------------------------------------------------------------------------


def test_looking_says_what_lies_there_and_changes_nothing(at: Bench) -> None:
    label = at.labelled()
    order = order_of(label.parcel)
    before, events = unchanged(), Event.objects.count()
    kinds = {
        label.waybill: "waybill",
        label.parcel.number: "parcel",
        order.number: "order",
        order.platform_order_id: "order",
    }
    for code, kind in kinds.items():
        answer = at.scans("look", code, by=Role.PICKER)
        assert told(answer) == ("pass", "")
        assert (answer["word"], answer["seen"]) == ("通过", {"kind": kind, "code": code})
        assert answer["parcel"]["id"] == label.parcel_id
    assert (unchanged(), Event.objects.count()) == (before, events)
    assert Scan.objects.filter(verdict="pass", act="look", parcel=label.parcel_id).count() == len(kinds)


def test_the_parcel_is_shown_as_a_bench_needs_it(at: Bench) -> None:
    label = at.labelled("CREAM-50", "SERUM-30")
    shown = at.scans("look", label.waybill)["parcel"]
    order = order_of(label.parcel)
    lines = shown.pop("lines")
    assert shown == {
        "id": label.parcel_id,
        "number": label.parcel.number,
        "state": "packed",
        "state_word": "已打包",
        "order": order.platform_order_id,
        "order_id": order.pk,
        "held": False,
        "carrier": "yto",
        "waybill": label.waybill,
        "label": {"state": "live", "generation": 1, "copy": 1},
        "version": order.version,
        "holds": [],
        "complete": True,
    }
    assert [(line["code"], line["quantity"], line["checked"], line["barcodes"]) for line in lines] == [
        ("CR50", 1, 1, [BARCODES["CR50"]]),
        ("SE30", 1, 1, [BARCODES["SE30"]]),
    ]


@pytest.mark.parametrize(
    "dress",
    [
        lambda code: f"  {code}\r\n",
        lambda code: f"]C1{code}\x1d",
        lambda code: f"]c1 {code}\t",
        lambda code: code.lower(),
        lambda code: "".join(chr(ord(sign) + 0xFEE0) for sign in code),
        lambda code: f"\u3000{code}\u3000",
    ],
    ids=["blanks", "gs1", "gs1 small", "small letters", "full width", "full-width blanks"],
)
def test_what_scanners_and_input_methods_add_does_not_count(at: Bench, dress: Callable[[str], str]) -> None:
    label = at.labelled()
    answer = at.scans("look", dress(label.waybill))
    assert (told(answer), answer["parcel"]["waybill"]) == (("pass", ""), label.waybill)


def test_half_a_code_is_never_taken(at: Bench) -> None:
    label = at.printed()
    order = order_of(label.parcel)
    for whole in (label.waybill, label.parcel.number, order.platform_order_id, order.number, BARCODES["CR50"]):
        for act in ("look", "ship", "check"):
            answer = at.scans(act, whole[:-1], by=Role.SHIPPER, parcel=label.parcel_id)
            # A parcel's number begins with its order's.
            if answer["seen"]["kind"] == "unknown":
                assert (told(answer), answer["reason"]) == (("wrong", "incomplete_code"), "条码不完整，请重扫")
                assert answer["parcel"] is None
    assert state_of(label.parcel) == ParcelState.PACKED


@pytest.mark.parametrize("code", ["\x1d", "]C1", "YT", "99", "不是条码", "%", "YT_000000000001", "1" * 300])
def test_what_nobody_knows_is_unknown(at: Bench, code: str) -> None:
    at.labelled()
    answer = at.scans("look", code)
    assert (told(answer), answer["word"]) == (("wrong", "unknown_code"), "不认识")
    assert (answer["seen"]["kind"], answer["allowed"]) == ("unknown", ["look"])
    assert Scan.objects.get(nonce=answer["nonce"]).verdict == "wrong"


def test_goods_and_waves_say_what_they_are(at: Bench) -> None:
    parcel = at.to_check()
    at.of_wave("W20261111-07", parcel)
    assert at.scans("look", BARCODES["CR50"])["reason"] == "货品：CR50 CREAM-50"
    assert at.scans("look", "cr50")["seen"] == {"kind": "goods", "code": "cr50"}
    wave = at.scans("look", "W20261111-07")
    assert (told(wave), wave["reason"]) == (("pass", ""), "波次 W20261111-07，1 个包裹")
    assert wave["allowed"] == ["look", "pack"]
    assert at.scans("look", "W20261111-07", by=Role.PICKER)["allowed"] == ["look"]


def test_where_several_parcels_match_a_person_chooses_and_nothing_is_done(at: Bench) -> None:
    parcel = at.checked()
    order = order_of(parcel)
    other = at.shop.merged(order)
    answer = at.scans("pack", order.platform_order_id)
    assert told(answer) == ("attention", "which_parcel")
    assert [choice["parcel"] for choice in answer["choices"]] == [parcel.pk, other.pk]
    assert parcel.number in answer["choices"][0]["label"]
    assert {state_of(parcel), state_of(other)} == {ParcelState.TO_PICK}
    chosen = at.scans("pack", order.platform_order_id, parcel=parcel.pk)
    assert told(chosen) == ("pass", "")
    assert (state_of(parcel), state_of(other)) == (ParcelState.PACKED, ParcelState.TO_PICK)


def test_a_code_of_another_parcel_than_the_chosen_one_does_nothing(at: Bench) -> None:
    parcel, other = at.checked(), at.checked()
    assert told(at.scans("pack", other.number, parcel=parcel.pk)) == ("wrong", "other_parcel")
    assert {state_of(parcel), state_of(other)} == {ParcelState.TO_PICK}


def test_an_order_of_which_nothing_lies_here_says_so(at: Bench) -> None:
    order = at.shop.sells()
    assert told(at.scans("look", order.number)) == ("stop", "no_parcel_yet")
    waits = at.shop.sells("NEVER-MAPPED")
    answer = at.scans("look", waits.platform_order_id)
    assert told(answer) == ("stop", "held")
    assert "商品未对应" in answer["reason"]


def test_what_was_voided_or_came_back_stops(at: Bench) -> None:
    label = at.labelled()
    lead = person(at.who(Role.WAREHOUSE_LEAD))
    assert move_parcel(label.parcel_id, "void", cause=lead, reason="拆包").ok
    for act in ("look", "pack", "print", "ship"):
        assert told(at.scans(act, label.waybill, by=Role.SHIPPER)) == ("stop", "voided")
    back = at.printed()
    assert told(at.scans("ship", back.waybill, by=Role.SHIPPER)) == ("pass", "")
    assert move_parcel(back.parcel_id, "return", cause=person(at.shop.user(Role.CS)), reason="拒收").ok
    assert told(at.scans("look", back.waybill)) == ("stop", "returned")


# Who may see --------------------------------------------------------------------------------------------------------


def test_what_is_somebody_elses_is_unknown_word_for_word(at: Bench) -> None:
    theirs = bench()
    label = theirs.printed()
    # Far from any number of ours, which theirs may not be half of.
    Label.objects.filter(pk=label.pk).update(waybill="ZZ98765432100")
    label.refresh_from_db()
    theirs.of_wave("WAVE-OF-THEIRS", label.parcel)
    order = order_of(label.parcel)
    at.printed()
    far = factories.user(Role.SHIPPER, warehouse=factories.warehouse(at.company))
    mine = at.printed()
    codes = [label.waybill, label.parcel.number, order.number, order.platform_order_id, "WAVE-OF-THEIRS"]
    pairs = [(at.who(Role.SHIPPER), [*codes, label.waybill[:-1]]), (far, [mine.waybill, mine.parcel.number[:-1]])]
    before = unchanged()
    for user, strange in pairs:
        for act in ("look", "check", "pack", "print", "ship"):
            unknown = at.scans(act, "NOBODY-KNOWS-THIS", by=user, parcel=None)
            for code in strange:
                answer = at.scans(act, code, by=user, parcel=None)
                same = {"nonce": unknown["nonce"], "seen": unknown["seen"]}
                assert {**answer, **same} == unknown, (act, code)
                assert answer["seen"] == {"kind": "unknown", "code": code}
    assert unchanged() == before


def test_a_parcel_id_of_somebody_else_opens_nothing(at: Bench) -> None:
    theirs = bench().to_check()
    for act, code in (("check", BARCODES["CR50"]), ("check", theirs.number), ("pack", theirs.number)):
        assert told(at.scans(act, code, parcel=theirs.pk)) == ("wrong", "unknown_code")
    answer = at.scans("pack", codes=(theirs.number,))
    assert told(answer) == ("wrong", "wave_empty")
    assert answer["wave"] == {
        "packed": [],
        "left_out": [{"parcel": None, "number": theirs.number, "reason": "不认识这个条码"}],
    }


def test_no_answer_names_the_person_it_goes_to(at: Bench) -> None:
    label = at.printed()
    at.holds(label.parcel, note="王小明 13800001111 说先别发到 文三路 1 号，改打 13912345678")
    answers = [at.scans(act, label.waybill, by=Role.SHIPPER) for act in ("look", "print", "ship", "pack")]
    assert {answer["verdict"] for answer in answers} == {"stop"}
    for text in (str(answers), str(list(Scan.objects.values_list("answer", "reason")))):
        assert "说先别发到" in text
        for personal in ("王小明", "13800001111", "文三路", "13912345678", "西湖区"):
            assert personal not in text


# Held ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["look", "check", "pack", "print", "ship"])
def test_a_held_order_stops_whatever_is_asked(at: Bench, act: str) -> None:
    label = at.labelled()
    at.holds(label.parcel, note="先别发")
    before = unchanged()
    code = BARCODES["CR50"] if act == "check" else label.waybill
    for role in (Role.SHIPPER, Role.WAREHOUSE_LEAD):
        answer = at.scans(act, code, by=role, parcel=label.parcel_id)
        assert (told(answer), answer["word"]) == (("stop", "held"), "停发")
        assert answer["reason"] == "人工锁单：先别发"
        assert answer["help"] == "放到异常区，等锁单的人处理；由运营主管解封"
        assert answer["allowed"] == ["look"]
        assert answer["parcel"]["held"] is True
        assert answer["parcel"]["holds"] == [{"reason": "manual", "word": "人工锁单", "note": "先别发"}]
    assert unchanged() == before


def test_a_hold_on_one_of_merged_orders_stops_their_parcel(at: Bench) -> None:
    one, two = at.shop.sells(), at.shop.sells()
    parcel = at.shop.merged(one, two)
    for order in (one, two):
        assert move(order.pk, "release", cause=SYSTEM).ok
    at.holds_order(two)
    answer = at.scans("pack", parcel.number)
    assert told(answer) == ("stop", "held")
    assert state_of(parcel) == ParcelState.TO_PICK


def test_every_hold_and_every_need_tells_what_to_do_and_who_can_help() -> None:
    for reason in HoldReason:
        text = scan_words.help_for_hold(reason, four_eyes=False, lifters=[Role.OPS_MANAGER])
        assert text.endswith("由运营主管解封")
        assert "另一位" in scan_words.help_for_hold(reason, four_eyes=True, lifters=[Role.OPS_MANAGER])
        assert len(scan_words.help_for_hold(reason, four_eyes=False, lifters=[])) > 4
    assert all(scan_words.help_for_needs([need]) for need in Need)
    assert scan_words.help_for_role([Role.SHIPPER, Role.WAREHOUSE_LEAD]) == "请仓管组长、发货员来扫"
    assert scan_words.help_for_role([]) == "请找组长"
