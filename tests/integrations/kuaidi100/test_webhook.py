"""What is kept of a push, what is set aside for a person, and what they are answered."""

import json
from datetime import timedelta

import pytest

from integrations.carriers.kuaidi100 import adapter
from integrations.errors import BadSignature
from tests.integrations.kuaidi100.street import (
    NOW,
    WAYBILL,
    access,
    envelope,
    facts,
    form,
    incoming,
    messages,
    minutes,
    param_of,
    reason,
    row,
)

HOUR = timedelta(hours=1)


def test_success_is_said_in_exactly_their_words() -> None:
    reply = adapter.accepted(incoming(b""))
    assert reply.body.decode() == '{"result":true,"returnCode":"200","message":"成功"}'
    assert (reply.status, reply.content_type) == (200, "application/json")


def test_a_refusal_speaks_the_protocol() -> None:
    reply = adapter.refused(incoming(b""), BadSignature("x"))
    assert reply.status == 200
    assert json.loads(reply.body) == {"result": False, "returnCode": "500", "message": "签名错误"}


def test_a_push_is_one_message_as_it_came() -> None:
    param = param_of(envelope(row("101", NOW - HOUR), row("103")))
    (message,) = messages(param)
    assert message.body == param
    assert message.key.startswith(f"push:{WAYBILL}:")


def test_the_same_push_has_the_same_name_and_another_has_another() -> None:
    first, again, later = (
        messages(content)[0].key for content in (envelope(row()), envelope(row()), envelope(row(), row("5")))
    )
    assert first == again
    assert first != later


def test_a_row_which_comes_again_is_the_same_fact() -> None:
    known = [row(code, NOW - (5 - place) * HOUR) for place, code in enumerate(("101", "103", "1002"))]
    before, after = facts(envelope(*known)), facts(envelope(*known, row("5")))
    assert [one.key for one in after[:3]] == [one.key for one in before]
    assert after[:3] == before
    assert len(after) == 4


# The future ---------------------------------------------------------------------------------------------------------
def test_a_row_from_the_future_is_set_aside_with_its_reason_and_moves_nothing() -> None:
    content = envelope(row("103"), row("301", NOW + 3 * HOUR, "已签收"))
    push, notice = messages(content)
    assert [one.snapshot.stage for one in adapter.parse(push)] == ["picked_up"]  # type: ignore[union-attr]
    assert "轨迹时间晚于收到时间" in reason(notice)
    assert WAYBILL in reason(notice)
    assert "已签收" in json.loads(notice.body)["rows"][0]["context"]


def test_it_is_set_aside_once_however_often_it_comes() -> None:
    ahead = row("301", NOW + 3 * HOUR, "已签收")
    names = {messages(envelope(row("103"), ahead))[1].key}
    names.add(messages(envelope(row("103"), row("5"), ahead), now=NOW + HOUR)[1].key)
    assert len(names) == 1


def test_once_its_time_has_come_the_very_same_push_brings_it() -> None:
    content = envelope(row("103"), row("301", NOW + 3 * HOUR, "已签收"))
    early, late = messages(content)[0], messages(content, now=NOW + 4 * HOUR)[0]
    assert early.key != late.key
    assert [one.snapshot.stage for one in adapter.parse(late)] == ["picked_up", "signed"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("ahead", "believed"), [(0, True), (10, True), (10.1, False), (60 * 24 * 365, False)])
def test_ten_minutes_of_a_fast_clock_are_forgiven(ahead: float, believed: bool) -> None:
    assert bool(facts(envelope(row("301", NOW + minutes(ahead))))) is believed


def test_a_row_of_the_numbers_former_life_is_set_aside() -> None:
    push, notice = messages(envelope(row("301", NOW - timedelta(days=200)), row("103")))
    assert [one.snapshot.stage for one in adapter.parse(push)] == ["picked_up"]  # type: ignore[union-attr]
    assert "上一个包裹" in reason(notice)


@pytest.mark.parametrize("time", ["", None, "soon", "0001-01-01 00:00:00", "2026-02-30 00:00:00", 1762833600, ["x"]])
def test_a_row_without_a_readable_time_is_set_aside_and_the_others_count(time: object) -> None:
    push, notice = messages(envelope(row("103"), row("301", time=time, ftime=time)))
    assert len(adapter.parse(push)) == 1
    assert reason(notice)


def test_many_doubtful_rows_are_one_notice_for_each_reason() -> None:
    rows = [row("301", NOW + place * HOUR) for place in range(1, 200)] + ["no row"] * 50
    assert len(messages(envelope(row("103"), *rows))) == 3


# Their watch --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", ["3天查询无记录", "60天无变化"])
def test_an_abort_is_a_notice_to_a_person_and_no_fact(words: str) -> None:
    push, notice = messages(envelope(status="abort", message=words))
    assert adapter.parse(push) == []
    assert words in reason(notice)
    assert WAYBILL in reason(notice)


def test_what_an_abort_knows_of_the_way_is_recorded_all_the_same() -> None:
    push, _ = messages(envelope(row("103"), status="abort", message="60天无变化"))
    assert len(adapter.parse(push)) == 1


def test_a_shutdown_is_a_push_like_any_other() -> None:
    (push,) = messages(envelope(row("301"), status="shutdown"))
    assert [one.snapshot.stage for one in adapter.parse(push)] == ["signed"]  # type: ignore[union-attr]


def test_another_courier_than_the_tower_had_named_is_told_to_a_person_once() -> None:
    told = {"comOld": "yuantong", "comNew": "zhongtong", "autoCheck": "1"}
    push, notice = messages(envelope(row("103"), com="zhongtong", **told))
    assert adapter.parse(push)[0].snapshot.carrier == "zto"  # type: ignore[union-attr]
    assert "zhongtong" in reason(notice)
    assert messages(envelope(row("103"), row("5"), com="zhongtong", **told))[1].key == notice.key


def test_the_form_is_read_from_the_body_whatever_its_fields_order() -> None:
    sign, _, param = form(param_of(envelope(row()))).partition(b"&")
    request = incoming(param + b"&other=1&" + sign)
    adapter.verify(access(), request)
    assert adapter.unpack(access(), request)
