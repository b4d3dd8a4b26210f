"""The connection itself: sessions, throttles, wrong keys, clocks, and what travels in a call."""

from datetime import timedelta
from typing import Any

import pytest

from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from tests.integrations.taobao.conftest import SESSION, Wire, access, poll_all, sell, tids

LIST, DETAIL = "taobao.trades.sold.increment.get", "taobao.trade.fullinfo.get"
CONSUME, CONFIRM = "taobao.tmc.messages.consume", "taobao.tmc.messages.confirm"
REFUNDS = "taobao.refunds.receive.get"


def test_an_expired_session_asks_for_a_person(taobao: TaobaoEmulator, wire: Wire) -> None:
    [tid] = sell(taobao)
    taobao.control("expire_session", {})
    with pytest.raises(Unauthorised) as expired:
        adapter.poll(access(), {})
    assert expired.value.code == "session-expired"
    with pytest.raises(Unauthorised):
        adapter.fetch(access(session="unknown"), tid)
    taobao.control("renew_session", {})
    assert tids(poll_all()[0]) == [tid]


def test_a_session_lost_half_way_is_not_taken_for_a_bad_trade(taobao: TaobaoEmulator, wire: Wire) -> None:
    sell(taobao, 3)
    wire.before[DETAIL, 2] = lambda: taobao.control("expire_session", {})
    with pytest.raises(Unauthorised):
        adapter.poll(access(), {})


def test_a_throttle_says_how_long_to_wait(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    taobao.control("faults", {"throttle": 1.0})
    with pytest.raises(Temporary) as throttled:
        adapter.poll(access(), {})
    assert throttled.value.retry_after == 2


def test_every_planted_failure_is_worth_another_try(taobao: TaobaoEmulator, wire: Wire) -> None:
    taobao.control("faults", {"fail": 1.0})
    codes = set()
    for _try in range(20):
        with pytest.raises(Temporary) as failed:
            adapter.poll(access(), {})
        codes.add(failed.value.code)
    assert codes == {"502", "isp.top-remote-connection-timeout"}


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_each_sign_method_is_understood_by_the_other_side(taobao: TaobaoEmulator, wire: Wire, sign_method: str) -> None:
    [tid] = sell(taobao)
    adapter.fetch(access(sign_method=sign_method), tid)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app_secret": "wrong"}, "isv.invalid-signature"),
        ({"app_key": "1"}, "29"),
        ({"sign_method": "sha1"}, "sign_method"),
        ({"page_size": "many"}, "settings"),
        ({"start": "yesterday"}, "settings"),
    ],
)
def test_a_wrong_connection_is_final_and_nobodys_order_is_blamed(
    taobao: TaobaoEmulator, wire: Wire, changes: dict[str, Any], code: str
) -> None:
    sell(taobao)
    with pytest.raises(ConnectionAtFault) as wrong:
        adapter.poll(access(**changes), {})
    assert wrong.value.code == code


@pytest.mark.parametrize("changes", [{"app_secret": ""}, {"app_secret": []}, {"session": ""}])
def test_without_a_secret_or_session_nothing_is_sent(wire: Wire, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorised):
        adapter.poll(access(**changes), {})
    assert wire.names == []


def test_an_order_number_that_is_none_is_not_sent(wire: Wire) -> None:
    with pytest.raises(Permanent):
        adapter.fetch(access(), "12' OR 1")
    assert wire.names == []


def test_a_clock_too_far_off_is_the_connections_fault(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    [tid] = sell(taobao)
    form_time = time.now()
    wire.before[DETAIL, 1] = lambda: time.advance(minutes=11)
    with pytest.raises(ConnectionAtFault):
        adapter.fetch(access(), tid)
    assert time.now() - form_time > timedelta(minutes=10)


def test_the_session_travels_only_where_the_seller_must_agree(
    taobao: TaobaoEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str | None] = {}
    original = taobao.gate.admit

    def admit(form: Any, now: Any) -> None:
        seen[form["method"]] = form.get("session")
        original(form, now)

    monkeypatch.setattr(taobao.gate, "admit", admit)
    sell(taobao)
    poll_all()
    assert seen == {LIST: SESSION, DETAIL: SESSION, REFUNDS: SESSION, CONSUME: None, CONFIRM: None}
