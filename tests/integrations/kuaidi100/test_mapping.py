"""What a row means: tables complete, nothing guessed, nobody named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.adapter import Message, Said
from integrations.carriers.kuaidi100 import adapter, mapping
from integrations.errors import Unreadable
from orders.services.claims import PROGRESS, TIE_RANK
from orders.vocabulary import TrackPoint
from tests.integrations.kuaidi100.street import NOW, WAYBILL, envelope, facts, param_of, row

HOUR = timedelta(hours=1)
# 快递100's lists of basic and advanced states, written down a second time.
BASIC = "0 1 2 3 4 5 6 7 8 10 11 12 13 14".split()  # noqa: SIM905
ADVANCED = "101 102 103 1001 1002 1003 201 202 203 204 205 206 207 208 209 210 301 302 303 304 401 501".split()  # noqa: SIM905
NOT_MOVING = {"101", "102", "210", "401"}


def points(*rows: object, **more: Any) -> list[TrackPoint]:
    found = [said.snapshot for said in facts(envelope(*rows, **more))]
    assert all(isinstance(point, TrackPoint) for point in found)
    return found  # type: ignore[return-value]


def test_every_published_code_is_listed_and_no_other() -> None:
    assert mapping.STAGES.keys() == {*BASIC, *ADVANCED}


def test_every_stage_is_a_word_which_the_tower_can_rank() -> None:
    assert {stage for stage in mapping.STAGES.values() if stage not in TIE_RANK} == set()


def test_only_what_a_courier_holds_counts_as_shipped() -> None:
    moving = {code for code, stage in mapping.STAGES.items() if PROGRESS["courier"].get(stage, 0)}
    assert mapping.STAGES.keys() - moving == NOT_MOVING


@pytest.mark.parametrize("code", ["101", "102", "210", "401"])
def test_the_first_digit_says_nothing(code: str) -> None:
    assert mapping.STAGES[code] in ("label_created", "cancelled")


@pytest.mark.parametrize("code", ["9", "15", "105", "310", "3001", "00", "03", "301.0", "NaN", "签收", "-1", "x" * 500])
def test_an_unlisted_code_is_unknown_and_keeps_its_text(code: str) -> None:
    (point,) = points(row(code, context="快件由机器人收下", status="签收"))
    assert point.stage == "unknown"
    assert point.text == f"[{code[:12]}] 快件由机器人收下"


def test_a_code_written_as_a_number_is_the_same_code() -> None:
    as_number = row("301")
    as_number["statusCode"] = 301
    assert facts(envelope(as_number)) == facts(envelope(row("301")))


def test_a_name_counts_only_where_there_is_no_code() -> None:
    assert [point.stage for point in points(row("", status="派件"), row("0", status="签收"))] == [
        "out_for_delivery",
        "in_transit",
    ]


def test_without_any_status_the_newest_row_has_the_parcels_state_and_older_ones_have_none() -> None:
    bare = [row("", NOW - (3 - place) * HOUR, f"第 {place} 步", status="") for place in range(3)]
    content = envelope(*bare)
    content["lastResult"]["state"] = "3"
    assert [said.snapshot.stage for said in facts(content)] == ["unknown", "unknown", "signed"]  # type: ignore[union-attr]


def test_rows_are_told_oldest_first_whatever_their_order() -> None:
    rows = [row("103", NOW - 3 * HOUR), row("1002", NOW - 2 * HOUR), row("5", NOW - HOUR), row("301", NOW)]
    expected = ["picked_up", "in_transit", "out_for_delivery", "signed"]
    for told in (rows, rows[::-1], [rows[2], rows[0], rows[3], rows[1]]):
        assert [point.stage for point in points(*told)] == expected


def test_a_row_that_stands_twice_in_one_list_is_one_fact() -> None:
    assert len(facts(envelope(row("103"), row("103"), row("5")))) == 2


def test_two_rows_of_one_second_are_two_facts() -> None:
    assert len(facts(envelope(row("103", context="甲"), row("103", context="乙"), row("1002", context="乙")))) == 3


def test_a_row_that_is_read_otherwise_later_is_news_and_no_contradiction() -> None:
    """Another meaning under the same key would be parked as a forgery."""
    before = facts(envelope(row("301")))
    after = facts(envelope(row("304")))
    other = facts(envelope(row("301"), com="zhongtong"))
    keys = {one.key: repr(one.snapshot) for said in (before, after, other) for one in said}
    assert len(keys) == 3


def test_times_are_beijings() -> None:
    (point,) = points(row("103", NOW))
    assert point.at == datetime(2026, 11, 11, 4, 0, tzinfo=UTC)
    assert points(row("103", NOW, ftime="", time="2026-11-11 12:00"))[0].at == point.at


def test_the_courier_is_named_in_the_towers_words_where_it_has_one() -> None:
    named = {com: points(row(), com=com)[0].carrier for com in ("shunfeng", "jtexpress", "youzhengguonei", "nobody")}
    assert named == {"shunfeng": "sf", "jtexpress": "jt", "youzhengguonei": "ems", "nobody": "nobody"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("派件员：李军（13800001111）", "派件员：李**（138****1111）"),
        ("派件员：李军，电话138 0000 1111", "派件员：李**，电话138****1111"),
        ("联系电话 028-81234567", "联系电话 028****4567"),
        ("签收人是【张三】", "签收人是【张**】"),
        ("签收人：本人", "签收人：本人"),
        ("已由门卫代签", "已由门卫代签"),
        ("收件人拒收", "收件人拒收"),
        ("单号 73111390619708 已到达", "单号 73111390619708 已到达"),
        ("签收人：" + " " * 100_000, ("签收人：" + " " * 100_000)[:300]),
    ],
)
def test_people_and_telephones_stay_out_of_the_text(said: str, kept: str) -> None:
    assert points(row("301", context=said))[0].text == kept.strip()


def test_a_text_is_never_endless_and_never_carries_what_a_database_refuses() -> None:
    (point,) = points(row("301", context="签收\x00" + "长" * 10_000))
    assert len(point.text) == 300
    assert "\x00" not in point.text
    body = param_of(envelope(row("301"))).replace("快件已被揽收".encode(), b"\\ud800")
    (said,) = adapter.parse(Message(kind="push", key="k", body=body))
    assert isinstance(said, Said)
    assert said.snapshot.text.encode()  # type: ignore[union-attr]


def test_a_push_without_rows_says_nothing() -> None:
    nothing: tuple[Any, ...] = ([], None, "")
    for data in nothing:
        content = envelope()
        content["lastResult"]["data"] = data
        assert adapter.parse(Message(kind="push", key="k", body=param_of(content))) == []


def test_the_second_couriers_rows_belong_to_the_same_parcel() -> None:
    there = {"nu": "LX123456789CN", "com": "usps", "data": [row("3", context="Delivered")]}
    found = points(row("103", NOW - HOUR), destResult=there)
    assert [(point.waybill, point.carrier, point.stage) for point in found] == [
        (WAYBILL, "yto", "picked_up"),
        (WAYBILL, "usps", "signed"),
    ]


@pytest.mark.parametrize(
    "nu", ["", " ", "x", "1234 5678", "运单号123456", "9" * 41, "-1234567", "a\x00bcdef", None, [], {}]
)
def test_a_number_which_is_none_is_refused(nu: object) -> None:
    content = envelope(row())
    content["lastResult"]["nu"] = nu
    with pytest.raises(Unreadable, match="单号"):
        adapter.parse(Message(kind="push", key="k", body=param_of(content)))


def test_a_number_written_as_a_number_keeps_every_digit() -> None:
    content = envelope(row())
    content["lastResult"]["nu"] = 99999999999999999999999999999999
    assert facts(content)[0].subject == "9" * 32
