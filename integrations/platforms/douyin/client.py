"""One signed call to the Douyin shop platform, and the answers that every method shares. Raises only
`integrations.errors`.

Errors come inside HTTP 200; `refusals.py` says what they mean. Source: the official Go SDK.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from integrations import bodies, records
from integrations.adapter import Access
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.douyin import refusals, signing
from integrations.preferences import listed
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
        raise ConnectionAtFault(str(error), code=error.code) from error
    return opened(response.content)


def signed(access: Access, path: str, param_json: str, *, as_seller: bool) -> dict[str, str]:
    """The query of a call. The time is read at each call and not from `access`: a long poll would outlive it."""
    secrets, tokens = listed(access.secrets, "app_secret"), listed(access.secrets, "access_token")
    if not secrets:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    if as_seller and not tokens:
        raise Unauthorised("没有店铺授权（access_token）", code="no_token")
    sign_method = str(access.settings.get("sign_method") or signing.HMAC_SHA256)
    if sign_method not in signing.METHODS:
        raise ConnectionAtFault(f"签名方式不支持：{sign_method}", code="settings")
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
    answer = bodies.answer_object(body, "平台的回答")
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


def total(container: Mapping[str, Any]) -> int:
    """How many rows there are over all pages."""
    found = records.whole(container.get("total"))
    if found is None:
        raise Temporary("平台没有返回总数", code="unreadable_answer")
    return found


def checked_id(told: str, word: str = "订单号") -> str:
    """An order's or after-sale's number, before it is sent: old calls end it in A, newer ones refuse that."""
    found = told.removesuffix("A")
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Permanent(f"不是抖店{word}：{told[:40]!r}", code="id")
    return found


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())
