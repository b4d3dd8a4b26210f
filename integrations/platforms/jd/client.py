"""One signed call to JD's routerjson, and the answers that every method shares. Raises only `integrations.errors`.

JD answers errors inside HTTP 200: `error_response` from the gateway, or a "no" inside the method's own answer.
Source: the developer guide of open.jd.com (listId=2643) and JD's public SDKs.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from integrations.adapter import Access
from integrations.errors import Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.platforms.jd import refusals, signing
from orders import clock

ROUTER = "/routerjson"
TRUE = ("true", "1")


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
        raise refusals.ConnectionAtFault(str(error), code=error.code) from error
    return opened(response.content, method)


def signed(access: Access, method: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The form to send. The business parameters are signed as the very text that is sent.

    The time is read at each call and not from `access`: a long poll would outlive the six minutes that JD tolerates.
    """
    secret, token = app_secret(access), listed(access.secrets.get("access_token"))
    if not token:
        raise Unauthorised("没有店铺授权（access_token）", code="no_token")
    form = {
        "360buy_param_json": json.dumps(parameters, ensure_ascii=False, separators=(",", ":")),
        "access_token": token[0],
        "app_key": str(access.settings.get("app_key") or ""),
        "method": method,
        "timestamp": clock.now().astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+0800",
        "v": "2.0",
    }
    return form | {"sign": signing.sign(form, secret)}


def app_secret(access: Access) -> str:
    """The app secret to sign with; where two live side by side while one is replaced, the first."""
    secrets = listed(access.secrets.get("app_secret"))
    if not secrets:
        raise Unauthorised("没有配置 app secret", code="no_app_secret")
    return secrets[0]


def opened(body: bytes, method: str) -> dict[str, Any]:
    """The inside of an answer to `method`; raises what its error envelope means."""
    answer = as_object(body)
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


def as_object(body: bytes) -> dict[str, Any]:
    """An answer as a JSON object. Fractions stay text: money is never a float."""
    try:
        answer = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Temporary("京东的回答不是 JSON", code="unreadable_answer") from error
    if not isinstance(answer, dict):
        raise Temporary("京东的回答不是 JSON 对象", code="unreadable_answer")
    return answer


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


def rows(container: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list, which is absent or null when it is empty."""
    found = container.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def total(container: Mapping[str, Any], name: str) -> int:
    """How many rows there are over all pages."""
    text = str(container.get(name) if container.get(name) is not None else "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Temporary(f"京东没有返回总数 {name}", code="unreadable_answer")
    return int(text)


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


def listed(value: Any) -> list[str]:
    """The values of a secret that may be one or several."""
    found = value if isinstance(value, list | tuple) else [value]
    return [str(secret) for secret in found if secret]


def beijing_text(moment: datetime) -> str:
    """A time as JD wants it in parameters; it counts whole seconds."""
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M:%S")
