"""拦截 (`method=interceptOrder`): ask a courier, through 快递100, to bring a parcel back or elsewhere.

They take it for parcels on the way which nobody signed for. What they answer is that the wish was taken; whether it
came true is told by the track. Some couriers (中通, 极兔, 圆通) also call back with a verdict whose form is not
published: it is shown to a person (`doubts`) and moves nothing. Source: official `InterceptOrderReq`, `SignUtils`.
"""

import json
from collections.abc import Mapping
from typing import Any

from integrations import bodies, http, preferences, records, routes
from integrations.adapter import Access, InterceptWish
from integrations.carriers.kuaidi100 import client, signing
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary, Unauthorised, Unreadable
from orders import clock
from orders.vocabulary import AddressSnapshot

ORDER_URL = "https://api.kuaidi100.com/label/order"
REDIRECT = "MODIFY_ADDR"
BACK = ("RETURN_SEND_ADDR", "RETURN_SEND_STATION")
# Their code → which kind of no. Codes that are not listed are `Permanent`.
REFUSALS: Mapping[str, tuple[type[OutsideError], str]] = {
    "500": (Temporary, "快递100 服务器错误"),
    "503": (Unauthorised, "快递100 说签名错误，请检查 key 和 secret"),
    "600": (Unauthorised, "快递100 的授权 key 不对，或没有拦截权限"),
    "601": (Unauthorised, "快递100 的授权 key 已过期或余额不足"),
}
# How they say in words that a wish was taken before: the code for it is not published.
_BEFORE = ("重复", "已拦截", "已申请")


def intercept(access: Access, wish: InterceptWish) -> Mapping[str, Any]:
    kind = _kind(access, wish)
    param: dict[str, Any] = {
        "orderId": wish.order,
        "kuaidicom": client.company(access, wish.carrier),
        "kuaidinum": _number(wish.waybill),
        "reason": wish.reason[:100],
        "interceptType": kind,
        "orderRole": str(access.settings.get("intercept_role") or "1"),
        "interceptPayType": str(access.settings.get("intercept_pay") or "MONTHLY"),
        **_partner(access, wish.carrier),
    }
    if kind == REDIRECT:
        param["recManInfo"] = _receiver(wish.receiver)
    if access.hook_url:
        param |= {"callbackUrl": access.hook_url, "salt": preferences.first(access.secrets, "salt")}
    answer = _ask(access, json.dumps(param, ensure_ascii=False, separators=(",", ":")))
    code = records.word(answer, "code") or records.word(answer, "returnCode")
    said_yes = answer.get("success", answer.get("result")) is True
    if not said_yes or code != "200":
        _refuse(code, records.word(answer, "message"))
    return {"accepted": True, "kind": kind}


def _kind(access: Access, wish: InterceptWish) -> str:
    if wish.kind == "redirect":
        return REDIRECT
    if wish.kind != "stop":
        raise Permanent(f"快递100 没有这种拦截：{wish.kind}", code="kind")
    kind = str(access.settings.get("stop_means") or BACK[0])
    if kind not in BACK:
        raise Permanent(f"设置 stop_means 只能是 {' 或 '.join(BACK)}", code="settings")
    return kind


def _partner(access: Access, carrier: str) -> dict[str, Any]:
    """The seller's account at this courier: without it they intercept nothing."""
    held = access.secrets.get("partners") or {}
    try:
        partners = json.loads(held) if isinstance(held, str) else held
    except ValueError as error:
        raise Permanent("连接设置 partners 不是 JSON", code="settings") from error
    found = partners.get(carrier) if isinstance(partners, Mapping) else None
    if not isinstance(found, Mapping) or not found.get("partnerId"):
        raise Permanent(f"没有填写快递 {carrier} 的客户编号（partners），不能拦截", code="settings")
    return {str(name): value for name, value in found.items()}


def _receiver(receiver: AddressSnapshot | None) -> dict[str, str]:
    if receiver is None:
        raise Permanent("改址拦截没有新的收件人", code="receiver")
    if receiver.masked or "*" in receiver.name + receiver.phone + receiver.address:
        raise Permanent("新的收件人是脱敏的，快递找不到他", code="masked")
    place = f"{receiver.province}{receiver.city}{receiver.district}{receiver.town}{receiver.address}"
    if not (receiver.name and receiver.phone and receiver.address):
        raise Permanent("新的收件人不完整：缺姓名、电话或地址", code="incomplete")
    return {"name": receiver.name, "mobile": receiver.phone, "printAddr": place}


def _number(waybill: str) -> str:
    found = waybill.strip()
    if not routes.NUMBER.fullmatch(found):
        raise Permanent(f"运单号 {found[:40]} 不是快递100 能拦截的单号", code="number")
    return found


def _ask(access: Access, param: str) -> dict[str, Any]:
    key, secret = preferences.first(access.secrets, "key"), preferences.first(access.secrets, "secret")
    if not key or not secret:
        raise Permanent("没有填写授权 key 或 secret，不能拦截", code="settings")
    param = param.encode(errors="replace").decode()
    time = str(int(clock.now().timestamp() * 1000))
    sign = signing.sign(param, time, key, secret)
    form = {"method": "interceptOrder", "t": time, "key": key, "sign": sign, "param": param}
    response = http.call("POST", str(access.settings.get("order_url") or ORDER_URL), data=form)
    try:
        return bodies.strict_object(response.content)
    except Unreadable as error:
        raise Temporary(f"快递100 的答复不是 JSON：{error}", code="not_json") from error


def _refuse(code: str, text: str) -> None:
    if any(word in text for word in _BEFORE):
        raise AlreadyDone(text[:200], code=code)
    kind, words = REFUSALS.get(code, (Permanent, "快递100 拒绝拦截"))
    raise kind(f"{words}（{text[:200]}）" if text else words, code=code or "no_code")
