"""Questions to 快递100: follow this parcel, where is this parcel. Their codes are read in one table per call."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from integrations import bodies, http, preferences, records, routes
from integrations.adapter import Access, Message, TrackWish
from integrations.carriers.kuaidi100 import doubts, reading, signing
from integrations.carriers.kuaidi100.words import COMPANIES
from integrations.errors import OutsideError, Permanent, Temporary, Unauthorised, Unreadable

SUBSCRIBE_PATH, QUERY_PATH = "/poll", "/poll/query.do"
LONGEST_NUMBER = 32
# A number that is asked about twice within half an hour is locked.
PAUSE_SECONDS = 1800.0

# What they answer → which kind of no, and what a person should do. Codes that are not listed are `Permanent`.
Refusals = Mapping[str, tuple[type[OutsideError], str]]
SUBSCRIBE_REFUSALS: Refusals = {
    "500": (Temporary, "快递100 服务器错误"),
    "600": (Unauthorised, "快递100 的授权 key 不对，或没有这家快递的权限"),
    "601": (Unauthorised, "快递100 的授权 key 已过期"),
    "700": (Permanent, "快递100 不接受订阅的数据，请检查单号和回调地址"),
    "701": (Permanent, "快递100 不支持这家快递公司"),
    "702": (Permanent, "快递100 识别不出这个单号属于哪家快递"),
}
QUERY_REFUSALS: Refusals = {
    "400": (Permanent, "快递100 找不到对应的快递公司，或数据不完整"),
    "408": (Permanent, "快递公司要核对收件人手机号后四位：没有提供或不正确（顺丰、中通等必填），请补全收件人手机号"),
    "501": (Temporary, "快递100 服务器错误"),
    "502": (Temporary, "快递100 服务器繁忙"),
    "503": (Unauthorised, "快递100 说签名错误，请检查 key 和 customer"),
    "600": (Unauthorised, "快递100 的授权 key 不对，或没有查询权限"),
    "601": (Permanent, "快递100 的查询次数已用完，请充值"),
}
ALREADY_SUBSCRIBED = "501"
NO_RESULT = "500"


def subscribe(access: Access, wish: TrackWish) -> None:
    """Ask for pushes to the connection's hook. A repeat is known to them and counts as done."""
    if not access.hook_url:
        raise Permanent("指挥塔没有可供回调的地址（TOWER_URL）", code="settings")
    parameters: dict[str, str] = {
        "callbackurl": access.hook_url,
        "resultv2": _resultv2(access),
        "autoCom": "0",
        "interCom": "0",
        "phone": wish.phone_last4,
    }
    if salt := preferences.first(access.secrets, "salt"):
        parameters["salt"] = salt
    param = {
        "company": company(access, wish.carrier),
        "number": _number(wish),
        "from": "",
        "to": "",
        "key": _key(access),
        "parameters": parameters,
    }
    answer = _ask(access, "subscribe_path", SUBSCRIBE_PATH, {"schema": "json", "param": _text(param)})
    code = records.word(answer, "returnCode")
    if code not in ("200", ALREADY_SUBSCRIBED):
        _refuse(SUBSCRIBE_REFUSALS, code, records.word(answer, "message"))


def query(access: Access, wish: TrackWish) -> Message:
    """The parcel's way as they know it now. "No result" is a message that says nothing: no courier has seen it yet."""
    customer = str(access.settings.get("customer") or "")
    if not customer:
        raise Permanent("没有填写 customer，不能查询", code="settings")
    param = _text(
        {
            "com": company(access, wish.carrier),
            "num": _number(wish),
            "phone": wish.phone_last4,
            "from": "",
            "to": "",
            "resultv2": _resultv2(access),
            "show": "0",
            "order": "desc",
        }
    )
    sign = signing.sign_query(param, key=_key(access), customer=customer)
    form = {"customer": customer, "sign": sign, "param": param}
    try:
        return _way(access, wish, _ask(access, "query_path", QUERY_PATH, form))
    except Temporary as error:
        # An impatient retry would lock the number for longer.
        wait = max(error.retry_after or 0, PAUSE_SECONDS)
        raise type(error)(str(error), code=error.code, retry_after=wait) from error


def _way(access: Access, wish: TrackWish, answer: dict[str, Any]) -> Message:
    waybill = _number(wish)
    if not isinstance(answer.get("data"), list):
        code = records.word(answer, "returnCode") or records.word(answer, "status")
        if code != NO_RESULT:
            _refuse(QUERY_REFUSALS, code, records.word(answer, "message"))
        answer = {"message": records.word(answer, "message"), "nu": waybill, "data": []}
    try:
        if reading.number(answer).upper() != waybill.upper():
            raise Unreadable("答复的运单号与所问的不同")
        doubtful = doubts.sift(answer, now=access.now)
    except Unreadable as error:
        raise Permanent(f"快递100 的答复无法使用：{error}", code="answer") from error
    # The tower's own spelling, under which it knows the label.
    return routes.answered(waybill, answer | {"nu": waybill}, doubtful)


def company(access: Access, carrier: str) -> str:
    """Their code of a courier. No guess: they would look for the number with somebody else."""
    own = preferences.table(access.settings, "company_codes", called="连接设置")
    code = {**COMPANIES, **own}.get(carrier)
    if not code:
        raise Permanent(
            f"快递 {carrier or '（未填）'} 没有快递100 编码，请在连接的 company_codes 里填写", code="settings"
        )
    return str(code)


def _number(wish: TrackWish) -> str:
    waybill = wish.waybill.strip()
    if not routes.NUMBER.fullmatch(waybill) or len(waybill) > LONGEST_NUMBER:
        raise Permanent(f"运单号 {waybill[:40]} 不是快递100 能跟踪的单号", code="number")
    return waybill


def _key(access: Access) -> str:
    key = preferences.first(access.secrets, "key")
    if not key:
        raise Permanent("没有填写授权 key", code="settings")
    return key


def _resultv2(access: Access) -> str:
    return str(access.settings.get("resultv2") or "4")


def _text(param: Mapping[str, Any]) -> str:
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def _ask(access: Access, setting: str, default: str, form: Mapping[str, str]) -> dict[str, Any]:
    path = str(access.settings.get(setting) or default)
    response = http.call("POST", access.base_url.rstrip("/") + path, data=dict(form))
    try:
        return bodies.strict_object(response.content)
    except Unreadable as error:
        raise Temporary(f"快递100 的答复不是 JSON：{error}", code="not_json") from error


def _refuse(refusals: Refusals, code: str, text: str) -> NoReturn:
    kind, words = refusals.get(code, (Permanent, "快递100 拒绝"))
    raise kind(f"{words}（{text[:200]}）" if text else words, code=code or "no_code")
