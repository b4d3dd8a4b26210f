"""Pushes with a right signature and bad intentions: each is refused with a reason or read, none breaks anything."""

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.carriers.kuaidi100 import adapter
from integrations.errors import Permanent, Temporary, Unreadable
from tests.integrations.kuaidi100.street import access, envelope, form, incoming, param_of, row, wish
from tests.integrations.kuaidi100.test_client import answering

GOOD = param_of(envelope(row("103")))
HUGE = 2 * 1024 * 1024

REFUSED: dict[str, bytes] = {
    "spaces": b"  \r\n\t ",
    "mark only": b"\xef\xbb\xbf",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "text": b'"x"',
    "open": b"{",
    "html": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "xml": b"<request/>",
    "form in the form": b"param=%7B%7D",
    "GBK": json.dumps(envelope(row(context="已签收")), ensure_ascii=False).encode("gbk"),
    "utf-16": GOOD.decode().encode("utf-16"),
    "latin-1": b'{"lastResult":{"nu":"YT1234","data":[]},"x":"\xe9"}',
    "broken utf-8": GOOD.replace("快".encode(), b"\xe5\xbf"),
    "overlong utf-8": GOOD.replace(b"polling", b"\xc0\xafpolling"),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deep inside": GOOD.replace(b'"state":"0"', b'"state":' + b"[" * 50_000 + b"]" * 50_000),
    "NaN": GOOD.replace(b'"state":"0"', b'"state":NaN'),
    "Infinity": GOOD.replace(b'"state":"0"', b'"state":Infinity'),
    "minus Infinity": GOOD.replace(b'"state":"0"', b'"state":-Infinity'),
    "doubled status": GOOD.replace(b'"state":"0"', b'"state":"0","state":"3"'),
    "doubled number": GOOD.replace(b'"nu":', b'"nu":"YT0000000000000","nu":'),
    "doubled lastResult": GOOD[:-1] + b"," + GOOD[1:],
    "doubled by escape": GOOD.replace(b'"nu":', b'"n\\u0075":"YT0000000000000","nu":'),
    "no lastResult": b'{"status":"polling"}',
    "lastResult null": b'{"status":"polling","lastResult":null}',
    "lastResult text": b'{"lastResult":"{}"}',
    "lastResult list": b'{"lastResult":[]}',
    "destResult list": GOOD[:-1] + b',"destResult":[1]}',
    "no number": GOOD.replace(b'"nu":', b'"nr":'),
    "endless number": GOOD.replace(b"YT9693083639795", b"9" * 500_000),
    "number as a huge number": GOOD.replace(b'"YT9693083639795"', b"9" * 500_000),
    "number with a tag": GOOD.replace(b"YT9693083639795", b"<script>1</script>"),
    "number with SQL": GOOD.replace(b"YT9693083639795", b"YT1'; DROP TABLE--"),
    "number with a NUL": GOOD.replace(b"YT9693083639795", b"YT1\\u0000234"),
    "number of half characters": GOOD.replace(b"YT9693083639795", b"\\ud800\\udc00\\ud800"),
    "data is an object": GOOD.replace(b'"data":[', b'"data":{"a":[').replace(b"}]", b"}]}"),
    "data is text": b'{"lastResult":{"nu":"YT1234","data":"[]"}}',
    "data is a number": b'{"lastResult":{"nu":"YT1234","data":7}}',
    "crowded": param_of(envelope(*[row("103", context=str(place)) for place in range(1_001)])),
    "too large": GOOD[:-1] + b',"x":"' + b"x" * HUGE + b'"}',
    "too large and nothing else": b"A" * HUGE,
    "text behind": GOOD + b"x",
    "two objects": GOOD + GOOD,
    "cut in the middle": GOOD[:60],
    "single quotes": b"{'lastResult':{}}",
    "comment": b"/* */" + GOOD,
    "trailing comma": GOOD[:-1] + b",}",
    "bare control character": GOOD.replace(b"polling", b"poll\x08ing"),
}  # fmt: skip


def why_not(act: Callable[[], Any]) -> str:
    """The reason for which something is unreadable; empty where it was read. Any other exception is a bug."""
    try:
        act()
    except Unreadable as error:
        return str(error) or "?"
    return ""


def take(param: bytes) -> int:
    """How many facts a signed push brings, read as the inbox reads it; a notice brings none."""
    request = incoming(form(param))
    adapter.verify(access(), request)
    said: list[Any] = []
    for message in adapter.unpack(access(), request):
        assert len(message.key) <= 160
        if message.kind == "notice":
            assert is_a_sentence(why_not(partial(adapter.parse, message)))
        else:
            said += adapter.parse(message)
    for one in said:
        assert len(one.key) <= 160
        assert len(one.subject) <= 80
        repr(one.snapshot).encode()
    return len(said)


def is_a_sentence(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text) and len(text) < 500


@pytest.mark.parametrize("param", REFUSED.values(), ids=list(REFUSED))
def test_a_hostile_push_is_refused_with_a_chinese_reason(param: bytes) -> None:
    request = incoming(form(param))
    adapter.verify(access(), request)
    with pytest.raises(Unreadable) as refusal:
        adapter.unpack(access(), request)
    assert is_a_sentence(str(refusal.value))


@pytest.mark.parametrize("param", REFUSED.values(), ids=list(REFUSED))
def test_the_same_as_a_stored_message_is_read_as_nothing_or_refused_as_well(param: bytes) -> None:
    for kind in ("push", "query", "notice", "", "?"):
        refused = why_not(partial(adapter.parse, Message(kind=kind, key="k", body=param)))
        assert refused == "" or is_a_sentence(refused)


@pytest.mark.parametrize("param", REFUSED.values(), ids=list(REFUSED))
def test_the_same_as_an_answer_is_one_of_the_two_kinds_of_no(param: bytes) -> None:
    with answering("/poll/query.do", param), pytest.raises((Temporary, Permanent)):
        adapter.query(access(), wish())


STRANGE: list[Any] = [
    None,
    [],
    {},
    True,
    -1,
    0.1,
    10**400,
    "\x00",
    "\ud800",
    "9" * 5_000,
    [[]],
    {"a": {}},
    "2026-13-40 00:00:00",
    "9999-12-31 23:59:59",
    "0001-01-01 00:00:00",
    "<img src=x onerror=alert(1)>",
    "\u202e签收",
    "',\"}]",
]


def twisted(chance: random.Random) -> bytes:
    """A good push of which some values are strange."""
    content = envelope(row("101"), row("103"), row("301"))
    for _ in range(chance.randint(1, 4)):
        last = content["lastResult"]
        rows = last.get("data") if isinstance(last, dict) else None
        inside = [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []
        target = chance.choice([content, *([last] if isinstance(last, dict) else []), *inside])
        if target:
            target[chance.choice(sorted(target))] = chance.choice(STRANGE)
    return json.dumps(content).encode()


def damaged(chance: random.Random) -> bytes:
    """A good push with broken bytes."""
    body = bytearray(param_of(envelope(row("101"), row("103"), row("301"))))
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randint(1, 30)]
            case 2:
                body[place:place] = chance.choice([b"{", b"}", b"[", b'"', b"\\u0000", b"\\ud800", b"\x00", b"\xff"])
            case _:
                body[place:place] = body[: chance.randint(1, 80)]
    return bytes(body) or b"{"


def params(count: int) -> Iterator[bytes]:
    chance = random.Random(7)
    for place in range(count):
        yield (twisted if place % 2 else damaged)(chance)


def test_a_hundred_twisted_and_damaged_pushes_are_read_or_refused_and_break_nothing() -> None:
    reasons = [why_not(partial(take, param)) for param in params(100)]
    refused = [reason for reason in reasons if reason]
    assert all(map(is_a_sentence, refused))
    assert len(reasons) == 100
    assert 20 <= len(refused) <= 80


def test_what_stays_within_the_limits_is_read() -> None:
    assert take(b"\xef\xbb\xbf" + GOOD) == 1
    assert take(param_of(envelope(*[row("103", context=str(place)) for place in range(1_000)]))) == 1_000
    assert take(GOOD.replace(b'"state":"0"', b'"state":' + b"9" * 5_000)) == 1
