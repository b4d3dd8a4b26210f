"""Parcels' ways: what is believed when, what people read, and what names nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import routes
from integrations.bodies import strict_object
from integrations.errors import Unreadable
from orders.clock import BEIJING

NOW = datetime(2026, 3, 5, 4, tzinfo=UTC)
WAY = routes.Way(name="路由", unit="条", times=("at", "time"), again="下次查询", titles=("揽收员",))


def row(after: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
    return {"at": (NOW + after).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"), **more}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (row(timedelta(minutes=11)), "路由时间晚于收到时间 10 分钟以上，未采用；到时间后下次查询会再带上它"),
        (row(timedelta(days=-181)), "路由早于收到时间 180 天以上，可能是同一单号的上一个包裹，未采用"),
        ({"at": "gestern"}, "路由时间无法识别，未采用"),
        ("x", "路由里有一条不是对象，未采用"),
    ],
)
def test_a_row_that_cannot_be_believed_now_is_set_aside_with_its_reason(found: Any, reason: str) -> None:
    good = row(timedelta(minutes=9))
    assert WAY.sift([good, found], now=NOW) == ([good], [(reason, found)])


def test_rows_come_oldest_first_and_of_one_moment_as_they_are_given() -> None:
    late, early, other = row(), row(timedelta(hours=-1)), row(timedelta(hours=-1), text="x")
    assert WAY.oldest_first([late, early, other]) == [early, other, late]


def test_the_first_field_that_holds_a_time_counts() -> None:
    assert WAY.moment({"at": "", "time": "2026-03-05 12:00"}) == NOW
    with pytest.raises(Unreadable, match="路由里有一条的时间无法识别"):
        WAY.oldest_first([{}])


def test_rows_are_a_list_of_no_more_than_a_way_can_have() -> None:
    assert WAY.rows(None, "data") == []
    with pytest.raises(Unreadable, match="data 不是列表"):
        WAY.rows({}, "data")
    with pytest.raises(Unreadable, match=r"路由过多（1001 条）"):
        WAY.rows([{}] * 1001, "data")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("派件员:张三丰，电话13812345678", "派件员:张**，电话138****5678"),
        ("揽收员【李四】已揽收，010-12345678", "揽收员【李**】已揽收，010****5678"),
        ("签收人是本人签收", "签收人是本人签收"),
        ("收派员:王五，", "收派员:王五，"),
    ],
)
def test_a_sentence_names_nobody(said: str, shown: str) -> None:
    assert WAY.text(said) == shown


def test_an_unknown_row_is_marked_and_a_long_one_is_cut() -> None:
    assert WAY.text("x", "[99]") == "[99] x"
    assert len(WAY.text("长" * 1000, "[99]")) == routes.LONGEST_TEXT


def test_a_number_is_none_of_a_parcel_where_it_holds_other_signs() -> None:
    assert routes.number({"nu": " SF123-4 "}, "nu") == "SF123-4"
    with pytest.raises(Unreadable, match="运单号无法识别"):
        routes.number({"nu": "SF 1234"}, "nu")


def test_the_key_holds_everything_that_a_fact_consists_of() -> None:
    key = routes.key("SF1", NOW, "50", "picked_up", "已收件")
    assert key.startswith("track:SF1:20260305120000:")
    assert key != routes.key("SF1", NOW, "50", "picked_up", "已收件。")


def test_one_notice_tells_of_all_rows_with_one_reason() -> None:
    doubtful = [("甲", {"a": 1}), ("乙", "x"), ("甲", {"a": 2})]
    first, second = routes.notices(doubtful, "SF1")
    assert strict_object(first.body) == {"reason": "SF1：甲", "rows": [{"a": "1"}, {"a": "2"}], "waybill": "SF1"}
    assert routes.notices(doubtful[1:2])[0].key.startswith("rows:")
    assert [message.key for message in routes.notices(doubtful, "SF1")] == [first.key, second.key]


def test_the_answer_to_a_query_keeps_why_rows_are_missing() -> None:
    message = routes.answered("SF1", {"rows": []}, [("甲", "x")])
    assert (message.kind, strict_object(message.body)) == (routes.QUERY, {"rows": [], "doubtful": [["甲", "x"]]})
    assert routes.answered("SF1", {"rows": []}, []).body == b'{"rows":[]}'
