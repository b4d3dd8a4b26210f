"""The seller says yes on JD's page: the code that comes back serves once and in time."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.errors import Permanent
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders.clock import FixedClock
from tests.integrations.jd.conftest import APP_KEY, RETURN, Wire, access, sell


def says_yes(state: str = "s-1") -> dict[str, list[str]]:
    page = adapter.authorise_url(access(), state)
    assert "登录并授权" in requests.get(page, timeout=5).content.decode()
    back = requests.post(page, allow_redirects=False, timeout=5)
    assert back.headers["Location"].startswith(RETURN)
    return parse_qs(urlsplit(back.headers["Location"]).query)


def test_the_page_names_the_app_the_return_address_and_the_state() -> None:
    url = urlsplit(adapter.authorise_url(access(oauth_url=""), "a&b"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://open-oauth.jd.com/oauth2/to_login"
    query = parse_qs(url.query)
    assert (query["app_key"], query["redirect_uri"], query["state"]) == ([APP_KEY], [RETURN], ["a&b"])
    assert (query["response_type"], query["scope"]) == (["code"], ["snsapi_base"])


def test_a_yes_brings_tokens_that_read_and_can_be_refreshed(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [sold] = sell(jd)
    back = says_yes()
    assert back["state"] == ["s-1"]
    token = adapter.authorise(access(), back["code"][0])
    assert (token.expires_at - time.now()).days in (29, 30)
    fresh = access(access_token=token.secrets["access_token"], refresh_token=token.secrets["refresh_token"])
    adapter.fetch(fresh, sold)
    assert adapter.refresh(fresh).secrets["access_token"] != token.secrets["access_token"]


def test_a_wrong_used_or_late_code_gives_nothing(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [used], [late] = says_yes()["code"], says_yes()["code"]
    with pytest.raises(Permanent):
        adapter.authorise(access(app_secret="other"), used)
    adapter.authorise(access(), used)
    time.advance(minutes=10)
    for code in ("nothing", used, late):
        with pytest.raises(Permanent):
            adapter.authorise(access(), code)


def test_the_page_refuses_another_app_and_a_missing_address(wire: Wire) -> None:
    page = adapter.authorise_url(access(), "s")
    for url in (page.replace(APP_KEY, "1"), page.replace("redirect_uri", "elsewhere")):
        assert requests.get(url, timeout=5).status_code == 400
