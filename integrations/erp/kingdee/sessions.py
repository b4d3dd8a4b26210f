"""Who the tower is to K3 Cloud: signed headers at every call, or a session from one of the login services.

Sessions are kept per process, by connection and credentials, so that a changed password makes a new one. Sources: the
official SDK for the headers and cookies, the public Java client for the login services.
"""

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from requests import Response

from integrations import bodies
from integrations.adapter import Access
from integrations.erp.kingdee import signing
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.preferences import choice, first, number, text
from orders import clock

LOGIN_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
SIGNATURE = "signature"
SESSION_HEADER = "kdservice-sessionid"
# Sent always: without a Cookie header of its own, a call would carry what the shared jar holds for this host.
NO_SESSION = "Theme=standard"
LOGGED_IN = "1"
# What may stand in a header or cookie.
HEADER_WORD = re.compile(r"[!-+\--:<-~]{1,500}")


@dataclass(frozen=True)
class Session:
    identity: str
    cookies: str
    used_at: datetime


_sessions: dict[str, Session] = {}
_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def service_url(access: Access, service: str) -> str:
    base = access.base_url.rstrip("/")
    return f"{base}/{service}.common.kdsvc"


def headers(access: Access, url: str) -> tuple[dict[str, str], str]:
    """What makes a call ours, and the session it uses (empty where every call is signed by itself)."""
    if login_way(access) == SIGNATURE:
        return {**_signed(access, url), "Cookie": NO_SESSION}, ""
    session = _session(access)
    return {SESSION_HEADER: session.identity, "Cookie": session.cookies}, session.identity


def forget(access: Access, identity: str) -> None:
    """They do not know this session any more; one that another thread has opened since is kept."""
    key = _key(access)
    with _guard:
        if key in _sessions and _sessions[key].identity == identity:
            del _sessions[key]


def login_way(access: Access) -> str:
    return choice(access.settings, "login", (SIGNATURE, *LOGINS))


# Signed headers -----------------------------------------------------------------------------------------------------


def _signed(access: Access, url: str) -> Mapping[str, str]:
    """The time is read at each call and not from `access`: a long poll would outlive what they tolerate."""
    # The official Python SDK sends the same whole seconds as nonce.
    seconds = str(int(clock.now().timestamp()))
    app_data = ",".join((_acct(access), _user(access), _language(access), text(access.settings, "org_num", "0")))
    if not HEADER_WORD.fullmatch(text(access.settings, "app_id")):
        raise ConnectionAtFault("App ID 没有填或含有不允许的字符", code="app_id")
    try:
        return signing.headers(
            url,
            app_id=text(access.settings, "app_id"),
            app_secret=_secret(access, "app_secret"),
            app_data=app_data,
            timestamp=seconds,
            nonce=seconds,
            xor_code=first(access.secrets, "xor_code") or signing.XOR_CODE,
        )
    except ValueError as error:
        raise ConnectionAtFault("App ID 或异或码不对，无法签名", code="app_id") from error


# Logins -------------------------------------------------------------------------------------------------------------


def _with_password(access: Access, _seconds: str) -> list[Any]:
    return [_acct(access), _user(access), _secret(access, "password")]


def _with_secret(access: Access, _seconds: str) -> list[Any]:
    return [_acct(access), _user(access), text(access.settings, "app_id"), _secret(access, "app_secret")]


def _kicking(parameters: Callable[[Access, str], list[Any]]) -> Callable[[Access, str], list[Any]]:
    def kicked(access: Access, seconds: str) -> list[Any]:
        return [*parameters(access, seconds), text(access.settings, "kick_off").casefold() in ("true", "1", "是")]

    return kicked


def _with_sign(access: Access, seconds: str) -> list[Any]:
    acct, user, app_id = _acct(access), _user(access), text(access.settings, "app_id")
    secret = _secret(access, "app_secret")
    sign = signing.login_sign(acct_id=acct, user=user, app_id=app_id, app_secret=secret, timestamp=seconds)
    return [acct, user, app_id, int(seconds), sign]


def _with_passport(access: Access, _seconds: str) -> list[Any]:
    return [_secret(access, "passport")]


# Login service → its parameters ahead of the language.
LOGINS: dict[str, Callable[[Access, str], list[Any]]] = {
    "ValidateUser": _with_password,
    "ValidateUser2": _kicking(_with_password),
    "LoginByAppSecret": _with_secret,
    "LoginByAppSecret2": _kicking(_with_secret),
    "LoginBySign": _with_sign,
    "LoginBySimplePassport": _with_passport,
}


def _session(access: Access) -> Session:
    """This process's session, or a new one; threads that need one at once wait for one login."""
    key = _key(access)
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        # Theirs end when nobody uses them: an idle one is not risked on a write.
        idle = timedelta(minutes=number(access.settings, "session_minutes", 15, most=1440))
        now = clock.now()
        with _guard:
            known = _sessions.get(key)
        if known is None or now - known.used_at >= idle:
            known = _log_in(access)
        used = Session(known.identity, known.cookies, now)
        with _guard:
            _sessions[key] = used
    return used


def _log_in(access: Access) -> Session:
    way, now = login_way(access), clock.now()
    seconds = str(int(now.timestamp()))
    parameters = [*LOGINS[way](access, seconds), int(_language(access))]
    response = _post(service_url(access, LOGIN_SERVICE + way), parameters, seconds)
    result = bodies.answer_object(response.content, "金蝶登录的回答")
    if str(result.get("LoginResultType")) != LOGGED_IN:
        said = str(result.get("Message") or "") or "账号、密码或授权不对"
        raise Unauthorised(f"金蝶登录失败：{said[:200]}", code=f"login_{result.get('LoginResultType')}")
    identity = str(result.get("KDSVCSessionId") or response.cookies.get(SESSION_HEADER) or "")
    if not HEADER_WORD.fullmatch(identity):
        raise Temporary("金蝶登录成功，但没有返回会话", code="unreadable_answer")
    given = {name: word for name, word in response.cookies.items() if HEADER_WORD.fullmatch(f"{name}={word}")}
    cookies = {**given, SESSION_HEADER: identity}
    return Session(identity, "; ".join((NO_SESSION, *(f"{name}={value}" for name, value in cookies.items()))), now)


def _post(url: str, parameters: Sequence[Any], seconds: str) -> Response:
    body = {
        "format": 1,
        "useragent": "ApiClient",
        "rid": str(uuid.uuid4()),
        "parameters": list(parameters),
        "timestamp": seconds,
        "v": "1.0",
    }
    sent = json.dumps(body, ensure_ascii=False).encode()
    try:
        return http_call(
            "POST", url, data=sent, headers={"Content-Type": "application/json; charset=utf-8", "Cookie": NO_SESSION}
        )
    except Permanent as error:
        raise ConnectionAtFault(str(error), code=error.code) from error


def _key(access: Access) -> str:
    secrets = [first(access.secrets, name) for name in ("app_secret", "password", "passport")]
    words = [text(access.settings, name) for name in ("login", "acct_id", "user_name", "app_id", "lcid")]
    joined = "\x00".join((str(access.connection_id), access.base_url, *words, *secrets))
    return hashlib.sha256(joined.encode(errors="replace")).hexdigest()


def _acct(access: Access) -> str:
    return text(access.settings, "acct_id")


def _user(access: Access) -> str:
    return text(access.settings, "user_name")


def _language(access: Access) -> str:
    return str(number(access.settings, "lcid", 2052, most=65535))


def _secret(access: Access, name: str) -> str:
    found = first(access.secrets, name)
    if not found:
        raise Unauthorised(f"没有配置 {name}", code=f"no_{name}")
    return found
