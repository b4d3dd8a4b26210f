"""The shop's authorisation: the page, its code, and a fresh token in time. Source: the OAuth pages of open.jd.com, as
public SDKs use them.

A token that has ended cannot be refreshed: then a person must authorise again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from integrations import bodies, preferences, records
from integrations.adapter import Access, Token
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.jd import client, refusals

OAUTH_URL = "https://open-oauth.jd.com/oauth2"
LONGEST_LIFE = 400 * 24 * 3600


def authorise_url(access: Access, state: str) -> str:
    query = {
        "app_key": str(access.settings.get("app_key") or ""),
        "response_type": "code",
        "redirect_uri": access.return_url,
        "state": state,
        "scope": "snsapi_base",
    }
    return f"{_base(access)}/to_login?{urlencode(query)}"


def authorise(access: Access, code: str) -> Token:
    """The code of the page for a pair of tokens."""
    return _asked(access, "access_token", {"grant_type": "authorization_code", "code": code}, kept="")


def refresh(access: Access) -> Token:
    """A fresh access token and the refresh token that goes with it."""
    old = preferences.first(access.secrets, "refresh_token")
    if not old:
        raise Unauthorised("没有 refresh_token，请重新授权", code="no_refresh_token")
    asked = {"grant_type": "refresh_token", "refresh_token": old}
    return _asked(access, "refresh_token", asked, kept=old)


def _base(access: Access) -> str:
    return str(access.settings.get("oauth_url") or OAUTH_URL).rstrip("/")


def _asked(access: Access, path: str, asked: Mapping[str, str], *, kept: str) -> Token:
    """What the authorisation service gives; `kept` is the refresh token that stays where no other comes."""
    app = {"app_key": str(access.settings.get("app_key") or ""), "app_secret": client.app_secret(access)}
    try:
        response = http_call("GET", f"{_base(access)}/{path}", params={**app, **asked})
    except Permanent as error:
        raise ConnectionAtFault(str(error), code=error.code) from error
    answer = bodies.answer_object(response.content, client.ANSWER)
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        if "code" not in answer and "error" not in answer:
            raise Temporary("京东的授权回答里没有 access_token", code="unreadable_answer")
        code = str(answer.get("code") or answer.get("error") or "")
        raise refusals.token_refusal(code, str(answer.get("msg") or answer.get("error_description") or ""))
    secrets = {"access_token": token, "refresh_token": str(answer.get("refresh_token") or kept)}
    return Token(secrets=secrets, expires_at=_born(answer.get("time"), access.now) + _life(answer.get("expires_in")))


def _born(told: object, now: datetime) -> datetime:
    """`time` is in milliseconds; a clock more than an hour off is not believed."""
    milliseconds = records.whole(told, 14)
    if milliseconds is None:
        return now
    born = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    return born if abs(born - now) <= timedelta(hours=1) else now


def _life(told: object) -> timedelta:
    seconds = records.whole(told)
    if seconds is None:
        raise Temporary("京东的续期回答里没有 expires_in", code="unreadable_answer")
    return timedelta(seconds=min(seconds, LONGEST_LIFE))
