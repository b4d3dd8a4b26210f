"""Settings as people type them, and what they are told where one cannot be used."""

from typing import Any

import pytest

from integrations.errors import ConnectionAtFault
from integrations.feeds import shapes
from integrations.preferences import (
    COMMAS_AND_BLANKS,
    WrongSetting,
    choice,
    first,
    is_yes,
    listed,
    number,
    table,
    words,
)
from orders.vocabulary import FLAGS


def refusal(call: Any, *given: Any, **more: Any) -> WrongSetting:
    with pytest.raises(WrongSetting) as refused:
        call(*given, **more)
    assert isinstance(refused.value, ConnectionAtFault)
    assert refused.value.code == "settings"
    return refused.value


@pytest.mark.parametrize(("told", "found"), [(None, 50), ("", 50), ("7", 7), (0, 1), ("-3", 1), (1000, 100)])
def test_a_number_is_kept_within_its_limits(told: Any, found: int) -> None:
    assert number({"page_size": told}, "page_size", 50, most=100) == found


def test_nought_counts_where_it_is_allowed() -> None:
    assert number({"seconds": 0}, "seconds", 60, least=0, most=3600) == 0


def test_what_is_no_number_is_said_with_its_name() -> None:
    error = refusal(number, {"page_size": "viele"}, "page_size", 50, most=100)
    assert (error.field, str(error)) == ("page_size", "设置 page_size 不是整数")


def test_a_table_is_an_object_or_its_text() -> None:
    assert table({"t": {"sf": 1}}, "t") == table({"t": '{"sf": 1}'}, "t") == {"sf": 1}
    assert table({}, "t") == table({"t": ""}, "t") == {}
    assert str(refusal(table, {"t": "{"}, "t")) == str(refusal(table, {"t": "[" * 100_000}, "t")) == "设置 t 不是 JSON"
    assert str(refusal(table, {"t": "[1]"}, "t", called="连接设置")) == "连接设置 t 不是 JSON 对象"


def test_a_choice_has_its_first_word_as_default() -> None:
    assert choice({}, "unit", ("fen", "yuan")) == choice({"unit": " fen "}, "unit", ("fen", "yuan")) == "fen"
    assert str(refusal(choice, {"unit": "cent"}, "unit", ("fen", "yuan"))) == "设置 unit 只能是 fen、yuan"


def test_words_stand_in_a_list_or_between_commas() -> None:
    assert words("a, b c，d,") == words(["a", " b c ", "d", ""]) == ["a", "b c", "d"]
    assert words("a b,c", COMMAS_AND_BLANKS) == ["a", "b", "c"]
    assert words(None) == words("") == []


def test_two_secrets_may_live_side_by_side() -> None:
    assert listed({"s": ["new", "old", ""]}, "s") == ["new", "old"]
    assert listed({"s": "one"}, "s") == ["one"]
    assert listed({}, "s") == []
    assert (first({"s": ["new", "old"]}, "s"), first({}, "s")) == ("new", "")


def test_yes_is_said_in_several_ways() -> None:
    assert [value for value in ("是", "1", True, "YES", "on", "否", "0", None, "") if is_yes(value)] == [
        "是",
        "1",
        True,
        "YES",
        "on",
    ]


def test_the_flags_of_a_mapping_are_those_of_the_settings() -> None:
    assert set(shapes.FLAGS) == FLAGS
