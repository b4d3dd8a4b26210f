"""The emulated robot is as strict as the real one, and its page runs nobody's script."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.channels.wecom.emulator import WeComEmulator, render
from integrations.emulation import Answer, Emulator, Request, World
from orders import clock

KEY = "693a91f6-7aaa-4bc4-97a0-0ec25afa5aaa"
OTHER = "00000000-7aaa-4bc4-97a0-0ec25afa5aaa"


@pytest.fixture
def robot() -> Emulator:
    return World().add(WeComEmulator)


@pytest.fixture
def fixed() -> Iterator[clock.FixedClock]:
    fixed = clock.FixedClock(datetime(2026, 11, 11, tzinfo=UTC))
    with clock.running_on(fixed):
        yield fixed


def post(robot: Emulator, body: Any, key: str = KEY, method: str = "POST") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = "/cgi-bin/webhook/send"
    return robot.handle(Request(method=method, path=path, query_string=f"key={key}", headers={}, body=raw))


def errcode(robot: Emulator, body: Any, **how: str) -> int:
    return int(json.loads(post(robot, body, **how).body)["errcode"])


def markdown(content: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": content}}


def test_the_twenty_first_message_in_a_minute_is_refused_until_the_first_is_a_minute_old(
    robot: Emulator, fixed: clock.FixedClock
) -> None:
    assert [errcode(robot, markdown("x")) for _ in range(20)] == [0] * 20
    fixed.advance(seconds=59)
    assert errcode(robot, markdown("x")) == 45009
    assert errcode(robot, markdown("x"), key=OTHER) == 0
    fixed.advance(seconds=1)
    assert errcode(robot, markdown("x")) == 0
    assert len(robot.journal.entries("message")) == 22


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (markdown("单" * 1365), 0),
        (markdown("单" * 1366), 40058),
        ({"msgtype": "text", "text": {"content": "a" * 2048}}, 0),
        ({"msgtype": "text", "text": {"content": "a" * 2049}}, 40058),
        ({"msgtype": "fax", "fax": {"content": "x"}}, 40008),
        ({"content": "x"}, 40008),
        ([], 40008),
        (markdown(" "), 44004),
        ({"msgtype": "text", "text": None}, 44004),
        (b"{", 47001),
    ],
    ids=lambda value: str(value)[:40],
)
def test_limits_are_bytes_and_every_refusal_has_its_code(robot: Emulator, body: Any, code: int) -> None:
    assert errcode(robot, body) == code


def test_a_key_that_is_no_key_or_was_removed_is_refused(robot: Emulator) -> None:
    assert errcode(robot, markdown("x"), key="abc") == 93000
    assert errcode(robot, markdown("x")) == 0
    robot.control("remove_key", {"key": KEY})
    assert errcode(robot, markdown("x")) == 93000


def test_with_a_list_of_keys_only_these_are_robots() -> None:
    robot = World().add(WeComEmulator, keys=["short"])
    assert errcode(robot, markdown("x"), key="short") == 0
    assert errcode(robot, markdown("x")) == 93000


def test_only_post_and_only_its_address_are_answered(robot: Emulator) -> None:
    assert errcode(robot, markdown("x"), method="GET") == 43002
    assert robot.handle(Request(method="POST", path="/", query_string="", headers={}, body=b"")).status == 404


@pytest.mark.parametrize(
    ("fault", "status", "shown"), [("fail", 500, 0), ("lose_answer", 502, 1), ("drop", 200, 0), ("throttle", 200, 0)]
)
def test_a_fault_shows_the_message_only_where_the_answer_alone_is_lost(
    robot: Emulator, fault: str, status: int, shown: int
) -> None:
    robot.control("faults", {fault: 1})
    assert post(robot, markdown("x")).status == status
    assert len(robot.journal.entries("message")) == shown


def test_the_small_markdown_is_rendered() -> None:
    assert render(
        '### <font color="warning">标题</font>\n> **粗** `码`\n<@zhangsan>\n[看](https://a.example/?b=1&c=2)'
    ) == (
        '<h3><span class="warning">标题</span></h3>'
        "<blockquote><strong>粗</strong> <code>码</code></blockquote>"
        '<p><b class="at">@zhangsan</b></p>'
        '<p><a href="https://a.example/?b=1&amp;c=2" rel="noreferrer" target="_blank">看</a></p>'
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '[x](https://a" onclick="alert(1))',
        '<font color="red" onclick="alert(1)">x</font>',
        '<@a"><img src=x onerror=alert(1)>',
    ],
)
def test_nobodys_words_become_script(robot: Emulator, attack: str) -> None:
    post(robot, markdown(attack))
    post(robot, {"msgtype": "text", "text": {"content": attack, "mentioned_list": [attack]}})
    page = robot.page().partition("</style>")[2]
    for mark in ("<script", "<img", ' onclick="', "<font", 'href="javascript'):
        assert mark not in page
