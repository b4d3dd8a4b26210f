"""What is believed of a push, how it is taken apart and answered."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.adapter import Incoming
from integrations.carriers.sf import adapter
from integrations.carriers.sf.emulator import DEFAULTS
from integrations.errors import BadSignature, Unreadable
from tests.integrations.sf.street import (
    NOW,
    WAYBILL,
    access,
    answering,
    body_of,
    envelope,
    facts,
    incoming,
    messages,
    point,
    pushed,
    reason,
    row,
    stages,
    track,
)

PUSH = body_of(pushed(row()))


def refused(request: Incoming, **settings: Any) -> str:
    secrets = settings.pop("secrets", None)
    with pytest.raises(BadSignature) as error:
        adapter.verify(access(secrets=secrets, **settings), request)
    return str(error.value)


# Who may push -------------------------------------------------------------------------------------------------------
def test_the_address_alone_is_enough_where_nothing_else_is_demanded() -> None:
    adapter.verify(access(), incoming(PUSH))


@pytest.mark.parametrize("tokens", ["one", ["one"], ["new", "one"], ["one", "old"]])
def test_any_live_token_in_the_address_is_enough(tokens: Any) -> None:
    adapter.verify(access(secrets={"push_token": tokens}), incoming(PUSH, "token=one"))
    adapter.verify(access(secrets={"push_token": tokens}), incoming(PUSH, "a=b&token=one"))


@pytest.mark.parametrize("query", ["", "token=", "token=two", "token=One", "tok=one", "token=one%00", "token=%ff"])
def test_without_the_token_nothing_is_believed(query: str) -> None:
    assert "token" in refused(incoming(PUSH, query), secrets={"push_token": "one"})


def test_a_query_of_many_fields_is_not_searched() -> None:
    query = "&".join(f"f{place}=1" for place in range(50)) + "&token=one"
    assert "many" in refused(incoming(PUSH, query), secrets={"push_token": "one"})


@pytest.mark.parametrize(
    "allowed", ["203.0.113.0/24", "198.51.100.7, 203.0.113.9", ["203.0.113.9"], "203.0.113.9，::1"]
)
def test_only_the_named_addresses_may_push(allowed: Any) -> None:
    adapter.verify(access(allowed_addresses=allowed), incoming(PUSH, address="203.0.113.9"))
    for stranger in ("192.0.2.1", "", "unix:", "203.0.113.9.1"):
        assert "address" in refused(incoming(PUSH, address=stranger), allowed_addresses=allowed)


def test_behind_a_proxy_the_address_stands_in_the_proxy_s_header_and_nowhere_else() -> None:
    settings = {"allowed_addresses": "203.0.113.9", "address_header": "X-Real-IP"}
    adapter.verify(access(**settings), incoming(PUSH, address="10.0.0.1", **{"x-real-ip": "203.0.113.9"}))
    assert refused(incoming(PUSH, address="203.0.113.9"), **settings)
    assert refused(incoming(PUSH, address="203.0.113.9", **{"x-real-ip": "192.0.2.1"}), **settings)


@pytest.mark.parametrize("wrong", [{"allowed_addresses": "everywhere"}, {"push_signature": "rsa"}])
def test_a_setting_that_cannot_be_used_lets_nobody_in(wrong: dict[str, str]) -> None:
    assert "setting" in refused(incoming(PUSH, address="203.0.113.9"), **wrong)
    assert [problem.field for problem in adapter.problems(wrong, {})] == list(wrong)


def form(text: str, word: str = DEFAULTS["check_word"], **more: str) -> bytes:
    """As the one gateway that is said to sign does it, written from its description."""
    digest = base64.b64encode(hashlib.md5((text + "1700000000" + word).encode()).digest()).decode()
    return urlencode({"msgData": text, "timestamp": "1700000000", "msgDigest": digest} | more).encode()


def test_a_signed_form_is_checked_and_read_where_the_setting_says_so() -> None:
    request = incoming(form(PUSH.decode()))
    adapter.verify(access(push_signature="form"), request)
    [message] = adapter.unpack(access(push_signature="form"), request)
    assert json.loads(message.body)["waybill"] == WAYBILL
    wrong = [form(PUSH.decode(), "other"), form(PUSH.decode(), msgData=PUSH.decode() + " "), PUSH, b"", b"msgData=1"]
    for body in wrong:
        assert refused(incoming(body), push_signature="form")
    assert "twice" in refused(incoming(form(PUSH.decode()) + b"&msgData=1"), push_signature="form")


# Replies ------------------------------------------------------------------------------------------------------------
def test_the_replies_are_theirs() -> None:
    reply = adapter.accepted(incoming(PUSH))
    assert (reply.status, json.loads(reply.body)) == (200, {"return_code": "0000", "return_msg": "成功"})
    no = adapter.refused(incoming(PUSH), BadSignature("the token does not fit"))
    assert (no.status, json.loads(no.body)["return_code"]) == (401, "1000")
    assert b"token" not in no.body


# Messages -----------------------------------------------------------------------------------------------------------
def test_every_parcel_has_a_message_of_its_own() -> None:
    kept = messages(pushed(row("50"), row("50", mailno="sf7444407670711"), row("80")))
    assert [message.kind for message in kept] == ["push", "push"]
    assert [json.loads(message.body)["waybill"] for message in kept] == [WAYBILL, "SF7444407670711"]
    assert stages(facts(pushed(row("50"), row("44", NOW + timedelta(minutes=1))))) == ["picked_up", "out_for_delivery"]


def test_a_repeat_is_the_same_message_and_a_new_id_brings_the_same_fact() -> None:
    one, again = messages(pushed(row())), messages(pushed(row()))
    assert one == again
    other = messages(pushed(row(id="158918741499999")))
    assert one[0].key != other[0].key
    assert adapter.parse(one[0]) == adapter.parse(other[0])


def test_a_route_is_one_fact_whether_it_is_pushed_or_pulled() -> None:
    pulled = {name: value for name, value in row().items() if name not in ("id", "mailno", "orderid", "reasonName")}
    pulled |= {"firstStatusCode": "1", "secondaryStatusCode": "101"}
    with answering(envelope({"routeResps": [{"mailNo": WAYBILL, "routes": [pulled]}]})):
        message = adapter.query(access(), track())
    assert list(adapter.parse(message)) == facts(pushed(row()))


def test_rows_from_the_future_are_shown_and_move_nothing() -> None:
    kept = messages(pushed(row("50"), row("80", NOW + timedelta(minutes=11))))
    assert [message.kind for message in kept] == ["push", "notice"]
    assert "晚于收到时间" in reason(kept[1])
    assert stages(facts(pushed(row("80", NOW + timedelta(minutes=9))))) == ["signed"]
    assert messages(pushed(row("80", NOW + timedelta(minutes=11))))[0] == kept[1]


def test_the_state_of_an_order_is_kept_and_says_nothing() -> None:
    [message] = messages({"requestId": "1", "orderState": [{"orderNo": "L1", "orderStateCode": "04-40037"}]})
    assert message.kind == "order_state"
    assert list(adapter.parse(message)) == []


@pytest.mark.parametrize("content", [{}, {"Body": {}}, {"Body": {"WaybillRoute": 7}}, {"Body": []}])
def test_what_is_no_push_is_parked_whole(content: Any) -> None:
    with pytest.raises(Unreadable):
        adapter.unpack(access(), incoming(body_of(content)))


def test_an_unlisted_op_code_is_unknown_and_counted() -> None:
    [said] = facts(pushed(row("7777", remark="一条新的操作")))
    assert (point(said).stage, point(said).text) == ("unknown", "[7777] 一条新的操作")
    assert said.unlisted == ("路由操作码“7777”不在对照表里",)  # type: ignore[attr-defined]
