"""One signed call to 丰桥, and the question where a parcel is. Raises only `integrations.errors`.

A call has two levels of success: A1000 says that it reached the service, `success` inside says that the service did it.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from integrations import bodies, http, preferences, records, routes
from integrations.adapter import Access, Message, TrackWish
from integrations.carriers.sf import reading, signing
from integrations.carriers.sf.preferences import SERVICE_PATH
from integrations.carriers.sf.words import CARRIER, ROUTES
from integrations.errors import OutsideError, Permanent, Temporary, Throttled, Unauthorised, Unreadable
from orders import clock

REACHED = "A1000"
# apiResultCode → which kind of no, and what a person should do. Codes that are not listed are `Permanent`.
REFUSALS: Mapping[str, tuple[type[OutsideError], str]] = {
    "A1001": (Permanent, "顺丰说必填参数为空"),
    "A1002": (Unauthorised, "顺丰说请求已过期，请检查服务器时间"),
    "A1003": (Unauthorised, "本机 IP 不在丰桥的白名单里"),
    "A1004": (Unauthorised, "没有这个接口的权限，或沙箱与生产环境混用，请在丰桥后台关联接口"),
    "A1005": (Throttled, "顺丰说调用过于频繁"),
    "A1006": (Unauthorised, "顺丰说数字签名无效，请检查校验码"),
    "A1007": (Permanent, "顺丰说这是重复的请求"),
    "A1008": (Permanent, "顺丰说数据解密失败"),
    "A1009": (Temporary, "顺丰的后台服务暂时连不上"),
    "A1010": (Permanent, "沙箱的接口状态不对，请在丰桥后台检查"),
    "A1099": (Temporary, "顺丰系统异常"),
}


class RefusedInside(Permanent):
    """The service was reached and said no; `code` is its own word."""


def call(access: Access, service: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Call one service; what stands in the `msgData` of its answer."""
    check_word = preferences.first(access.secrets, "check_word")
    partner = preferences.text(access.settings, "partner_id")
    if not partner or not check_word:
        raise Unauthorised("没有填写顾客编码或校验码", code="settings")
    text = _text(message)
    # The time of this call and not of the connection's opening: a slow job would outlive what they tolerate.
    timestamp = str(int(clock.now().timestamp() * 1000))
    form = {
        "partnerID": partner,
        "requestID": str(uuid.uuid4()),
        "serviceCode": service,
        "timestamp": timestamp,
        "msgData": text,
        "msgDigest": signing.message_digest(text, timestamp, check_word),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
    path = preferences.text(access.settings, "service_path", SERVICE_PATH)
    response = http.call("POST", access.base_url.rstrip("/") + path, data=form, headers=headers)
    return opened(response.content)


def opened(body: bytes) -> dict[str, Any]:
    """The inside of an answer; raises what its two levels mean."""
    envelope = _object(body)
    code = records.word(envelope, "apiResultCode")
    if code != REACHED:
        kind, words = REFUSALS.get(code, (Permanent, "顺丰拒绝"))
        raise kind(_with(words, records.word(envelope, "apiErrorMsg")), code=code or "no_code")
    inside = envelope.get("apiResultData")
    answer = inside if isinstance(inside, dict) else _object(str(inside or "").encode(errors="replace"))
    if str(answer.get("success")).lower() != "true":
        code = records.word(answer, "errorCode")
        raise RefusedInside(_with("顺丰拒绝", records.word(answer, "errorMsg")), code=code or "no_code")
    found = answer.get("msgData")
    return found if isinstance(found, dict) else {}


def query(access: Access, wish: TrackWish) -> Message:
    """The parcel's routes as they know them now. None yet is a message that says nothing: nobody has scanned it."""
    if wish.carrier != CARRIER:
        raise Permanent(f"快递 {wish.carrier or '（未填）'} 的包裹不能问顺丰", code="carrier")
    waybill = number(wish.waybill)
    question = {"language": "0", "trackingType": "1", "trackingNumber": [waybill], "methodType": "1"}
    if wish.phone_last4:
        question["checkPhoneNo"] = wish.phone_last4
    answer = call(access, ROUTES, question)
    try:
        mine = next(
            (one for one in reading.rows(answer, "routeResps") if isinstance(one, dict) and _is(one, waybill)), None
        )
        if mine is None:
            raise Permanent("顺丰的答复里没有所问的运单", code="answer")
        kept, doubtful = reading.ROUTES.sift(reading.rows(mine, "routes"), now=access.now)
    except Unreadable as error:
        raise Permanent(f"顺丰的答复无法使用：{error}", code="answer") from error
    if not kept and (reason := records.word(mine, "reasonCode")):
        hint = "没有权限，或收件人手机号后四位不对"
        raise Permanent(_with(f"顺丰不给出路由：{hint}", records.word(mine, "reasonRemark")), code=reason[:20])
    return routes.answered(waybill, {"waybill": waybill, "rows": kept}, doubtful)


def number(waybill: str) -> str:
    """A number that may be sent to them."""
    found = waybill.strip().upper()
    if not routes.NUMBER.fullmatch(found):
        raise Permanent(f"运单号 {found[:40]} 不是顺丰单号", code="number")
    return found


def _is(response: Mapping[str, Any], waybill: str) -> bool:
    return records.word(response, "mailNo").upper() == waybill


def _text(message: Mapping[str, Any]) -> str:
    """What is signed and sent. Half characters, which nobody can encode, become question marks."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        return bodies.strict_object(body)
    except Unreadable as error:
        raise Temporary(f"顺丰的答复无法读取：{error}", code="not_json") from error


def _with(words: str, text: str) -> str:
    return f"{words}（{text[:200]}）" if text else words
