"""Answers and stored messages with bad intentions: each is refused in the tower's own words, none breaks anything."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.erp import kingdee as package
from integrations.erp.kingdee import adapter
from integrations.erp.kingdee.emulator import KingdeeEmulator
from integrations.erp.kingdee.stock import inventory
from integrations.errors import OutsideError, Unreadable
from orders.clock import FixedClock
from tests.integrations.hostile import is_a_sentence
from tests.integrations.kingdee.conftest import WAYBILL, Wire, access, news, poll_all, report, reports, take

GOOD = json.loads((Path(package.__file__).parent / "samples" / "out_stock_audited.json").read_text())


def text_of(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def changed(*path: Any, to: Any) -> bytes:
    """The good message with one thing in it changed."""
    content = json.loads(text_of(GOOD))
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return text_of(content)


BAD_TEXTS: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b" \r\n\t ",
    "mark only": b"\xef\xbb\xbf",
    "null": b"null",
    "true": b"true",
    "number": b"7",
    "huge number": b"9" * 100_000,
    "text": b'"x"',
    "open object": b"{",
    "open list": b"[[",
    "html": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "xml": b"<request/>",
    "form": b"data=%7B%7D",
    "GBK": '{"Message":"会话"}'.encode("gbk"),
    "utf-16": '[["单据"]]'.encode("utf-16"),
    "latin-1": b'[["\xe9"]]',
    "broken utf-8": b'[["\xe5\xbf"]]',
    "overlong utf-8": b'[["\xc0\xaf"]]',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"Result":' * 100_000,
    "deep and closed": b"[" * 900 + b"]" * 900,
    "NaN": b"[[NaN]]",
    "Infinity": b"[[Infinity]]",
    "text behind": b"[[1]]x",
    "two answers": b"[][]",
    "single quotes": b"[['a']]",
    "trailing comma": b"[[1,],]",
    "bare control character": b'[["a\x08"]]',
    "error text": b"response_error:",
    "error text in GBK": b"response_error:" + "会话".encode("gbk"),
    "a row of objects": b'[{"FID":1}]',
    "rows of nothing": b"[null,null]",
    "one empty row": b"[[]]",
    "ids that are none": b'[["x","y","z","a","b"]]',
    "nested status": b'{"Result":{"Result":{"Result":{"ResponseStatus":{"IsSuccess":false}}}}}',
    "status is text": b'{"Result":{"ResponseStatus":"no"}}',
    "errors are text": b'{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":"no"}}}',
    "errors of numbers": b'{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[1,null,{"Message":7}]}}}',
    "code is an object": b'{"Result":{"ResponseStatus":{"IsSuccess":false,"MsgCode":{"a":1},"Errors":[]}}}',
    "success without result": b'{"Result":null}',
}

BAD_MESSAGES: dict[str, bytes] = {
    "list": b"[]",
    "no number": changed("platform_order", to=""),
    "number is a number": changed("platform_order", to=7),
    "number is null": changed("platform_order", to=None),
    "endless number": changed("platform_order", to="9" * 500_000),
    "tower number is a list": changed("tower_order", to=[]),
    "no bills": text_of({"platform_order": "T1"}),
    "bills are an object": changed("sale_orders", to={}),
    "bills are text": changed("out_stocks", to="[]"),
    "bills of numbers": changed("sale_orders", to=[1, 2]),
    "crowded": changed("sale_orders", to=[{}] * 201),
    "rows are an object": changed("sale_orders", 0, "rows", to={}),
    "crowded rows": changed("sale_orders", 0, "rows", to=[{}] * 5001),
    "bill without number": changed("sale_orders", 0, "number", to=""),
    "endless bill number": changed("out_stocks", 0, "number", to="X" * 81),
    "status is a list": changed("sale_orders", 0, "document_status", to=["C"]),
    "endless status": changed("sale_orders", 0, "document_status", to="C" * 100),
    "quantity is text": changed("sale_orders", 0, "rows", 0, "quantity", to="two"),
    "quantity is a float": changed("sale_orders", 0, "rows", 0, "quantity", to=2.5),
    "quantity NaN": changed("sale_orders", 0, "rows", 0, "quantity", to="NaN"),
    "quantity in other digits": changed("sale_orders", 0, "rows", 0, "quantity", to="\uff12"),
    "quantity with an exponent": changed("sale_orders", 0, "rows", 0, "quantity", to="1e999999999"),
    "endless quantity": changed("out_stocks", 0, "rows", 0, "quantity", to="9" * 70),
    "no time": changed("sale_orders", to=[{**GOOD["sale_orders"][0], "at": ""}]).replace(
        b'"at": "2026-03-05T11:30:00"', b'"at": ""'
    ),
    "time is a number": changed("sale_orders", 0, "at", to=1700000000),
    "time is none": changed("sale_orders", 0, "at", to="yesterday"),
    "thirteenth month": changed("sale_orders", 0, "at", to="2026-13-01T00:00:00"),
    "waybills are text": changed("out_stocks", 0, "waybills", to="YT1"),
    "waybill is a number": changed("out_stocks", 0, "waybills", to=[1]),
    "crowded waybills": changed("out_stocks", 0, "waybills", to=["YT1"] * 201),
    "endless waybill": changed("out_stocks", 0, "waybills", to=["Y" * 100]),
    "carrier is an object": changed("out_stocks", 0, "carrier", to={}),
    "material is a list": changed("out_stocks", 0, "rows", 0, "material", to=[]),
    "doubled name": text_of(GOOD)[:-1] + b',"tower_order":"OT-2"}',
    "doubled by escape": text_of(GOOD)[:-1] + b',"tower\\u005forder":"OT-2"}',
    "NaN inside": text_of(GOOD).replace(b'"means"', b'"x":NaN,"means"'),
    "deep inside": text_of(GOOD).replace(b'"means"', b'"x":' + b"[" * 50_000 + b"]" * 50_000 + b',"means"'),
}
HARMLESS: dict[str, bytes] = {
    "means unheard of": changed("means", to={"order": "exploded", "out_stock": 7}),
    "means a list": changed("means", to=[]),
    "number with a NUL": changed("platform_order", to="T\x001"),
    "number of half characters": text_of(GOOD).replace(b"2026030500000001", b"T\\ud8001"),
    "number with a tag": changed("platform_order", to="<script>1</script>"),
    "number with SQL": changed("platform_order", to="T1'; DROP TABLE--"),
    "strange fields": changed("surprise", to={"a": [1, 2.5, None]}),
    "statuses unheard of": changed("sale_orders", 0, "close_status", to="X"),
    "the first year": changed("sale_orders", 0, "at", to="0001-01-01T00:00:00"),
    "negative rest": changed("sale_orders", 0, "rows", 0, "remaining", to="-1.0"),
}


@pytest.mark.parametrize("body", {**BAD_TEXTS, **BAD_MESSAGES}.values(), ids=[*BAD_TEXTS, *BAD_MESSAGES])
def test_a_stored_message_is_parked_with_a_chinese_reason(body: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        adapter.parse(Message(kind="bills", key="k", body=body))
    assert is_a_sentence(str(refused.value))


@pytest.mark.parametrize("body", HARMLESS.values(), ids=list(HARMLESS))
def test_what_is_only_strange_is_read(body: bytes) -> None:
    [said] = adapter.parse(Message(kind="bills", key="k", body=body))
    assert said.snapshot.stage == "shipped"  # type: ignore[union-attr]
    assert "\x00" not in repr(said)
    repr(said).encode()


@pytest.mark.parametrize("body", BAD_TEXTS.values(), ids=list(BAD_TEXTS))
@pytest.mark.parametrize("login", ["signature", "ValidateUser"])
def test_a_hostile_answer_is_one_of_the_towers_refusals_or_nothing(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock, body: bytes, login: str
) -> None:
    take(kingdee, "T1")
    kingdee.control("ship", {"platform_order_id": "T1", "waybill": WAYBILL})
    time.advance(minutes=1)
    asked = access(login=login)
    acts = (
        partial(adapter.poll, asked, {}),
        partial(adapter.fetch, asked, "T1"),
        partial(adapter.tell, asked, news()),
        partial(adapter.tell, access(login=login, correction="audit"), news("shipped_already")),
        partial(adapter.numbers, asked, time.now(), time.now().replace(hour=23)),
        partial(inventory, asked),
    )
    for act in acts:
        wire.instead = [(200, body)] * 4
        refused_in_our_words(act)
        wire.instead = []
    # Nothing else is disturbed: the next poll reads as if nothing had been.
    assert reports(poll_all(login=login)[0])["T1"].stage == "shipped"


def refused_in_our_words(act: Any) -> None:
    """Done, or refused by an error of `integrations.errors`: anything else is a bug and comes through."""
    try:
        act()
    except OutsideError as error:
        assert len(str(error)) < 500  # noqa: PT017


@pytest.mark.parametrize("place", range(12))
def test_a_hostile_cell_is_kept_out_or_parked(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock, place: int
) -> None:
    """Whatever stands in a cell of a bill, only that order suffers."""
    cell = ["\x00", "x" * 10_000, "😀" * 99, -1, 1e308, True, [], {}, "NaN", "0001-01-01T00:00:00", "'", "A,B,C"][place]
    take(kingdee, "T1")
    strange = kingdee.books.find("SAL_SaleOrder", take(kingdee, "T2")["number"])
    for name in ("FDocumentStatus", "FCloseStatus", "FNote"):
        strange.head[name] = cell
    for row in strange.rows.values():
        row |= {"FQty": cell, "FRemainOutQty": cell, "FMaterialId": cell}
    time.advance(minutes=1)
    messages, _ = poll_all()
    found = [message for message in messages if json.loads(message.body)["platform_order"] == "T1"]
    assert report(found[0]).stage == "accepted"
    for message in messages:
        assert len(message.key) <= 160
        try:
            adapter.parse(message)
        except Unreadable as error:
            assert is_a_sentence(str(error))  # noqa: PT017


def test_a_hundred_bodies_were_tried() -> None:
    assert len(BAD_TEXTS) * 2 + len(BAD_MESSAGES) + len(HARMLESS) >= 100
