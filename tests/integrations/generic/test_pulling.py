"""Reading a source over HTTP: to the end of its pages, from where the last round ended, and what a no looks like."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from integrations.adapter import Message
from integrations.erp import generic as generic_erp
from integrations.errors import OutsideError, Permanent, Temporary, Throttled, Unauthorised, Unsupported
from integrations.platforms import generic
from integrations.platforms.generic.emulator import ShopEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.generic.conftest import ERP_BASE, ERP_SECRETS, ERP_SETTINGS, Wire, access
from tests.integrations.wire import to_the_end


def round_of(cursor: dict[str, Any] | None = None, **settings: Any) -> tuple[list[Message], dict[str, Any]]:
    """Poll until there is no more now."""
    return to_the_end(lambda kept: generic.adapter.poll(access(**settings), kept), cursor, at_most=50)


def ids(messages: list[Message]) -> list[str]:
    return [message.key.split(":")[1] for message in messages]


def sell(shop: ShopEmulator, count: int) -> list[str]:
    return [shop.control("sell", {})["tid"] for _one in range(count)]


def test_all_pages_are_read_though_the_shop_gives_fewer_than_were_asked_for(
    shop: ShopEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = sell(shop, 120)
    time.advance(seconds=1)
    messages, _cursor = round_of()
    assert sorted(ids(messages)) == sorted(sold)
    assert len(wire.asked) == 4


def test_the_next_round_begins_where_the_last_ended_less_the_overlap(
    shop: ShopEmulator, wire: Wire, time: FixedClock
) -> None:
    [first] = sell(shop, 1)
    time.advance(seconds=300)
    _, cursor = round_of()
    assert cursor == {"since": (clock.now() - timedelta(seconds=120)).isoformat()}
    [second] = sell(shop, 1)
    time.advance(seconds=60)
    messages, _ = round_of(cursor)
    assert ids(messages) == [second] != [first]


def test_the_same_content_is_the_same_message_and_a_change_is_another(
    shop: ShopEmulator, wire: Wire, time: FixedClock
) -> None:
    [number] = sell(shop, 1)
    time.advance(seconds=1)
    [first], [again] = round_of()[0], round_of()[0]
    assert first == again == generic.adapter.fetch(access(), number)
    shop.control("change_address", {"tid": number})
    time.advance(seconds=1)
    [changed] = round_of()[0]
    assert changed.key != first.key
    remapped = {**access().settings["mapping"], "revision": 2}
    assert round_of(mapping=remapped)[0][0].key not in (changed.key, first.key)


def test_a_shop_that_knows_no_pages_is_not_read_for_ever(wire: Wire) -> None:
    body = json.dumps({"list": [{"tid": "1"}]}).encode()
    wire.answers = [(200, body)] * 10
    messages, _ = round_of()
    assert len(wire.asked) == 2
    assert len({message.key for message in messages}) == 1


def test_a_cursor_is_followed_until_it_ends_or_stands_still(wire: Wire) -> None:
    pages = [("a", "1"), ("b", "2"), ("b", "3"), ("", "4")]
    wire.answers = [(200, json.dumps({"list": [{"tid": tid}], "next": at}).encode()) for at, tid in pages]
    messages, _ = round_of(paging="cursor", cursor_path="$.next", page_parameter="after")
    assert ids(messages) == ["1", "2", "3"]
    assert [parse_qs(asked.query_string).get("after") for asked in wire.asked] == [None, ["a"], ["b"]]


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("iso", "2026-11-10T00:00:00+08:00"),
        ("unix", "1794240000"),
        ("unix_ms", "1794240000000"),
        ("%Y%m%d", "20261110"),
    ],
)
def test_times_are_asked_for_as_the_source_writes_them(format: str, expected: str, wire: Wire) -> None:
    wire.answers = [(200, b'{"list": []}')]
    round_of(since_format=format)
    assert parse_qs(wire.asked[0].query_string)["since"] == [expected]


def test_a_post_carries_its_parameters_as_json_and_a_token_may_be_one_of_them(wire: Wire) -> None:
    wire.answers = [(200, b'{"list": []}')]
    round_of(method="POST", token_parameter="key", parameters={"shop": 7})
    body = json.loads(wire.asked[0].body)
    assert (body["key"], body["shop"], body["page"]) == ("Bearer emulator-token", "7", "1")
    assert "Authorization" not in wire.asked[0].headers


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, b"{}", Unauthorised, "令牌"),
        (403, b"{}", Unauthorised, "令牌"),
        (404, b"{}", Permanent, "404"),
        (429, b"{}", Throttled, "429"),
        (502, b"{}", Temporary, "502"),
        (200, b"<html>login</html>", Temporary, "网页"),
        (200, b'{"code": 500}', Temporary, "记录位置"),
        (200, b"{", Temporary, "不是 JSON"),
    ],
)
def test_a_no_is_one_of_the_towers_kinds_of_no(
    status: int, body: bytes, error: type[OutsideError], text: str, wire: Wire
) -> None:
    wire.answers = [(status, body)]
    with pytest.raises(error, match=text):
        round_of()


def test_one_order_is_read_by_its_number_and_another_one_is_not_taken_for_it(shop: ShopEmulator, wire: Wire) -> None:
    [number] = sell(shop, 1)
    assert ids([generic.adapter.fetch(access(), number)]) == [number]
    wire.answers = [(200, b'{"list": [{"tid": "other"}]}')]
    with pytest.raises(Permanent, match="没有这个单号"):
        generic.adapter.fetch(access(), number)
    wire.answers = [(200, b"{}")]
    with pytest.raises(Permanent):
        generic.adapter.fetch(access(), "../admin?x=1")
    assert wire.asked[-1].path.endswith("/..%2Fadmin%3Fx%3D1")


def test_a_day_in_the_past_is_read_by_its_dates(shop: ShopEmulator, wire: Wire, time: FixedClock) -> None:
    [old] = sell(shop, 1)
    start = clock.now()
    time.advance(days=2)
    sell(shop, 1)
    polled = generic.adapter.slice(access(), start, start + timedelta(days=1), {})
    assert ids(list(polled.messages)) == [old]


def test_what_is_not_set_up_is_not_offered() -> None:
    listening = access(pull="none")
    can = {name for name in ("webhook", "poll", "slice", "fetch") if generic.adapter.can(name, listening.settings)}
    assert can == {"webhook"}
    assert generic.adapter.poll(listening, {"since": "x"}).cursor == {"since": "x"}
    with pytest.raises(Unsupported):
        generic.adapter.fetch(listening, "1")
    with pytest.raises(Unsupported):
        generic.adapter.slice(listening, clock.now(), clock.now(), {})
    with pytest.raises(Permanent, match="还没有设置字段映射"):
        generic.adapter.poll(access(mapping={}), {})


def test_an_export_in_gbk_is_read_from_its_address(erp: Any, wire: Wire) -> None:
    erp.control("audit", {"order": "320260311000000017", "waybill": "YT1", "goods": [["A", 1], ["B", 2]]})
    asked = access(ERP_BASE, secrets=ERP_SECRETS)
    polled = generic_erp.adapter.poll(type(asked)(**{**vars(asked), "settings": ERP_SETTINGS}), {})
    [message] = polled.messages
    said: Any
    [said] = generic_erp.adapter.parse_kept(message, settings=ERP_SETTINGS, at=None)
    assert (said.subject, said.snapshot.stage) == ("320260311000000017", "shipped")
    assert [parcel.waybill for parcel in said.snapshot.parcels] == ["YT1"]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"pull": "ftp"}, "pull"),
        ({"page_size": "many"}, "page_size"),
        ({"since_format": "iso8601"}, "since_format"),
        ({"start": "gestern"}, "start"),
        ({"parameters": '{"a": []}'}, "parameters"),
        ({"parameters": "{"}, "parameters"),
        ({"one_path": "http://evil/{id}"}, "one_path"),
        ({"one_path": "/{id}/{0}"}, "one_path"),
        ({"folder": "../other"}, "folder"),
        ({"folder": "/etc"}, "folder"),
        ({"folder": "C:\\orders"}, "folder"),
        ({"token_header": "X Y"}, "token_header"),
        ({"signature": "rsa"}, "signature"),
        ({"encoding": "latin-1"}, "encoding"),
        ({"paging": "cursor"}, "cursor_path"),
        ({"cursor_path": "$.["}, "cursor_path"),
        ({"mapping": {"order": {}}}, "mapping"),
        ({"pull": "none", "signature": "token"}, "push_secret"),
    ],
)
def test_a_setting_that_cannot_work_is_told_by_its_field(settings: dict[str, Any], field: str) -> None:
    found = generic.adapter.problems({**access().settings, **settings}, {})
    assert [error.field for error in found] == [field]
