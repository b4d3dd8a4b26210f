"""The shop's authorisation: the page, its code, a fresh token in time. Source: the token calls of the official SDKs.

Asked more than an hour before its end, Douyin gives the same token again; within the last hour a new one, and the old
one stays valid for an hour more. An app for a seller's own use (自用型) needs no person to be authorised again.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from integrations import preferences, records
from integrations.adapter import Access, Token
from integrations.errors import Permanent, Temporary, Unauthorised
from integrations.platforms.douyin import client

AUTHORISE_URL = "https://fuwu.jinritemai.com/authorize"
LONGEST_LIFE = 400 * 24 * 3600


def authorise_url(access: Access, state: str) -> str:
    """The service market's page. Where it sends the seller back to stands in the platform's console."""
    service_id = str(access.settings.get("service_id") or "")
    if not service_id:
        raise Permanent("请先填写服务市场的服务 ID（service_id）", code="no_service_id")
    page = str(access.settings.get("authorise_page") or AUTHORISE_URL)
    return f"{page}?{urlencode({'service_id': service_id, 'state': state})}"


def authorise(access: Access, code: str) -> Token:
    """The code of the page for a pair of tokens; it lives ten minutes."""
    parameters = {"code": code, "grant_type": "authorization_code"}
    return _token(access, client.call(access, "/token/create", parameters, as_seller=False))


def refresh(access: Access) -> Token:
    """A new pair of tokens; `Temporary` where the platform still gives the old one."""
    old = preferences.first(access.secrets, "refresh_token")
    try:
        if not old:
            raise Unauthorised("没有 refresh_token，请重新授权", code="no_refresh_token")
        parameters = {"grant_type": "refresh_token", "refresh_token": old}
        data = client.call(access, "/token/refresh", parameters, as_seller=False)
    except Unauthorised:
        if not access.settings.get("own_use"):
            raise
        data = _created(access)
    token = _token(access, data)
    is_old = token.secrets["access_token"] in preferences.listed(access.secrets, "access_token")
    if is_old and token.expires_at - access.now < timedelta(hours=1):
        raise Temporary("平台还没有换发新的授权", code="same_token", retry_after=300)
    return token


def _created(access: Access) -> dict[str, Any]:
    shop_id = str(access.settings.get("shop_id") or "")
    if not shop_id:
        raise Unauthorised("自用型应用续期需要店铺 ID（shop_id）", code="no_shop_id")
    parameters = {"code": "", "grant_type": "authorization_self", "shop_id": client.checked_id(shop_id, "店铺 ID")}
    return client.call(access, "/token/create", parameters, as_seller=False)


def _token(access: Access, data: dict[str, Any]) -> Token:
    access_token, life = data.get("access_token"), records.whole(data.get("expires_in"))
    if not isinstance(access_token, str) or not access_token:
        raise Temporary("平台的续期回答里没有 access_token", code="unreadable_answer")
    if not life:
        raise Temporary("平台的续期回答里没有 expires_in", code="unreadable_answer")
    kept = preferences.first(data, "refresh_token") or preferences.first(access.secrets, "refresh_token")
    return Token(
        secrets={"access_token": access_token, "refresh_token": kept},
        expires_at=access.now + timedelta(seconds=min(life, LONGEST_LIFE)),
    )
