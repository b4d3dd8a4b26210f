"""Tokens, envelopes, signatures: what concerns the connection and not one order."""

from datetime import timedelta
from typing import Any

import pytest

from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Unauthorised
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import DETAIL, TOKEN, Wire, access, sell, snapshot_of


def test_in_its_last_hour_a_token_is_replaced_and_the_old_one_lives_an_hour_more(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    time.advance(days=6, hours=23, minutes=15)
    fresh = adapter.refresh(access())
    assert fresh.secrets["access_token"] != TOKEN
    assert fresh.expires_at == clock.now() + timedelta(days=7)
    [sold] = sell(douyin)
    for token in (TOKEN, fresh.secrets["access_token"]):
        adapter.fetch(access(access_token=token), sold)
    time.advance(minutes=61)
    with pytest.raises(Unauthorised):
        adapter.fetch(access(), sold)


def test_the_tower_asks_within_the_last_hour(douyin: DouyinEmulator) -> None:
    assert timedelta(minutes=30) < adapter.token_lead < timedelta(hours=1)


def test_asked_too_early_the_platform_gives_the_same_token(douyin: DouyinEmulator, wire: Wire) -> None:
    token = adapter.refresh(access())
    assert token.secrets["access_token"] == TOKEN
    assert token.expires_at == clock.now() + timedelta(days=7)


def test_the_same_token_again_in_the_last_hour_is_tried_again(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.gate.grant.expires = clock.now() + timedelta(minutes=60, seconds=30)
    late = access(now=clock.now() - timedelta(minutes=2))
    douyin.gate.grant.access_token = TOKEN
    token = adapter.refresh(late)
    assert token.secrets["access_token"] == TOKEN
    douyin.gate.authorise = lambda now: None  # type: ignore[method-assign]
    douyin.gate.grant.expires = clock.now() + timedelta(minutes=40)
    with pytest.raises(Temporary) as refused:
        adapter.refresh(access())
    assert refused.value.code == "same_token"


@pytest.mark.parametrize("refresh_token", ["", "forged"])
def test_without_a_good_refresh_token_a_person_must_authorise(
    douyin: DouyinEmulator, wire: Wire, refresh_token: str
) -> None:
    with pytest.raises(Unauthorised):
        adapter.refresh(access(refresh_token=refresh_token))


@pytest.mark.parametrize("refresh_token", ["", "forged"])
def test_an_app_of_the_sellers_own_authorises_itself(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock, refresh_token: str
) -> None:
    time.advance(days=20)
    token = adapter.refresh(access(refresh_token=refresh_token, own_use="是"))
    assert adapter.fetch(access(access_token=token.secrets["access_token"]), sell(douyin)[0])


def test_a_shop_that_withdrew_needs_a_person(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.control("expire_token", {"closed": True})
    with pytest.raises(Unauthorised):
        adapter.refresh(access())
    with pytest.raises(Unauthorised):
        adapter.fetch(access(), "1")


# Envelope and signature ---------------------------------------------------------------------------------------------


def test_the_old_envelope_is_understood(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    wire.old_envelope = True
    assert snapshot_of(sold).platform_order_id == sold
    with pytest.raises(Permanent) as refused:
        adapter.fetch(access(), "1")
    assert refused.value.code == "60033"


@pytest.mark.parametrize("sign_method", ["hmac-sha256", "md5"])
def test_both_sign_methods_are_accepted_by_the_other_side(douyin: DouyinEmulator, wire: Wire, sign_method: str) -> None:
    [sold] = sell(douyin, remark="改地址 <急> & 送礼")
    assert adapter.fetch(access(sign_method=sign_method), sold)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"app_secret": "forged"}, ConnectionAtFault),
        ({"app_key": "1"}, ConnectionAtFault),
        ({"sign_method": "sha1"}, ConnectionAtFault),
        ({"app_secret": ""}, Unauthorised),
        ({"access_token": ""}, Unauthorised),
        ({"access_token": "forged"}, Unauthorised),
    ],
)
def test_a_wrong_connection_is_told_from_a_wrong_order(
    douyin: DouyinEmulator, wire: Wire, changes: dict[str, Any], error: type[OutsideError]
) -> None:
    with pytest.raises(error):
        adapter.fetch(access(**changes), sell(douyin)[0])


def test_the_first_of_two_secrets_signs(douyin: DouyinEmulator, wire: Wire) -> None:
    [sold] = sell(douyin)
    assert adapter.fetch(access(app_secret=["emulator-secret", "old"]), sold)
    assert wire.count(DETAIL) == 1
