"""Pushes with a right signature and bad intentions: each is refused with a reason or read, none breaks anything."""

import json
import random
from collections.abc import Iterator
from functools import partial

import pytest

from integrations.adapter import Message
from integrations.carriers.kuaidi100 import adapter
from integrations.errors import Permanent, Temporary, Unreadable
from tests.integrations.hostile import STRANGE, damaged, facts_of, is_a_sentence, spoilt, why_not
from tests.integrations.kuaidi100.street import access, envelope, form, incoming, param_of, row, wish
from tests.integrations.kuaidi100.test_client import answering

GOOD = param_of(envelope(row("103")))

REFUSED: dict[str, bytes] = {
    **spoilt(GOOD),
    "xml": b"<request/>",
    "form in the form": b"param=%7B%7D",
    "GBK": json.dumps(envelope(row(context="已签收")), ensure_ascii=False).encode("gbk"),
    "latin-1": b'{"lastResult":{"nu":"YT1234","data":[]},"x":"\xe9"}',
    "broken utf-8": GOOD.replace("快".encode(), b"\xe5\xbf"),
    "overlong utf-8": GOOD.replace(b"polling", b"\xc0\xafpolling"),
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
    "single quotes": b"{'lastResult':{}}",
    "bare control character": GOOD.replace(b"polling", b"poll\x08ing"),
}  # fmt: skip


def take(param: bytes) -> int:
    """How many facts a signed push brings."""
    return len(facts_of(adapter, access(), incoming(form(param))))


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


def params(count: int) -> Iterator[bytes]:
    chance = random.Random(7)
    good = param_of(envelope(row("101"), row("103"), row("301")))
    for place in range(count):
        yield twisted(chance) if place % 2 else damaged(good, chance, blows=12) or b"{"


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
