"""The seller says yes on the platform's page: the code that comes back serves once, in time, at its own address."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from tests.integrations.taobao.conftest import APP_KEY, RETURN, SELLER, Wire, access, sell


def says_yes(state: str = "s-1", **settings: Any) -> dict[str, list[str]]:
    """What the browser brings back after the seller pressed the button."""
    page = adapter.authorise_url(access(**settings), state)
    shown = requests.get(page, timeout=5)
    assert f"以“{SELLER}”登录并授权" in shown.content.decode()
    back = requests.post(page, data={"seller": SELLER}, allow_redirects=False, timeout=5)
    assert back.status_code == 302
    assert back.headers["Location"].startswith(RETURN)
    return parse_qs(urlsplit(back.headers["Location"]).query)


def test_the_page_names_the_app_the_return_address_and_the_state() -> None:
    query = parse_qs(urlsplit(adapter.authorise_url(access(), "a&b")).query)
    assert query == {
        "response_type": ["code"],
        "client_id": [APP_KEY],
        "redirect_uri": [RETURN],
        "state": ["a&b"],
        "view": ["web"],
    }
    real = access(oauth_url="")
    assert adapter.authorise_url(real, "s").startswith("https://oauth.taobao.com/authorize?")


def test_a_yes_brings_a_session_that_reads_orders_until_it_ends(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    [tid] = sell(taobao)
    back = says_yes()
    assert back["state"] == ["s-1"]
    token = adapter.authorise(access(), back["code"][0])
    assert set(token.secrets) == {"session", "refresh_token"}
    assert (token.expires_at - time.now()).days == 30
    time.advance(days=29)
    adapter.fetch(access(session=token.secrets["session"]), tid)
    time.advance(days=2)
    with pytest.raises(Unauthorised):
        adapter.fetch(access(session=token.secrets["session"]), tid)


@pytest.mark.parametrize(
    "spoils",
    [
        lambda code, time: adapter.authorise(access(), code),
        lambda code, time: time.advance(minutes=10),
    ],
    ids=["used", "late"],
)
def test_a_used_or_late_code_gives_nothing(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock, spoils: Callable[[str, FixedClock], Any]
) -> None:
    [code] = says_yes()["code"]
    spoils(code, time)
    with pytest.raises(Permanent) as refused:
        adapter.authorise(access(), code)
    assert refused.value.code == "invalid_grant"


def test_a_wrong_code_secret_or_view_gives_nothing(taobao: TaobaoEmulator, wire: Wire) -> None:
    [code] = says_yes()["code"]
    for given, wrong, said in (
        ("nothing", access(), "invalid_grant"),
        (code, access(app_secret="other"), "invalid_client"),
        (code, access(app_key="1"), "invalid_client"),
    ):
        with pytest.raises(Permanent) as refused:
            adapter.authorise(wrong, given)
        assert refused.value.code == said
    with pytest.raises(ConnectionAtFault):
        adapter.authorise(access(oauth_view="tv"), code)
    assert adapter.authorise(access(), code).secrets["session"]


def test_the_page_refuses_another_app_a_missing_address_and_a_strange_shop(wire: Wire) -> None:
    page = adapter.authorise_url(access(), "s")
    for url in (page.replace(APP_KEY, "1"), page.replace("redirect_uri", "elsewhere"), page.replace("=code", "=token")):
        assert requests.get(url, timeout=5).status_code == 400
    assert requests.post(page, data={"seller": "别人"}, timeout=5).status_code == 400


def test_a_service_market_app_gets_a_fresh_session_and_the_old_one_lives_on(taobao: TaobaoEmulator, wire: Wire) -> None:
    [tid] = sell(taobao)
    token = adapter.refresh(access(refresh_token="6101emulator"))
    fresh = access(session=token.secrets["session"])
    assert adapter.fetch(fresh, tid) == adapter.fetch(access(), tid)
    again = adapter.refresh(access(refresh_token=token.secrets["refresh_token"]))
    assert again.secrets["session"] != token.secrets["session"]


@pytest.mark.parametrize("refresh_token", ["", "unknown"])
def test_without_a_valid_refresh_token_a_person_must_authorise(wire: Wire, refresh_token: str) -> None:
    with pytest.raises(Unauthorised):
        adapter.refresh(access(refresh_token=refresh_token))


def test_a_throttled_refresh_is_tried_again(taobao: TaobaoEmulator, wire: Wire) -> None:
    taobao.control("ban", {"seconds": 60})
    with pytest.raises(Temporary):
        adapter.refresh(access(refresh_token="6101emulator"))


def test_only_a_renewable_session_is_refreshed_by_itself() -> None:
    assert not adapter.can("token", {})
    assert adapter.can("token", {"renewable": "是"})
    assert adapter.can("authorise", {})


def test_no_secret_of_the_authorisation_is_written_into_the_journal(taobao: TaobaoEmulator, wire: Wire) -> None:
    token = adapter.authorise(access(), says_yes()["code"][0])
    fresh = adapter.refresh(access(refresh_token=token.secrets["refresh_token"]))
    adapter.poll(access(session=fresh.secrets["session"]), {})
    journal = str(taobao.journal.entries())
    for secrets in (token.secrets, fresh.secrets):
        assert all(secret not in journal for secret in secrets.values())
