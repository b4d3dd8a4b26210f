"""Pushes: who is believed, what is kept, what is answered; through the emulator's own signature."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Incoming, Message
from integrations.errors import BadSignature, Unreadable
from integrations.platforms import douyin as package
from integrations.platforms.douyin import adapter, signing
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import (
    APP_KEY,
    HOOK,
    SECRET,
    Wire,
    access,
    pointed,
    refunds_in,
    requests_in,
    sell,
    unpacked,
)
from tests.integrations.douyin.test_mapping import hostile_bodies

VECTORS = json.loads((Path(package.__file__).parent / "samples" / "signing.json").read_text())


def pushed(
    body: bytes, *, method: str = "md5", sign: str | None = None, app_key: str = APP_KEY, **headers: str
) -> Incoming:
    given = signing.sign_push(body, app_key=app_key, secret=SECRET, sign_method=method) if sign is None else sign
    told = {"App-Id": app_key, "Event-Sign": given, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return Incoming(method="POST", query_string="", headers=told, body=body)


def message(tag: Any = "101", msg_id: Any = "m1", **data: Any) -> dict[str, Any]:
    inside = {"p_id": 4781320682406083640, "shop_id": 4463798, "pay_time": 1767229200, **data}
    return {"tag": tag, "msg_id": msg_id, "data": json.dumps(inside)}


def kept(*messages: Any, **settings: Any) -> Sequence[Message]:
    return adapter.unpack(access(**settings), pushed(json.dumps(list(messages)).encode()))


# Who is believed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", signing.METHODS)
@pytest.mark.parametrize("vector", VECTORS["pushes"], ids=lambda vector: vector["name"])
def test_the_published_pushes_are_believed(vector: dict[str, Any], method: str) -> None:
    headers = {"app-id": VECTORS["app_key"], "event-sign": vector["signs"][method], "sign-method": method}
    incoming = Incoming(method="POST", query_string="", headers=headers, body=vector["body"].encode())
    adapter.verify(access(app_key=VECTORS["app_key"], app_secret=VECTORS["secret"]), incoming)


@pytest.mark.parametrize("secret", [["new", SECRET], (SECRET, "old")])
def test_any_of_several_secrets_is_good(secret: Any) -> None:
    adapter.verify(access(app_secret=secret), pushed(b"[]"))


@pytest.mark.parametrize(
    "refused",
    [
        pushed(b"[]", sign=""),
        pushed(b"[]", sign="0" * 32),
        pushed(b"[]", sign="签名"),
        pushed(b"[ ]", sign=signing.sign_push(b"[]", app_key=APP_KEY, secret=SECRET, sign_method="md5")),
        pushed(b"[]", app_key="1"),
        pushed(b"[]", App_Id="1"),
        pushed(b"[]", sign_method="hmac-sha256"),
        pushed(b"[]", sign_method="none"),
        Incoming(method="POST", query_string="", headers={}, body=b"[]"),
        Incoming(method="GET", query_string="", headers=pushed(b"").headers, body=b""),
    ],
)
def test_whatever_is_not_signed_with_our_secret_is_not_believed(refused: Incoming) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(), refused)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(BadSignature):
        adapter.verify(access(app_secret=""), pushed(b"[]", sign=signing._digest(APP_KEY.encode() + b"[]", "", "md5")))


def test_a_connection_may_insist_on_the_better_signature() -> None:
    adapter.verify(
        access(push_sign_method="hmac-sha256"), pushed(b"[]", method="hmac-sha256", sign_method="hmac-sha256")
    )
    with pytest.raises(BadSignature):
        adapter.verify(access(push_sign_method="hmac-sha256"), pushed(b"[]"))


# What is kept -------------------------------------------------------------------------------------------------------


def test_every_message_of_an_array_is_kept_under_its_own_id() -> None:
    found = kept(message("101", "m1"), message(102, "m2", update_time=1767229300), message("113", "m3"))
    assert [(one.kind, one.key) for one in found] == [
        ("push:101", "push:m1"), ("push:102", "push:m2"), ("push:113", "push:m3"),
    ]  # fmt: skip


def test_a_repeat_has_the_same_key_and_body() -> None:
    assert kept(message()) == kept(message(), message())[:1]
    assert len({(one.key, one.body) for one in kept(message(), message())}) == 1


def test_the_consoles_test_says_nothing() -> None:
    assert kept({"tag": "0", "msg_id": "0", "data": "2020-09-10T16:27:56.52842897+08:00"}) == []
    assert kept() == []


def test_data_may_be_an_object_and_the_tag_a_number() -> None:
    told = message() | {"tag": 101, "data": {"p_id": "4781320682406083640A", "shop_id": "4463798"}}
    assert pointed(list(kept(told))) == ["4781320682406083640"]


def test_one_message_without_sense_is_kept_beside_the_good_ones() -> None:
    found = kept(message("101", "m1"), 7, None, {"tag": {}, "data": "no JSON"}, [], message("106", "m2", cancel_time=1))
    assert len(found) == 6
    assert len({one.key for one in found}) == 6
    assert pointed([found[0], found[-1]])
    for bad in found[1:-1]:
        with pytest.raises(Unreadable):
            adapter.parse(bad)


def test_a_message_of_another_shop_is_marked_or_left_out() -> None:
    foreign = message("101", "m1", shop_id=999)
    [found] = kept(foreign)
    with pytest.raises(Unreadable, match="其他店铺"):
        adapter.parse(found)
    assert kept(foreign, other_shops="888, 999") == []
    [found] = kept(foreign, shop_id="")
    assert pointed([found])


def test_the_time_to_answer_is_the_shops_setting() -> None:
    asked = message("111", "m1", apply_time=1767231500)
    [hour], [none] = kept(asked), kept(asked, address_answer_minutes=0)
    [request] = requests_in([hour])
    assert request.deadline is not None
    assert (request.deadline - request.requested_at).total_seconds() == 3600
    [request] = requests_in([none])
    assert request.deadline is None


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b'"[]"', b"[" * 100_000, b"\xff", json.dumps([1] * 1001).encode()]
)
def test_what_is_no_array_of_messages_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        adapter.unpack(access(), pushed(body))


def test_hostile_arrays_are_kept_or_unreadable_and_never_more() -> None:
    for body in hostile_bodies():
        for told in (body, b"[" + body + b"]"):
            try:
                for one in adapter.unpack(access(), pushed(told)):
                    assert len(one.key) <= 150
                    one.body.decode()
            except Unreadable:
                pass


# What is answered ---------------------------------------------------------------------------------------------------


def test_the_replies_are_the_platforms_own() -> None:
    assert json.loads(adapter.accepted(pushed(b"[]")).body) == {"code": 0, "msg": "success"}
    refused = adapter.refused(pushed(b"[]"), BadSignature())
    assert (refused.status, json.loads(refused.body)) == (401, {"code": 1, "msg": "fail"})


# From the emulator --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", signing.METHODS)
def test_the_emulated_platform_is_believed_and_its_words_are_understood(
    douyin: DouyinEmulator, wire: Wire, method: str
) -> None:
    douyin.control("push_to", {"url": HOOK, "sign_method": method})
    [sold] = sell(douyin)
    douyin.control("memo", {"order_id": sold, "memo": "加急"})
    douyin.control("ask_address", {"order_id": sold})
    douyin.control("refund", {"order_id": sold})
    douyin.control("push_test", {})
    wire.tick()
    messages = unpacked(wire)
    assert [one.kind for one in messages] == ["push:100", "push:101", "push:113", "push:111", "push:200"]
    assert {subject.partition("@")[0] for subject in pointed(messages)} == {sold}
    assert len(refunds_in(messages)) == len(requests_in(messages)) == 1


def test_what_a_push_points_at_is_read_as_of_its_time(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    douyin.control("push_to", {"url": HOOK})
    [sold] = sell(douyin)
    wire.tick()
    time.advance(minutes=5)
    wire.pushed.clear()
    douyin.control("ask_address", {"order_id": sold, "directly": True, "receiver": {"address": "新华街1号"}})
    wire.tick()
    [subject] = pointed(unpacked(wire))
    before, after = adapter.fetch(access(), sold), adapter.fetch(access(), subject)
    assert before.key != after.key
    [old], [new] = adapter.parse(before), adapter.parse(after)
    times = [one.snapshot.modified_at for one in (old, new)]  # type: ignore[union-attr]
    assert (times[1] - times[0]).total_seconds() == 300


def test_a_push_that_is_not_acknowledged_comes_again(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    douyin.control("push_to", {"url": HOOK})
    wire.reply = lambda incoming: (500, b"")
    sell(douyin, paid=False)
    wire.tick()
    wire.tick()
    assert len(wire.pushed) == 1
    wire.reply = lambda incoming: (200, b'{"code":0,"msg":"success"}')
    time.advance(seconds=11)
    wire.tick()
    time.advance(minutes=20)
    wire.tick()
    assert len(wire.pushed) == 2
    assert wire.pushed[0].body == wire.pushed[1].body


def test_pushes_that_are_lost_doubled_and_out_of_order_are_the_emulators_faults(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    douyin.control("push_to", {"url": HOOK})
    douyin.control("faults", {"repeat": 1, "reorder": 0.5})
    sell(douyin, 5)
    for _ in range(5):
        time.advance(seconds=3)
        wire.tick()
    messages = unpacked(wire)
    assert len(messages) == 20
    assert len({one.key for one in messages}) == 10
    douyin.control("faults", {"drop": 1})
    sell(douyin)
    wire.pushed.clear()
    wire.tick()
    assert wire.pushed == []
