"""A shop's authorisation: the page where the seller says yes, the code that it gives, and a fresh session.

Sources: TOP doc 102635 "用户授权介绍"; TOP metadata of `taobao.top.auth.token.refresh`. Only apps that sellers
subscribe to in the service market may refresh; the session of a seller's own app ends at its time, and a person
authorises again. How long it lives is what the answer says.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from integrations import bodies, preferences, records
from integrations.adapter import Access, Token
from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.taobao import client
from integrations.preferences import WrongSetting

OAUTH_URL = "https://oauth.taobao.com"
LONGEST_LIFE = 400 * 24 * 3600
ANSWER = "平台的授权回答"


def authorise_url(access: Access, state: str) -> str:
    query = {
        "response_type": "code",
        "client_id": str(access.settings.get("app_key") or ""),
        "redirect_uri": access.return_url,
        "state": state,
        "view": _view(access),
    }
    return f"{_base(access)}/authorize?{urlencode(query)}"


def authorise(access: Access, code: str) -> Token:
    """The code for a session; `Permanent` where the platform does not take it."""
    secret = preferences.first(access.secrets, "app_secret")
    if not secret:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": str(access.settings.get("app_key") or ""),
        "client_secret": secret,
        "redirect_uri": access.return_url,
        "view": _view(access),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    response = http_call("POST", f"{_base(access)}/token", data=urlencode(form), headers=headers)
    return _token(access, bodies.answer(response.content, ANSWER))


def refresh(access: Access) -> Token:
    """A fresh session for an app that may have one."""
    old = preferences.first(access.secrets, "refresh_token")
    if not old:
        raise Unauthorised("没有 refresh_token，请重新授权", code="no_refresh_token")
    try:
        answer = client.call(access, "taobao.top.auth.token.refresh", {"refresh_token": old}, as_seller=False)
    except (Temporary, Unauthorised, ConnectionAtFault):
        raise
    except OutsideError as error:
        raise Unauthorised(str(error), code=error.code) from error
    told = answer.get("token_result")
    return _token(access, bodies.answer(told, ANSWER) if isinstance(told, str) else told)


def _token(access: Access, told: Any) -> Token:
    if not isinstance(told, Mapping):
        raise Temporary(f"{ANSWER}不是 JSON 对象", code="unreadable_answer")
    if told.get("error"):
        text = str(told.get("error_description") or told["error"])
        raise Permanent(text, code=str(told["error"]))
    session, life = told.get("access_token"), records.whole(told.get("expires_in"))
    if not isinstance(session, str) or not session:
        raise Temporary("平台的授权回答里没有 access_token", code="unreadable_answer")
    if not life:
        raise Temporary("平台的授权回答里没有 expires_in", code="unreadable_answer")
    secrets = {"session": session}
    if isinstance(told.get("refresh_token"), str) and told["refresh_token"]:
        secrets["refresh_token"] = told["refresh_token"]
    return Token(secrets=secrets, expires_at=access.now + timedelta(seconds=min(life, LONGEST_LIFE)))


def _base(access: Access) -> str:
    return str(access.settings.get("oauth_url") or OAUTH_URL).rstrip("/")


def _view(access: Access) -> str:
    view = str(access.settings.get("oauth_view") or "web")
    if view not in ("web", "tmall", "wap"):
        raise WrongSetting("oauth_view", "只能是 web、tmall 或 wap")
    return view
