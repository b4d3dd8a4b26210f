"""One signed call to the Douyin shop platform, and the answers that every method shares. Raises only
`integrations.errors`.

Errors come inside HTTP 200; `refusals.py` says what they mean. Source: the official Go SDK.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from integrations.adapter import Access
from integrations.errors import Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.douyin import refusals, signing
from orders import clock

# The last header asks for the new error envelope; the old one is understood as well.
HEADERS = {
    "Content-Type": "application/json;charset=UTF-8",
    "Accept": "application/json",
    "from": "sdk",
    "x-open-no-old-err-code": "1",
}


def call(access: Access, path: str, parameters: Mapping[str, Any], *, as_seller: bool = True) -> dict[str, Any]:
    """Call an API by its path (`/order/searchList`) and give its `data`. `as_seller` sends the shop's token along."""
    try:
        param_json = signing.written(parameters)
    except ValueError as error:
        raise Permanent(f"请求不能写成 JSON：{path}", code="parameters") from error
    url = f"{access.base_url.rstrip('/')}{path}?{urlencode(signed(access, path, param_json, as_seller=as_seller))}"
    try:
        response = http_call("POST", url, data=param_json.encode(), headers=HEADERS)
    except Permanent as error:
        raise refusals.ConnectionAtFault(str(error), code=error.code) from error
    return opened(response.content)


def signed(access: Access, path: str, param_json: str, *, as_seller: bool) -> dict[str, str]:
    """The query of a call. The time is read at each call and not from `access`: a long poll would outlive it."""
    secrets, tokens = app_secrets(access), listed(access.secrets.get("access_token"))
    if not secrets:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    if as_seller and not tokens:
        raise Unauthorised("没有店铺授权（access_token）", code="no_token")
    sign_method = str(access.settings.get("sign_method") or signing.HMAC_SHA256)
    if sign_method not in signing.METHODS:
        raise refusals.ConnectionAtFault(f"签名方式不支持：{sign_method}", code="settings")
    app_key, timestamp = str(access.settings.get("app_key") or ""), str(int(clock.now().timestamp()))
    method = path.strip("/").replace("/", ".")
    query = {"app_key": app_key, "method": method, "timestamp": timestamp, "v": "2", "sign_method": sign_method}
    if as_seller:
        query["access_token"] = tokens[0]
    return query | {
        "sign": signing.sign(method, param_json, timestamp, app_key=app_key, secret=secrets[0], sign_method=sign_method)
    }


def opened(body: bytes) -> dict[str, Any]:
    """The `data` of an answer; raises what its envelope means. "Partly failed" is an answer whose items say more."""
    try:
        answer = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Temporary("平台的回答不是 JSON", code="unreadable_answer") from error
    if not isinstance(answer, dict):
        raise Temporary("平台的回答不是 JSON 对象", code="unreadable_answer")
    if "code" in answer:
        if str(answer["code"]) not in (refusals.SUCCESS, refusals.PARTLY_FAILED):
            raise refusals.refusal(answer)
    elif "err_no" in answer:
        if str(answer["err_no"]) != "0":
            raise refusals.old_refusal(str(answer["err_no"]), str(answer.get("message") or ""))
    else:
        raise Temporary("平台的回答里没有 code", code="unreadable_answer")
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def app_secrets(access: Access) -> list[str]:
    """Every app secret that is valid now, the one to sign with first. Two live side by side while one is replaced."""
    return listed(access.secrets.get("app_secret"))


def listed(value: Any) -> list[str]:
    """The values of a secret that may be one or several."""
    found = value if isinstance(value, list | tuple) else [value]
    return [str(secret) for secret in found if secret]


def rows(container: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list, which is absent or null when it is empty."""
    found = container.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def total(container: Mapping[str, Any]) -> int:
    """How many rows there are over all pages."""
    text = str(container.get("total") if container.get("total") is not None else "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Temporary("平台没有返回总数", code="unreadable_answer")
    return int(text)


def checked_id(told: str, word: str = "订单号") -> str:
    """An order's or after-sale's number, before it is sent: old calls end it in A, newer ones refuse that."""
    found = told.removesuffix("A")
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Permanent(f"不是抖店{word}：{told[:40]!r}", code="id")
    return found


def number(access: Access, name: str, default: int, *, least: int = 1, most: int) -> int:
    """A setting that is a whole number, kept within what the platform allows. 0 counts only where `least` is 0."""
    told = access.settings.get(name)
    try:
        wanted = int(default if told in (None, "") else told)
    except (TypeError, ValueError) as error:
        raise refusals.ConnectionAtFault(f"设置 {name} 不是整数", code="settings") from error
    return min(max(wanted, least), most)


def table(access: Access, name: str) -> Mapping[str, Any]:
    """A setting that is an object, given as such or as JSON text."""
    value = access.settings.get(name) or {}
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise refusals.ConnectionAtFault(f"设置 {name} 不是 JSON", code="settings") from error
    if not isinstance(found, Mapping):
        raise refusals.ConnectionAtFault(f"设置 {name} 不是 JSON 对象", code="settings")
    return found


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())
