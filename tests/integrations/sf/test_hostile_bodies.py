"""Pushes with bad intentions: each is refused with a reason or read, none breaks anything."""

import json
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.carriers.sf import adapter
from integrations.errors import Permanent, Temporary, Unreadable
from tests.integrations.hostile import STRANGE, damaged, facts_of, is_a_sentence, spoilt, why_not
from tests.integrations.sf.street import NOW, WAYBILL, access, answering, body_of, incoming, pushed, row, stop, track

GOOD = body_of(pushed(row()))
NUMBER = WAYBILL.encode()

REFUSED: dict[str, bytes] = {
    **spoilt(GOOD),
    "nothing": b"",
    "xml of the old interface": b'<Request><Body><WaybillRoute mailno="SF1" opCode="80"/></Body></Request>',
    "entity bomb": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><Request><Body>&c;</Body></Request>',
    "form": b"msgData=%7B%7D&msgDigest=x",
    "GBK": json.dumps(pushed(row(remark="已签收")), ensure_ascii=False).encode("gbk"),
    "latin-1": b'{"Body":{"WaybillRoute":[]},"x":"\xe9"}',
    "broken utf-8": GOOD.replace("已".encode(), b"\xe5\xb7"),
    "overlong utf-8": GOOD.replace(b"SF7", b"\xc0\xafSF7"),
    "deep inside": GOOD.replace(b'"50"', b"[" * 50_000 + b"]" * 50_000),
    "NaN": GOOD.replace(b'"50"', b"NaN"),
    "Infinity": GOOD.replace(b'"50"', b"Infinity"),
    "minus Infinity": GOOD.replace(b'"50"', b"-Infinity"),
    "doubled number": GOOD.replace(b'"mailno":', b'"mailno":"SF7000000000001","mailno":'),
    "doubled op code": GOOD.replace(b'"opCode":', b'"opCode":"80","opCode":'),
    "doubled body": b'{"Body":{},' + GOOD[1:],
    "doubled by escape": GOOD.replace(b'"mailno":', b'"m\\u0061ilno":"SF7000000000001","mailno":'),
    "no body": b'{"Head":{}}',
    "body null": b'{"Body":null}',
    "body text": b'{"Body":"{}"}',
    "body list": b'{"Body":[]}',
    "no rows": b'{"Body":{"WaybillRoutes":[]}}',
    "rows are text": b'{"Body":{"WaybillRoute":"[]"}}',
    "rows are a number": b'{"Body":{"WaybillRoute":7}}',
    "rows are true": b'{"Body":{"WaybillRoute":true}}',
    "crowded": body_of(pushed(*[row(remark=str(place)) for place in range(1_001)])),
    "single quotes": b"{'Body':{}}",
    "bare control character": GOOD.replace(b"SF7", b"\x08SF7"),
}
# Read, and yet none of their rows can be used: each becomes a notice.
SET_ASIDE: dict[str, bytes] = {
    "row is null": b'{"Body":{"WaybillRoute":[null]}}',
    "row is text": b'{"Body":{"WaybillRoute":["80"]}}',
    "row is empty": b'{"Body":{"WaybillRoute":[{}]}}',
    "no number": GOOD.replace(b'"mailno":', b'"mailnr":'),
    "number as a number": GOOD.replace(b'"' + NUMBER + b'"', b"7.4444e999"),
    "endless number": GOOD.replace(NUMBER, b"9" * 500_000),
    "number with a tag": GOOD.replace(NUMBER, b"<script>1</script>"),
    "number with SQL": GOOD.replace(NUMBER, b"SF1'; DROP TABLE--"),
    "number with a NUL": GOOD.replace(NUMBER, b"SF1\\u0000234"),
    "number of half characters": GOOD.replace(NUMBER, b"\\ud800\\udc00\\ud800"),
    "no time": GOOD.replace(b'"acceptTime":', b'"acceptedTime":'),
    "time in another form": body_of(pushed(row(acceptTime="11/11/2026 12:00"))),
    "time that is none": body_of(pushed(row(acceptTime="2026-13-40 00:00:00"))),
    "the first year": body_of(pushed(row(acceptTime="0001-01-01 00:00:00"))),
    "the last year": body_of(pushed(row(acceptTime="9999-12-31 23:59:59"))),
}


def take(body: bytes) -> int:
    """How many facts a push brings."""
    said = facts_of(adapter, access(), incoming(body))
    assert all(len(one.snapshot.text) <= 300 for one in said)
    return len(said)


@pytest.mark.parametrize("body", REFUSED.values(), ids=list(REFUSED))
def test_a_hostile_push_is_refused_with_a_chinese_reason(body: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        adapter.unpack(access(), incoming(body))
    assert is_a_sentence(str(refusal.value))


@pytest.mark.parametrize("body", SET_ASIDE.values(), ids=list(SET_ASIDE))
def test_rows_that_cannot_be_used_are_shown_and_bring_nothing(body: bytes) -> None:
    assert take(body) == 0
    assert [message.kind for message in adapter.unpack(access(), incoming(body))] == ["notice"]


@pytest.mark.parametrize("body", REFUSED.values(), ids=list(REFUSED))
def test_the_same_as_a_stored_message_is_read_as_nothing_or_refused_as_well(body: bytes) -> None:
    for kind in ("push", "query", "notice", "order_state", "", "?"):
        refused = why_not(partial(adapter.parse, Message(kind=kind, key="k", body=body)))
        assert refused == "" or is_a_sentence(refused)


@pytest.mark.parametrize("body", [*REFUSED.values(), *SET_ASIDE.values()], ids=[*REFUSED, *SET_ASIDE])
def test_the_same_as_an_answer_is_one_of_the_two_kinds_of_no(body: bytes) -> None:
    inside = b'{"apiResultCode":"A1000","apiResultData":' + json.dumps(body.decode("latin-1")).encode() + b"}"
    for answer in (body, inside):
        with answering(answer), pytest.raises((Temporary, Permanent)):
            adapter.query(access(), track())
        with answering(answer), pytest.raises((Temporary, Permanent)):
            adapter.intercept(access(), stop())


def twisted(chance: random.Random) -> bytes:
    """A good push of which some values are strange."""
    rows: list[Any] = [row(code) for code in ("50", "44", "80")]
    content: dict[str, Any] = pushed(*rows)
    for _ in range(chance.randint(1, 4)):
        target = chance.choice([content, content.get("Body"), *rows])
        if isinstance(target, dict) and target:
            target[chance.choice(sorted(target))] = chance.choice(STRANGE)
    return json.dumps(content).encode()


def bodies(count: int) -> Iterator[bytes]:
    chance = random.Random(7)
    good = body_of(pushed(row("50"), row("44"), row("80")))
    for place in range(count):
        yield twisted(chance) if place % 2 else damaged(good, chance, blows=6) or b"{"


def test_a_hundred_twisted_and_damaged_pushes_are_read_or_refused_and_break_nothing() -> None:
    reasons = [why_not(partial(take, body)) for body in bodies(100)]
    refused = [reason for reason in reasons if reason]
    assert all(map(is_a_sentence, refused))
    assert len(reasons) == 100
    assert 20 <= len(refused) <= 80


def test_what_stays_within_the_limits_is_read() -> None:
    assert take(b"\xef\xbb\xbf" + GOOD) == 1
    assert take(body_of(pushed(*[row(remark=str(place)) for place in range(1_000)]))) == 1_000
    assert take(GOOD.replace(b'"50"', b"9" * 5_000)) == 1
    assert take(body_of(pushed(row(NOW.isoformat()), row("80")))) == 2
