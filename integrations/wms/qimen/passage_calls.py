"""The calls of the pass-through: a body goes on byte for byte, signed anew for the one who gets it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations import http
from integrations.adapter import Access, Decision, HandedOn, Handing, Incoming, Message, Question, Reply
from integrations.errors import OutsideError, Permanent, Temporary, Throttled, Unauthorised, Unreadable
from integrations.preferences import words
from integrations.windows import beijing_text
from integrations.wms.qimen import client, passage, signing, xml

CONTENT_TYPE = "text/xml;charset=utf-8"
# How long the ERP may be kept waiting for the warehouse.
SECONDS = 8.0
# How a warehouse says that it has no such order; the texts differ from WMS to WMS.
ABSENT_TEXTS = ("不存在", "未找到", "找不到", "没有这个订单", "无此单")
REFUSED_CODE = "TOWER"


def hand_on(access: Access, incoming: Incoming) -> HandedOn:
    """To the warehouse, or (the one question that a warehouse asks) to the ERP."""
    pairs = signing.query_pairs(incoming.query_string)
    kind = passage.kind_of(access.settings, pairs.get("method", ""))
    content_type = {name.lower(): value for name, value in incoming.headers.items()}.get("content-type", CONTENT_TYPE)
    form = pairs.get("format") or "xml"
    try:
        url = _to_warehouse(access, kind, incoming.body, form)
        if kind in passage.ASKED_BY_WAREHOUSE:
            url = _to_erp(access, kind, incoming.body, form)
        response = http.call(
            "POST", url, data=incoming.body, headers={"Content-Type": content_type}, read_seconds=_seconds(access)
        )
    except Throttled as error:
        return HandedOn(outcome="refused", reply=refusal("请求过多，请稍后重试"), detail=str(error))
    except OutsideError as error:
        if error.code == "settings":
            return HandedOn(outcome="refused", reply=refusal(str(error)), detail=str(error))
        reply = refusal("对方没有答复，结果未知。请稍后重试：指挥塔会先核实，不会重复下单")
        return HandedOn(outcome="unknown", reply=reply, detail=str(error))
    reply = Reply(body=response.content, content_type=response.headers.get("Content-Type") or CONTENT_TYPE)
    return _understood(access, kind, reply)


def _understood(access: Access, kind: str, reply: Reply) -> HandedOn:
    """What an answer means for the tower; whatever it is, the caller gets its bytes."""
    try:
        answer = client.understood(access, kind, reply.body)
    except Temporary as error:
        # Nobody can say whether it was done: no Qimen answer, or trouble between gateway and warehouse.
        refused = error.code in client.LATER_CODES or error.code.startswith("accesscontrol.")
        return HandedOn(outcome="refused" if refused else "unknown", reply=reply, detail=str(error))
    except Permanent as error:
        absent = kind == passage.CANCEL and is_absent(access.settings, str(error))
        return HandedOn(outcome="absent" if absent else "refused", reply=reply, detail=str(error))
    except OutsideError as error:
        # It was done before.
        return HandedOn(outcome="done", reply=reply, detail=str(error))
    return HandedOn(outcome="done", reply=reply, number=xml.text(answer, "deliveryOrderId"))


def knows(access: Access, handing: Handing) -> str | None:
    """Ask both queries; one that knows the order is enough. "Not there" counts only where it is said in words."""
    said_absent: OutsideError | None = None
    for method, content in _queries(access, handing):
        try:
            answer = client.call(access, method, content)
        except Unauthorised:
            raise
        except Permanent as error:
            if is_absent(access.settings, str(error)):
                said_absent = error
            continue
        number = xml.text(answer, "deliveryOrder/deliveryOrderId") or xml.text(answer, "orderProcess/orderId")
        # An empty success is how some say that there is nothing.
        if (
            number
            or answer.find("deliveryOrder") is not None
            or answer.find("orderProcess/processes/process") is not None
        ):
            return number
        said_absent = Permanent("查询结果为空")
    if said_absent is None:
        raise Temporary("仓库没有说清楚有没有这个订单", code="not_told")
    return None


def _queries(access: Access, handing: Handing) -> list[tuple[str, dict[str, Any]]]:
    common = {
        "orderCode": handing.code,
        "warehouseCode": handing.warehouse or client.warehouse_code(access, ""),
        "ownerCode": handing.owner or access.settings.get("owner_code"),
    }
    kind = {"orderType": handing.order_type or access.settings.get("order_type") or "JYCK"}
    return [("deliveryorder.query", common | {"page": 1, "pageSize": 100}), ("orderprocess.query", kind | common)]


def is_absent(settings: Mapping[str, Any], text: str) -> bool:
    return any(known in text for known in (*ABSENT_TEXTS, *words(settings.get("absent_texts"))))


def carry(access: Access, message: Message) -> None:
    """A warehouse's report to the ERP, as the gateway would have brought it. Anything but success is to be repeated."""
    kind = message.kind.removeprefix(passage.TO_CARRY)
    response = http.call(
        "POST", _to_erp(access, kind, message.body, "xml"), data=message.body, headers={"Content-Type": CONTENT_TYPE}
    )
    try:
        root = xml.read(response.content)
    except Unreadable as error:
        raise Temporary(f"ERP 的答复不是 XML：{error}", code="not_xml") from error
    if xml.text(root, "flag").lower() != "success":
        raise Permanent(xml.text(root, "message") or "ERP 拒收", code=xml.text(root, "code"))


def decided(access: Access, question: Question, decision: Decision) -> Reply:
    """The tower's own word to the ERP: a refusal, or "it is there already" with the warehouse's number."""
    if decision.accepted:
        content = {"flag": "success", "code": "0", "message": decision.reason, "deliveryOrderId": decision.code}
        return Reply(body=xml.write("response", content), content_type=CONTENT_TYPE)
    codes = [handing.code for handing in question.handings] if len(question.handings) > 1 else []
    return refusal(decision.reason, codes)


def refusal(reason: str, codes: list[str] | None = None) -> Reply:
    content: dict[str, Any] = {"flag": "failure", "code": REFUSED_CODE, "message": reason}
    if codes:
        content["orders"] = {"order": [{"deliveryOrderCode": code, "message": reason} for code in codes]}
    return Reply(body=xml.write("response", content), content_type=CONTENT_TYPE)


# Whom it goes to ------------------------------------------------------------------------------------------------
def _to_warehouse(access: Access, kind: str, body: bytes, form: str) -> str:
    settings = access.settings
    method = str(settings.get("method_prefix") or passage.STANDARD_PREFIX) + kind
    sign_method = str(settings.get("sign_method") or "md5")
    if sign_method not in signing.SIGN_METHODS:
        raise Permanent(f"sign_method {sign_method} 不支持", code="settings")
    parameters = _parameters(access, method, str(settings.get("app_key") or ""), settings.get("customer_id"), form)
    parameters["sign_method"] = sign_method
    parameters["sign"] = signing.sign_call(parameters, body, client.first_secret(access, "app_secret"), sign_method)
    return f"{access.base_url}?{urlencode(parameters)}"


def _to_erp(access: Access, kind: str, body: bytes, form: str) -> str:
    """As a receiver is called: the method without its prefix, md5, and the receiver's own secret."""
    settings = access.settings
    method = str(settings.get("erp_method_prefix") or "") + kind
    parameters = _parameters(
        access, method, str(settings.get("erp_app_key") or ""), settings.get("erp_customer_id"), form
    )
    parameters = {name: value for name, value in (parameters | {"sign_method": "md5"}).items() if value}
    parameters["sign"] = signing.signature(
        parameters, body, client.first_secret(access, "erp_secret"), "md5", skip_empty=False
    )
    return f"{settings.get('erp_url')}?{urlencode(parameters)}"


def _parameters(access: Access, method: str, app_key: str, customer_id: Any, form: str) -> dict[str, str]:
    return {
        "method": method,
        "v": "2.0",
        "app_key": app_key,
        "customerId": str(customer_id or ""),
        "timestamp": beijing_text(access.now),
        "format": form,
    }


def _seconds(access: Access) -> float:
    try:
        return float(access.settings.get("wms_seconds") or SECONDS)
    except (TypeError, ValueError):
        return SECONDS
