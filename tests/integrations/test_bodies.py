"""Bodies in JSON: what is refused, in which words, and that one content has one text."""

import pytest

from integrations import bodies
from integrations.adapter import Message
from integrations.errors import Temporary, Unreadable

NONSENSE = [b"", b"<html>", b"{", b"\xff\xfe{}", b"[" * 100_000, b"1" * 5000]


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: repr(body[:8]))
def test_nonsense_is_named_in_a_message_and_worth_another_try_in_an_answer(body: bytes) -> None:
    with pytest.raises(Unreadable, match="推送不是 JSON"):
        bodies.read(body, "推送")
    for ask in (bodies.answer, bodies.answer_object):
        with pytest.raises(Temporary, match="平台的回答不是 JSON") as refused:
            ask(body, "平台的回答")
        assert refused.value.code == "unreadable_answer"


def test_what_is_no_object_is_named() -> None:
    with pytest.raises(Unreadable, match="报文不是 JSON 对象"):
        bodies.read_object(b"[]")
    with pytest.raises(Temporary, match="京东的回答不是 JSON 对象"):
        bodies.answer_object(b"null", "京东的回答")


def test_fractions_stay_as_they_were_written() -> None:
    assert bodies.read_object(b'{"sum": 0.10, "count": 2, "none": NaN}') == {"sum": "0.10", "count": 2, "none": "NaN"}


def test_a_strict_body_gives_all_numbers_as_text() -> None:
    assert bodies.strict_object(b'\xef\xbb\xbf{"nu": 900719925474099312, "part": {"x": 1.50}}') == {
        "nu": "900719925474099312",
        "part": {"x": "1.50"},
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{" + b" " * bodies.LARGEST_STRICT + b"}", "报文过大"),
        ('{"a": "包"}'.encode("gbk"), "报文编码不是 UTF-8"),
        (b"  ", "报文是空的"),
        (b'{"a": NaN}', "报文里有非法数字 NaN"),
        (b'{"a": {"b": 1, "b": 2}}', "报文里同一个字段出现两次"),
        (b"[" * 100_000, "报文嵌套过深"),
        (b"{]", "报文不是 JSON"),
        (b"[]", "报文不是 JSON 对象"),
    ],
)
def test_a_strict_body_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        bodies.strict_object(body)


def test_one_content_has_one_text_and_one_name() -> None:
    assert bodies.canonical({"b": 1, "a": "包"}) == bodies.canonical({"a": "包", "b": 1}) == '{"a":"包","b":1}'.encode()
    assert bodies.canonical("\ud83d") == b'"?"'
    assert bodies.canonical_ascii({"b": "\ud83d", "a": 1}) == b'{"a":1,"b":"\\ud83d"}'
    assert bodies.digest(b"", 12) == "e3b0c44298fc"


def test_a_key_that_comes_twice_is_one_message_with_the_later_content() -> None:
    first, second, third = (
        Message(kind="order", key=key, body=body) for key, body in (("1", b"a"), ("2", b"b"), ("1", b"c"))
    )
    assert bodies.once([first, second, third]) == [third, second]
