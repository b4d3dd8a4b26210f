"""The connection itself: what travels in a call, tokens, throttles, wrong keys, clocks; and over a real socket."""

import re
from datetime import timedelta
from typing import Any

import pytest

from integrations.emulate import serving
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Throttled, Unauthorised
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders.clock import FixedClock
from tests.integrations.jd.conftest import GET, SEARCH, TOKEN, Wire, access, ids, orders_in, poll_all, sell


def test_a_call_carries_what_the_official_sample_carries_and_nothing_else(jd: JdEmulator, wire: Wire) -> None:
    [order_id] = sell(jd)
    adapter.fetch(access(), order_id)
    [form] = wire.forms
    assert set(form) == {"360buy_param_json", "access_token", "app_key", "method", "timestamp", "v", "sign"}
    assert form["timestamp"] == "2026-03-05 09:08:07.000+0800"
    assert (form["method"], form["access_token"], form["v"]) == (GET, TOKEN, "2.0")
    assert re.fullmatch(r"[0-9A-F]{32}", form["sign"])


def test_the_same_is_said_over_a_real_socket(jd: JdEmulator) -> None:
    [order_id] = sell(jd)
    with serving(jd.world, tick_seconds=0.05) as host:
        polled = adapter.poll(access(base_url=f"{host.url}/jd"), {})
        with pytest.raises(ConnectionAtFault):
            adapter.poll(access(base_url=f"{host.url}/nothing"), {})
    assert ids(list(polled.messages)) == [order_id]


def test_an_expired_or_strange_token_asks_for_a_person(jd: JdEmulator, wire: Wire) -> None:
    [order_id] = sell(jd)
    jd.control("expire_token", {})
    with pytest.raises(Unauthorised) as expired:
        adapter.poll(access(), {})
    assert expired.value.code == "19"
    fresh = jd.control("authorise", {})
    assert ids([adapter.fetch(access(access_token=fresh["access_token"]), order_id)]) == [order_id]
    with pytest.raises(Unauthorised):
        adapter.fetch(access(access_token="unknown"), order_id)


def test_a_token_is_refreshed_before_its_end_and_the_new_one_works(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    [order_id] = sell(jd)
    time.advance(days=29, hours=12)
    token = adapter.refresh(access())
    assert token.expires_at == time.now() + timedelta(days=30)
    assert set(token.secrets) == {"access_token", "refresh_token"}
    with pytest.raises(Unauthorised):
        adapter.fetch(access(), order_id)
    adapter.fetch(access(**token.secrets), order_id)


def test_a_refresh_whose_answer_was_lost_may_be_repeated(jd: JdEmulator, wire: Wire) -> None:
    jd.control("faults", {"lose_answer": 1.0})
    with pytest.raises(Temporary):
        adapter.refresh(access())
    jd.control("faults", {})
    token = adapter.refresh(access())
    assert token.secrets["access_token"] == jd.gate.grant.access_token


@pytest.mark.parametrize(
    "changes", [{"refresh_token": ""}, {"refresh_token": "other"}, {"app_secret": "wrong"}, {"app_secret": []}]
)
def test_a_refresh_that_is_refused_needs_a_person(jd: JdEmulator, wire: Wire, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorised):
        adapter.refresh(access(**changes))


def test_an_ended_token_cannot_be_refreshed(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    time.advance(days=31)
    with pytest.raises(Unauthorised, match="过期"):
        adapter.refresh(access())


def test_a_throttle_pauses_and_every_planted_failure_is_worth_another_try(jd: JdEmulator, wire: Wire) -> None:
    jd.control("faults", {"throttle": 1.0})
    with pytest.raises(Throttled) as throttled:
        adapter.poll(access(), {})
    assert throttled.value.retry_after == 60
    for fault in ("fail", "html", "lose_answer"):
        jd.control("faults", {fault: 1.0})
        with pytest.raises(Temporary):
            adapter.poll(access(), {})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app_secret": "wrong"}, "12"),
        ({"app_key": "1"}, "12"),
        ({"page_size": "many"}, "settings"),
        ({"start": "yesterday"}, "settings"),
        ({"flag_fields": "{"}, "settings"),
        ({"flag_fields": {"orderType": {"22": "anything"}}}, "settings"),
        ({"flag_fields": {"orderType": "dropship"}}, "settings"),
    ],
)
def test_a_wrong_connection_is_final_and_nobodys_order_is_blamed(
    jd: JdEmulator, wire: Wire, changes: dict[str, Any], code: str
) -> None:
    sell(jd)
    with pytest.raises(ConnectionAtFault) as wrong:
        adapter.poll(access(**changes), {})
    assert wrong.value.code == code


@pytest.mark.parametrize("changes", [{"app_secret": ""}, {"app_secret": []}, {"access_token": ""}])
def test_without_a_secret_or_token_nothing_is_sent(wire: Wire, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorised):
        adapter.poll(access(**changes), {})
    assert wire.forms == []


def test_of_two_app_secrets_the_first_signs(jd: JdEmulator, wire: Wire) -> None:
    sell(jd)
    assert len(poll_all()[0]) == 1
    adapter.poll(access(app_secret=["emulator-secret", "old"]), {})


@pytest.mark.parametrize("subject", ["12' OR 1", "", "\uff11\uff12", "9" * 40])
def test_an_order_number_that_is_none_is_not_sent(wire: Wire, subject: str) -> None:
    with pytest.raises(Permanent):
        adapter.fetch(access(), subject)
    assert wire.forms == []


def test_an_order_that_jd_does_not_know_is_final(jd: JdEmulator, wire: Wire) -> None:
    with pytest.raises(Permanent, match="订单不存在"):
        adapter.fetch(access(), "300000000000")


def test_a_clock_too_far_off_is_the_connections_fault(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [order_id] = sell(jd)
    wire.before[GET, 1] = lambda: time.advance(minutes=7)
    with pytest.raises(ConnectionAtFault) as wrong:
        adapter.fetch(access(), order_id)
    assert wrong.value.code == "8"


def test_settings_give_an_order_its_flags(jd: JdEmulator, wire: Wire) -> None:
    sell(jd, fields={"orderType": "108", "orderMarkDesc": "拼购, 预售"})
    rules = '{"orderType": {"108": "dropship"}, "orderMarkDesc": {"预售": "group_buy_open"}}'
    messages, _cursor = poll_all(None, flag_fields=rules, extra_fields="orderMarkDesc")
    [order] = orders_in(messages)
    assert order.flags == {"dropship", "group_buy_open"}
    assert wire.asked(SEARCH)[0]["optional_fields"].endswith(",orderMarkDesc")
