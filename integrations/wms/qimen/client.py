"""Calls to a warehouse through Qimen's gateway. Every act may be repeated; a repeat that they know is `AlreadyDone`."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement

from integrations import http, preferences
from integrations.adapter import Access, DeliveryWish, Message, Telling
from integrations.bodies import digest
from integrations.errors import AlreadyDone, Permanent, Temporary, Unauthorised, Unreadable
from integrations.windows import beijing_text
from integrations.wms.qimen import signing, xml

LOGISTICS_CODES = {"sf": "SF", "yto": "YTO", "zto": "ZTO", "sto": "STO", "yunda": "YUNDA", "ems": "EMS"}
PLATFORM_CODES = {"taobao": "TB", "tmall": "TM", "jd": "JD", "pdd": "PDD"}
# What warehouses write when an act had been done before; the texts differ from WMS to WMS.
DONE_BEFORE = {
    "deliveryorder.create": ("订单已存在", "单据已存在", "重复创建", "重复下发"),
    "order.cancel": ("订单已取消", "已经取消", "重复取消"),
    "order.pending/pend": ("已挂起", "已经挂起", "重复挂起"),
    "orderprocess.report": ("重复回传", "已回传"),
    "order.pending/restore": ("已恢复", "已经恢复", "重复恢复", "没有挂起"),
}
BAN = re.compile(r"ban will last for (\d{1,6}) more seconds")
# TOP's own words for "later": call limits, frequency, service unavailable. Sub-codes isp.* are the platform's trouble.
LATER_CODES = frozenset({"4", "5", "6", "7", "8", "10"})
REQUIRED_SENDER = ("name", "mobile", "province", "city", "detailAddress")


def call(access: Access, method: str, content: Mapping[str, Any]) -> Element:
    """One signed request; the `response` element where `flag` is success."""
    settings = access.settings
    prefix = str(settings.get("method_prefix") or "taobao.qimen.")
    sign_method = str(settings.get("sign_method") or "md5")
    if sign_method not in signing.SIGN_METHODS:
        raise Permanent(f"sign_method {sign_method} 不支持", code="settings")
    body = xml.write(str(settings.get("root_tag") or "request"), content)
    parameters = {
        "method": prefix + method,
        "v": "2.0",
        "app_key": str(settings.get("app_key") or ""),
        "customerId": str(settings.get("customer_id") or ""),
        "timestamp": beijing_text(access.now),
        "format": "xml",
        "sign_method": sign_method,
    }
    parameters["sign"] = signing.sign_call(parameters, body, first_secret(access, "app_secret"), sign_method)
    response = http.call(
        "POST",
        f"{access.base_url}?{urlencode(parameters)}",
        data=body,
        headers={"Content-Type": "text/xml;charset=utf-8"},
    )
    act = f"{method}/{content['actionType']}" if "actionType" in content else method
    return understood(access, act, response.content)


def first_secret(access: Access, name: str) -> str:
    """The first signs; the others live on only to read what was signed before a change."""
    secret = preferences.first(access.secrets, name)
    if not secret:
        raise Permanent(f"没有填写 {name}", code="settings")
    return secret


def understood(access: Access, act: str, body: bytes) -> Element:
    """The `response` element where `flag` is success; what their no means, as an exception."""
    if body.lstrip().startswith(b"{"):
        raise _gateway_error(*_json_error(body))
    try:
        root = xml.read(body)
    except Unreadable as error:
        raise Temporary(f"answer is no XML: {error}", code="not_xml") from error
    if root.tag == "error_response":
        raise _gateway_error(*(xml.text(root, tag) for tag in ("code", "sub_code", "msg", "sub_msg")))
    if xml.text(root, "flag").lower() == "success":
        return root
    code, text = xml.text(root, "code"), xml.text(root, "message")
    if not xml.text(root, "flag"):
        raise Temporary("answer without a flag", code="not_qimen")
    if any(known in text for known in _done_before(access, act)):
        raise AlreadyDone(text, code=code)
    raise Permanent(text or "仓库拒绝", code=code)


def _done_before(access: Access, act: str) -> tuple[str, ...]:
    own = preferences.words(access.settings.get("already_texts")) if act == "deliveryorder.create" else ()
    return (*DONE_BEFORE.get(act, ()), *own)


def _json_error(body: bytes) -> tuple[str, str, str, str]:
    try:
        found = json.loads(body)["error_response"]
        return tuple(str(found.get(tag) or "") for tag in ("code", "sub_code", "msg", "sub_msg"))  # type: ignore[return-value]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Temporary("answer is no XML", code="not_xml") from error


def _gateway_error(code: str, sub_code: str, text: str, sub_text: str) -> Temporary | Permanent:
    words = sub_text or text or "网关错误"
    if sub_code.startswith("isp.") or code in LATER_CODES:
        ban = BAN.search(sub_text)
        return Temporary(words, code=sub_code or code, retry_after=float(ban.group(1)) if ban else None)
    if code in ("26", "27"):
        return Unauthorised(words, code=sub_code or code)
    return Permanent(words, code=sub_code or code)


# Acts -----------------------------------------------------------------------------------------------------------
def create_delivery(access: Access, wish: DeliveryWish) -> dict[str, Any]:
    """Send an order to the warehouse; what the warehouse calls it."""
    answer = call(access, "deliveryorder.create", _delivery(access, wish))
    return {
        "delivery_order_id": xml.text(answer, "deliveryOrderId"),
        "warehouse": xml.text(answer, "warehouseCode"),
        "logistics_code": xml.text(answer, "logisticsCode"),
        # Where the warehouse split the order: its own codes for the parts.
        "split": [xml.text(part, "deliveryOrderId") for part in xml.every(answer, "deliveryOrders/deliveryOrder")],
    }


def _delivery(access: Access, wish: DeliveryWish) -> dict[str, Any]:
    settings, receiver = access.settings, wish.receiver
    present = {
        "姓名": receiver.name,
        "电话": receiver.phone,
        "省": receiver.province,
        "市": receiver.city,
        "详细地址": receiver.address,
    }
    if missing := [word for word, value in present.items() if not value]:
        raise Permanent("收件人缺少：" + "、".join(missing), code="receiver")
    if not wish.goods:
        raise Permanent("没有商品行", code="goods")
    amount = str(wish.amount)
    order = {
        "deliveryOrderCode": wish.order,
        "orderType": str(settings.get("order_type") or "JYCK"),
        "warehouseCode": warehouse_code(access, wish.warehouse),
        "sourcePlatformCode": _mapping(settings, "platform_codes", PLATFORM_CODES).get(wish.platform),
        "createTime": beijing_text(access.now),
        "placeOrderTime": beijing_text(wish.placed_at),
        "payTime": beijing_text(wish.paid_at) if wish.paid_at else None,
        "operateTime": beijing_text(access.now),
        "shopNick": str(settings.get("shop_nick") or wish.shop),
        "totalAmount": amount,
        "itemAmount": str(sum((Decimal(one.price) * one.quantity for one in wish.goods), Decimal(0))),
        "logisticsCode": logistics_code(settings, wish.carrier),
        "senderInfo": _sender(settings),
        "receiverInfo": {
            "name": receiver.name,
            "mobile": receiver.phone,
            "province": receiver.province,
            "city": receiver.city,
            "area": receiver.district,
            "town": receiver.town,
            "detailAddress": receiver.address,
            # Masked receivers are deciphered in the warehouse by the platform's own key.
            "oaid": receiver.key if receiver.masked else None,
        },
        "buyerMessage": wish.buyer_note,
        "sellerMessage": wish.seller_note,
    }
    owner = str(settings.get("owner_code") or "")
    lines = [
        {
            "orderLineNo": number,
            "sourceOrderCode": wish.platform_order_id,
            "subSourceOrderCode": goods.line,
            "ownerCode": owner,
            "itemCode": goods.code,
            "itemName": goods.name,
            "inventoryType": "ZP",
            "planQty": goods.quantity,
            "actualPrice": goods.price,
        }
        for number, goods in enumerate(wish.goods, start=1)
    ]
    return {"deliveryOrder": order, "orderLines": {"orderLine": lines}}


def warehouse_code(access: Access, warehouse: str) -> str:
    """The code agreed with this warehouse goes before the tower's own; `OTHER` is Qimen's word for one for all."""
    return str(access.settings.get("warehouse_code") or warehouse or "OTHER")


def logistics_code(settings: Mapping[str, Any], carrier: str) -> str:
    """Qimen's code of a courier. No guess: a wrong code sends the parcel with somebody else."""
    if not carrier:
        return "OTHER"
    code = _mapping(settings, "logistics_codes", LOGISTICS_CODES).get(carrier)
    if not code:
        raise Permanent(f"快递 {carrier} 没有奇门编码，请在连接的 logistics_codes 里填写", code="settings")
    return code


def _sender(settings: Mapping[str, Any]) -> dict[str, str]:
    sender = _mapping(settings, "sender", {})
    if missing := [name for name in REQUIRED_SENDER if not sender.get(name)]:
        raise Permanent("发件人缺少：" + "、".join(missing), code="settings")
    return sender


def _mapping(settings: Mapping[str, Any], name: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """A setting that is an object, or its JSON text as the command line gives it, laid over the defaults."""
    value = settings.get(name) or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Permanent(f"连接设置 {name} 不是 JSON", code="settings") from error
    if not isinstance(value, Mapping):
        raise Permanent(f"连接设置 {name} 应是 JSON 对象", code="settings")
    return {**defaults, **{str(key): str(item) for key, item in value.items()}}


def cancel(access: Access, order: str, warehouse: str, reason: str) -> None:
    """Ask the warehouse to drop an order. A refusal usually means that it was printed or went out."""
    call(
        access,
        "order.cancel",
        {
            "warehouseCode": warehouse_code(access, warehouse),
            "ownerCode": access.settings.get("owner_code"),
            "orderCode": order,
            "orderType": access.settings.get("order_type") or "JYCK",
            "cancelReason": reason,
        },
    )


def set_pending(access: Access, order: str, warehouse: str, reason: str, *, action: str) -> None:
    """`pend` stops the order in the warehouse's line, `restore` lets it go on."""
    call(
        access,
        "order.pending",
        {
            "actionType": action,
            "warehouseCode": warehouse_code(access, warehouse),
            "orderCode": order,
            "orderType": access.settings.get("order_type") or "JYCK",
            "reason": reason,
        },
    )


def tell(access: Access, news: Telling) -> None:
    """揽收 for a warehouse that cannot see couriers. Qimen has no message for it: method and status word are agreed."""
    settings = access.settings
    call(
        access,
        str(settings["pickup_method"]),
        {
            "order": {"orderCode": news.parcel, "warehouseCode": warehouse_code(access, news.warehouse)},
            "process": {
                "processStatus": str(settings.get("pickup_status") or "OTHER"),
                "operateTime": beijing_text(news.at),
                "operateInfo": "快递已揽收",
                "logisticsCode": logistics_code(settings, news.carrier),
                "expressCode": news.waybill,
            },
        },
    )


def fetch(access: Access, order: str) -> Message:
    """Both queries about one order in one message, keyed by what they said: every step, and the packages there are.

    A warehouse without `deliveryorder.query` still tells its steps; why the second half is missing stays inside.
    """
    common = {
        "orderCode": order,
        "warehouseCode": warehouse_code(access, ""),
        "ownerCode": access.settings.get("owner_code"),
    }
    kind = {"orderType": access.settings.get("order_type") or "JYCK"}
    root = Element("fetched", {"order": order})
    SubElement(root, "processes").append(call(access, "orderprocess.query", kind | common))
    delivery = SubElement(root, "delivery")
    try:
        delivery.append(call(access, "deliveryorder.query", common | {"page": 1, "pageSize": 100}))
    except Permanent as error:
        SubElement(delivery, "failure", {"code": error.code}).text = str(error)
    body = xml.to_bytes(root)
    return Message(kind="orderprocess.query", key=f"query:{order}:{digest(body, 24)}", body=body)
