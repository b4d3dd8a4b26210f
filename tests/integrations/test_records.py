"""Single values that others sent: read as they are meant, or refused by their name."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations import records
from integrations.errors import Unreadable


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (" 甲\x00\ud83d ", "甲?"), (9007199254740993, "9007199254740993")]
)
def test_a_written_field_is_clean_text(value: Any, text: str) -> None:
    assert records.written({"field": value}, "field") == text


@pytest.mark.parametrize("value", [True, 1.5, [], {}, 10**5000], ids=["yes", "fraction", "list", "object", "huge"])
def test_what_is_no_text_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(Unreadable, match="字段 field"):
        records.written({"field": value}, "field")


def test_a_word_is_never_refused() -> None:
    assert records.word({"a": " x\x00 "}, "a") == "x\ufffd"
    assert [records.word({"a": value}, "a") for value in (None, 1, True, [])] == [""] * 4


def test_a_short_name_may_not_be_long() -> None:
    assert records.short(" 甲\x00 ", "name") == "甲"
    for value in (None, 1, "x" * 81):
        with pytest.raises(Unreadable, match="字段 name"):
            records.short(value, "name")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("12", 12),
        (12, 12),
        (0, 0),
        ("", None),
        (None, None),
        (-1, None),
        ("1.0", None),
        (True, None),
        ("²", None),
        (10**12, None),
    ],
)
def test_a_whole_number_comes_as_text_or_as_a_number(value: Any, found: int | None) -> None:
    assert records.whole(value) == found


def test_money_is_exact_and_never_negative() -> None:
    assert records.money({"sum": "12.50"}, "sum") == Decimal("12.50")
    for wrong in ("", "-1", "1e3", "NaN"):
        with pytest.raises(Unreadable, match="字段 sum 不是金额"):
            records.money({"sum": wrong}, "sum")


def test_times_are_of_beijing_where_they_have_no_zone() -> None:
    noon = datetime(2026, 3, 5, 4, tzinfo=UTC)
    assert records.time({"at": "2026-03-05 12:00:00"}, "at") == noon
    assert records.instant("2026-03-05T12:00:00") == records.instant("2026-03-05T04:00:00+00:00") == noon
    assert records.time({}, "at") is records.instant("") is None
    with pytest.raises(Unreadable, match="字段 at 不是时间"):
        records.time({"at": "soon"}, "at")
    with pytest.raises(Unreadable, match="不是时间：0001"):
        records.instant("0001-01-01T00:00:00")


def test_an_absent_list_or_object_is_empty() -> None:
    assert records.rows({"list": None}, "list") == records.rows({"list": "x"}, "list") == []
    assert records.rows({"list": [{"a": 1}, "x", None]}, "list") == [{"a": 1}]
    assert records.part({"part": ""}, "part") == records.part({}, "part") == {}
    assert records.all_rows({}, "list", 1) == []


@pytest.mark.parametrize("value", [None, {}, [1], [{}, {}]])
def test_a_list_that_must_hold_objects_holds_nothing_else_and_not_too_many(value: Any) -> None:
    with pytest.raises(Unreadable, match="list 不是列表，或太长"):
        records.all_rows({"list": value}, "list", 1)
