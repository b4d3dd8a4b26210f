"""The connection itself: signatures, logins, sessions that end, throttles, locks, and thirty dead minutes."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from integrations.erp.kingdee import adapter, client, lanes, sessions
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from integrations.erp.kingdee.refusals import Locked, SessionLost
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Throttled, Unauthorised
from orders.clock import FixedClock
from tests.integrations.kingdee.conftest import LOGINS, Wire, access, bill, news, poll_all, read, reports, take

QUERY = "ExecuteBillQuery"


def test_a_signed_call_needs_no_login(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    assert read("T1").stage == "accepted"
    assert set(wire.names) == {QUERY}
    [sent, *_] = wire.headers
    assert sent["Cookie"] == "Theme=standard"
    assert "kdservice-sessionid" not in sent


@pytest.mark.parametrize("login", LOGINS)
def test_each_login_opens_one_session_for_many_calls(kingdee: KingdeeEmulator, wire: Wire, login: str) -> None:
    take(kingdee, "T1")
    for _call in range(3):
        assert read("T1", login=login).stage == "accepted"
    assert wire.count(login) == 1
    [session] = kingdee.door.sessions
    calls = [sent for sent, service in zip(wire.headers, wire.names, strict=True) if service == QUERY]
    assert {sent["kdservice-sessionid"] for sent in calls} == {session}
    assert all(sent["Cookie"].startswith("Theme=standard; ") and session in sent["Cookie"] for sent in calls)
    assert not any("X-Kd-Signature" in sent for sent in calls)


@pytest.mark.parametrize("login", LOGINS)
def test_a_lost_session_is_replaced_in_the_middle_of_a_read(kingdee: KingdeeEmulator, wire: Wire, login: str) -> None:
    take(kingdee, "T1")
    wire.before[QUERY, 2] = lambda: kingdee.control("expire_sessions", {})
    assert read("T1", login=login).stage == "accepted"
    assert wire.count(login) == 2


@pytest.mark.parametrize(
    ("login", "changes"),
    [
        ("ValidateUser", {"password": "wrong"}),
        ("ValidateUser2", {"password": "wrong"}),
        ("LoginByAppSecret", {"app_secret": "wrong"}),
        ("LoginByAppSecret2", {"app_secret": "wrong"}),
        ("LoginBySign", {"app_secret": "wrong"}),
        ("LoginBySimplePassport", {"passport": "wrong"}),
        ("signature", {"app_secret": "wrong"}),
    ],
)
def test_wrong_credentials_ask_for_a_person(
    kingdee: KingdeeEmulator, wire: Wire, login: str, changes: dict[str, str]
) -> None:
    with pytest.raises(Unauthorised):
        adapter.poll(access(login=login, secrets=changes), {})
    assert kingdee.door.sessions == {}


@pytest.mark.parametrize("login", ["signature", "ValidateUser"])
def test_a_wrong_data_centre_asks_for_a_person(kingdee: KingdeeEmulator, wire: Wire, login: str) -> None:
    with pytest.raises(Unauthorised):
        adapter.poll(access(login=login, acct_id="another"), {})


@pytest.mark.parametrize(
    ("login", "secret"),
    [("signature", "app_secret"), ("ValidateUser", "password"), ("LoginBySimplePassport", "passport")],
)
def test_without_its_secret_nothing_is_sent(kingdee: KingdeeEmulator, wire: Wire, login: str, secret: str) -> None:
    with pytest.raises(Unauthorised) as missing:
        adapter.poll(access(login=login, secrets={secret: ""}), {})
    assert missing.value.code == f"no_{secret}"
    assert wire.names == []


@pytest.mark.parametrize(
    "changes",
    [
        {"login": "Guess"},
        {"lcid": "Chinese"},
        {"calls_at_once": "many"},
        {"start": "yesterday"},
        {"app_id": ""},
        {"app_id": "编号\n1"},
        {"app_id": "200001_" + "*" * 32},
        {"audited_order_means": "perhaps"},
        {"carriers": "{"},
        {"carriers": "[]"},
    ],
)
def test_a_wrong_setting_is_the_connections_fault(
    kingdee: KingdeeEmulator, wire: Wire, time: FixedClock, changes: dict[str, Any]
) -> None:
    take(kingdee, "T1")
    time.advance(minutes=1)
    with pytest.raises(ConnectionAtFault):
        poll_all(**changes)


def test_the_first_of_two_secrets_signs_while_one_is_replaced(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    secrets = {"app_secret": [DEFAULTS["app_secret"], "old"]}
    assert adapter.fetch(access(secrets=secrets), "T1")


def test_a_changed_password_opens_a_session_of_its_own(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    read("T1", login="ValidateUser")
    with pytest.raises(Unauthorised):
        adapter.fetch(access(login="ValidateUser", secrets={"password": "wrong"}), "T1")
    read("T1", login="ValidateUser")
    assert wire.count("ValidateUser") == 2


def test_an_idle_session_is_not_risked(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    read("T1", login="ValidateUser")
    time.advance(minutes=14)
    read("T1", login="ValidateUser")
    assert wire.count("ValidateUser") == 1
    time.advance(minutes=15)
    read("T1", login="ValidateUser")
    assert wire.count("ValidateUser") == 2


def test_threads_that_need_a_session_at_once_share_one_login(
    kingdee: KingdeeEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = []
    opened = sessions._log_in

    def slowly(asked: Any) -> Any:
        logins.append(threading.get_ident())
        return opened(asked)

    monkeypatch.setattr(sessions, "_log_in", slowly)
    asked = access(login="ValidateUser")
    threads = [threading.Thread(target=sessions.headers, args=(asked, "http://k3.test/")) for _one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logins) == 1


def test_a_session_that_another_thread_opened_is_not_forgotten(kingdee: KingdeeEmulator, wire: Wire) -> None:
    asked = access(login="ValidateUser")
    _, old = sessions.headers(asked, "http://k3.test/")
    sessions.forget(asked, old)
    _, new = sessions.headers(asked, "http://k3.test/")
    sessions.forget(asked, old)
    assert sessions.headers(asked, "http://k3.test/")[1] == new != old


def test_two_connections_to_one_server_do_not_share_their_sessions(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    read("T1", login="ValidateUser")
    adapter.fetch(access(login="ValidateUser", connection_id=2), "T1")
    assert wire.count("ValidateUser") == 2
    wire.headers.clear()
    adapter.fetch(access(connection_id=3), "T1")
    assert all(sent["Cookie"] == "Theme=standard" for sent in wire.headers)


def test_a_write_after_a_lost_session_is_left_to_the_caller(kingdee: KingdeeEmulator, wire: Wire) -> None:
    take(kingdee, "T1")
    kingdee.control("faults", {"lose_session": 1.0})
    with pytest.raises(SessionLost):
        client.call(access(login="ValidateUser"), "Audit", {"formid": "SAL_SaleOrder", "data": {"Numbers": ["X"]}})
    assert wire.count("Audit") == 1


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b'{"LoginResultType":1}', b'{"LoginResultType":1,"KDSVCSessionId":"a\\nb"}']
)
def test_a_login_answer_that_is_none_is_worth_another_try(kingdee: KingdeeEmulator, wire: Wire, answer: bytes) -> None:
    wire.instead = [(200, answer)]
    with pytest.raises(Temporary):
        read("T1", login="ValidateUser")


def test_a_throttle_makes_the_connection_wait(kingdee: KingdeeEmulator, wire: Wire) -> None:
    kingdee.control("faults", {"throttle": 1.0})
    with pytest.raises(Throttled) as throttled:
        adapter.poll(access(), {})
    assert (throttled.value.code, throttled.value.retry_after) == ("14", 60)


@pytest.mark.parametrize("fault", ["fail", "html", "lose_answer"])
def test_their_trouble_is_worth_another_try(kingdee: KingdeeEmulator, wire: Wire, fault: str) -> None:
    kingdee.control("faults", {fault: 1.0})
    with pytest.raises(Temporary):
        adapter.poll(access(), {})


def test_a_bill_that_somebody_has_open_is_tried_again_later(kingdee: KingdeeEmulator, wire: Wire) -> None:
    number = take(kingdee, "T1")["number"]
    kingdee.control("lock", {"number": number, "seconds": 30})
    with pytest.raises(Locked) as locked:
        adapter.tell(access(), news())
    assert locked.value.retry_after == 5


def test_after_thirty_dead_minutes_nothing_is_missing(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    time.advance(minutes=1)
    _, cursor = poll_all()
    take(kingdee, "T2")
    kingdee.control("dead", {})
    for _minute in range(29):
        time.advance(minutes=1)
        with pytest.raises(Temporary) as dead:
            adapter.poll(access(), cursor)
        assert dead.value.code == "503"
        with pytest.raises(Temporary):
            adapter.tell(access(), news())
    take(kingdee, "T3")
    time.advance(minutes=2)
    messages, _ = poll_all(cursor)
    assert set(reports(messages)) == {"T2", "T3"}
    adapter.tell(access(), news())
    assert bill(kingdee, "XSDD000001")["head"]["F_HUB_Status"] == "已出库"


def test_the_switch_wakes_it_up_again(kingdee: KingdeeEmulator, wire: Wire) -> None:
    kingdee.control("dead", {"minutes": 30})
    kingdee.control("dead", {"minutes": 0})
    take(kingdee, "T1")
    assert read("T1").stage == "accepted"


def test_a_clock_too_far_off_is_not_recognised(kingdee: KingdeeEmulator, wire: Wire, time: FixedClock) -> None:
    take(kingdee, "T1")
    kingdee.door.skew = timedelta(0)
    wire.before[QUERY, 1] = lambda: time.advance(seconds=5)
    wire.before[QUERY, 2] = lambda: time.advance(seconds=5)
    with pytest.raises(Unauthorised):
        read("T1")


def test_not_more_calls_at_once_than_the_setting_says() -> None:
    inside, most = [0], [0]
    gate = threading.Barrier(2)

    def work() -> None:
        gate.wait()
        for _turn in range(20):
            with lanes.calling(77, 1):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


@pytest.mark.parametrize("subject", ["", "a b", "A,B", "x" * 81])
def test_a_number_that_is_none_is_not_asked_for(kingdee: KingdeeEmulator, wire: Wire, subject: str) -> None:
    with pytest.raises(Permanent):
        adapter.fetch(access(), subject)
    assert wire.names == []


def test_what_it_can_do_depends_on_the_settings() -> None:
    assert adapter.can("tell", {})
    assert adapter.can("tell", {"tell": "fields"})
    assert not adapter.can("tell", {"tell": "none"})
    assert adapter.can("poll", {"tell": "none"})
    assert not adapter.can("deliver", {})
