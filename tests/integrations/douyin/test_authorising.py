"""The seller says yes in the service market: the code that comes back serves once, within ten minutes."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from integrations.errors import Permanent
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from integrations.platforms.douyin.pushes import WANTED
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import BASE, RETURN, Wire, access, sell

PAGE = f"{BASE}/authorize"


@pytest.fixture
def market(douyin: DouyinEmulator, wire: Wire) -> Iterator[DouyinEmulator]:
    """The page beside the gateway; the browser is another wire than the client's."""
    douyin.oauth.return_url = RETURN

    def browse(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        request.body = request.body or "{}"
        return wire(request)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, PAGE, callback=browse)
        mock.add_callback(responses.POST, f"{BASE}/token/create", callback=wire)
        mock.add_callback(responses.POST, f"{BASE}/token/refresh", callback=wire)
        mock.add_callback(responses.POST, f"{BASE}/order/orderDetail", callback=wire)
        yield douyin


def says_yes(state: str = "s-1") -> dict[str, list[str]]:
    page = adapter.authorise_url(access(service_id="20001", authorise_page=PAGE), state)
    assert "登录并授权" in requests.get(page, timeout=5).content.decode()
    back = requests.post(page, allow_redirects=False, timeout=5)
    assert back.headers["Location"].startswith(RETURN)
    return parse_qs(urlsplit(back.headers["Location"]).query)


def test_the_page_names_the_service_and_the_state_and_needs_both() -> None:
    assert adapter.authorise_url(access(service_id="7"), "a&b") == (
        "https://fuwu.jinritemai.com/authorize?service_id=7&state=a%26b"
    )
    with pytest.raises(Permanent):
        adapter.authorise_url(access(), "s")
    assert adapter.can("authorise", {"service_id": "7"})
    assert not adapter.can("authorise", {})


def test_a_yes_brings_tokens_that_read_orders(market: DouyinEmulator, time: FixedClock) -> None:
    [sold] = sell(market)
    back = says_yes()
    assert back["state"] == ["s-1"]
    token = adapter.authorise(access(access_token=""), back["code"][0])
    assert (token.expires_at - time.now()).days in (6, 7)
    adapter.fetch(access(access_token=token.secrets["access_token"]), sold)
    assert adapter.refresh(access(refresh_token=token.secrets["refresh_token"])).secrets == token.secrets


def test_a_wrong_used_or_late_code_gives_nothing(market: DouyinEmulator, time: FixedClock) -> None:
    [used], [late] = says_yes()["code"], says_yes()["code"]
    adapter.authorise(access(), used)
    time.advance(minutes=10)
    for code, said in (("nothing", "code-invalid"), (used, "code-expired"), (late, "code-expired")):
        with pytest.raises(Permanent) as refused:
            adapter.authorise(access(), code)
        assert refused.value.code.endswith(said)


def test_the_page_refuses_an_unknown_service_and_an_app_without_an_address(market: DouyinEmulator) -> None:
    assert requests.get(f"{PAGE}?service_id=1&state=s", timeout=5).status_code == 404
    market.oauth.return_url = ""
    assert requests.get(f"{PAGE}?service_id=20001&state=s", timeout=5).status_code == 400


def test_every_topic_to_tick_is_one_that_is_understood() -> None:
    from integrations.platforms.douyin import aftersales, pushes

    understood = {*pushes.ORDER_TAGS, *aftersales.TAGS, pushes.ADDRESS_ASKED}
    assert {topic.partition(" ")[0] for topic, _ in WANTED} <= understood
    assert adapter.topics == WANTED
