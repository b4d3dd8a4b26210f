"""One signed call to JD's routerjson, and the answers that every method shares. Raises only `integrations.errors`.

JD answers errors inside HTTP 200: `error_response` from the gateway, or a "no" inside the method's own answer.
Source: the developer guide of open.jd.com (listId=2643) and JD's public SDKs.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations import bodies, preferences, records
from integrations.adapter import Access
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.jd import refusals, signing
from orders import clock

ROUTER = "/routerjson"
TRUE = ("true", "1")
# How people call what JD answers.
ANSWER = "京东的回答"


def gateway(access: Access) -> str:
    """Where the calls go: a base URL may be given with or without the router's path."""
    base = access.base_url.rstrip("/")
    return base if base.endswith(ROUTER) else base + ROUTER


def call(access: Access, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Call `method` and give the inside of its `…_responce` (JD's own spelling)."""
    form = urlencode(signed(access, method, parameters))
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    try:
        response = http_call("POST", gateway(access), data=form, headers=headers)
    except Permanent as error:
        raise ConnectionAtFault(str(error), code=error.code) from error
    return opened(response.content, method)


def signed(access: Access, method: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The form to send. The business parameters are signed as the very text that is sent.

    The time is read at each call and not from `access`: a long poll would outlive the six minutes that JD tolerates.
    """
    secret, token = app_secret(access), preferences.first(access.secrets, "access_token")
    if not token:
        raise Unauthorised("没有店铺授权（access_token）", code="no_token")
    form = {
        "360buy_param_json": json.dumps(parameters, ensure_ascii=False, separators=(",", ":")),
        "access_token": token,
        "app_key": str(access.settings.get("app_key") or ""),
        "method": method,
        "timestamp": clock.now().astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+0800",
        "v": "2.0",
    }
    return form | {"sign": signing.sign(form, secret)}


def app_secret(access: Access) -> str:
    """The app secret to sign with."""
    secret = preferences.first(access.secrets, "app_secret")
    if not secret:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    return secret


def opened(body: bytes, method: str) -> dict[str, Any]:
    """The inside of an answer to `method`; raises what its error envelope means."""
    answer = bodies.answer_object(body, ANSWER)
    if isinstance(answer.get("error_response"), dict):
        raise refusals.gateway_refusal(answer["error_response"])
    name = method.replace(".", "_")
    inside = answer.get(f"{name}_responce", answer.get(f"{name}_response"))
    if not isinstance(inside, dict):
        raise Temporary("京东的回答里没有结果", code="unreadable_answer")
    code = str(inside.get("code") or "0")
    if code not in ("0", "200"):
        raise refusals.business_refusal(code, str(inside.get("zh_desc") or inside.get("msg") or ""))
    return inside


def part(container: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside an answer that must be there."""
    found = container.get(name)
    if not isinstance(found, dict):
        raise Temporary(f"京东的回答里没有 {name}", code="unreadable_answer")
    return found


def succeeded(result: Mapping[str, Any]) -> bool:
    """`success` is a boolean here and a text there."""
    return str(result.get("success")).casefold() in TRUE


def check_api_result(container: Mapping[str, Any]) -> None:
    """Raise what a failed `apiResult` says; an absent one is no objection."""
    result = container.get("apiResult")
    if isinstance(result, Mapping) and not succeeded(result):
        code = str(result.get("englishErrCode") or result.get("numberCode") or "")
        raise refusals.business_refusal(code, str(result.get("chineseErrCode") or code))


def total(container: Mapping[str, Any], name: str) -> int:
    """How many rows there are over all pages."""
    found = records.whole(container.get(name))
    if found is None:
        raise Temporary(f"京东没有返回总数 {name}", code="unreadable_answer")
    return found
