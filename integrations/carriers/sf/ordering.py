"""Numbers on the seller's own monthly card: order a parcel, find its order again, cancel it.

The tower's object id is the order's id at 顺丰, which can never be used for another parcel, not even after a cancel.
Asked again for the same label they say that the order exists, and the number is read from it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from integrations import preferences, records
from integrations.adapter import Access, Waybill, WaybillWish
from integrations.carriers.sf import client, reading
from integrations.carriers.sf.preferences import known_words
from integrations.carriers.sf.words import CARRIER, CREATE_ORDER, FIND_ORDER, UPDATE_ORDER
from integrations.errors import Permanent, Temporary, Unreadable
from orders.vocabulary import AddressSnapshot

# "This order exists": inside the answer, and at the gateway.
EXISTS = frozenset({"8016", "A1007"})
SENDER, RECEIVER = 1, 2
MAIN_NUMBER = "1"
CANCEL = 2
_MOBILE = re.compile(r"1\d{10}")


def issue(access: Access, wish: WaybillWish) -> Waybill:
    """One number for one label, however often it is asked for."""
    order_id = _order_id(access, wish.object_id)
    try:
        answer = client.call(access, CREATE_ORDER, _order(access, wish, order_id))
    except Permanent as error:
        if error.code not in EXISTS:
            raise
        search_type = preferences.text(access.settings, "search_type", "1")
        asked = {"orderId": order_id, "searchType": search_type, "language": "zh-CN"}
        answer = client.call(access, FIND_ORDER, asked)
    return _issued(access, answer, order_id)


def cancel(access: Access, waybill: str, object_id: str) -> None:
    """Give a number back, before its parcel is picked up. "Cancelled before" counts as done."""
    if not object_id:
        raise Permanent("取消顺丰订单要用下单时的客户订单号，这张面单没有记录", code="object_id")
    order = {
        "orderId": _order_id(access, object_id),
        "dealType": CANCEL,
        "language": "zh-CN",
        "waybillNoInfoList": [{"waybillType": 1, "waybillNo": client.number(waybill)}],
    }
    try:
        answer = client.call(access, UPDATE_ORDER, order)
    except client.RefusedInside as error:
        if error.code in known_words(access.settings, "already_cancelled"):
            return
        raise
    status = records.word(answer, "resStatus")
    if status not in ("", *known_words(access.settings, "cancelled_status")):
        raise Permanent("顺丰没有取消这个订单", code=f"resStatus:{status[:10]}")


def contact(snapshot: AddressSnapshot) -> dict[str, str]:
    """A person as 顺丰 must know them. A mask finds nobody."""
    if snapshot.masked or "*" in snapshot.phone + snapshot.name + snapshot.address:
        raise Permanent("平台只给了脱敏的收件人，不能直接向顺丰下单，请用平台的电子面单", code="masked")
    if not (snapshot.name and snapshot.phone and snapshot.address):
        raise Permanent("收件人不完整：缺姓名、电话或地址", code="incomplete")
    phone = {"mobile" if _MOBILE.fullmatch(snapshot.phone) else "tel": snapshot.phone}
    place = {"province": snapshot.province, "city": snapshot.city, "county": snapshot.district}
    return {"contact": snapshot.name, **phone, **place, "address": f"{snapshot.town}{snapshot.address}"}


def _order_id(access: Access, object_id: str) -> str:
    return preferences.text(access.settings, "order_prefix") + object_id


def _order(access: Access, wish: WaybillWish, order_id: str) -> dict[str, Any]:
    if wish.carrier != CARRIER:
        raise Permanent(f"快递 {wish.carrier or '（未填）'} 的单号不能向顺丰取", code="carrier")
    sender = preferences.table(access.settings, "sender")
    if not sender:
        raise Permanent("请在连接里设置寄件人（sender）", code="settings")
    order: dict[str, Any] = {
        "language": "zh-CN",
        "orderId": order_id,
        "cargoDetails": _cargo(access, wish),
        "contactInfoList": [
            {"contactType": SENDER, "country": "CN", **sender},
            {"contactType": RECEIVER, "country": "CN", **contact(wish.receiver)},
        ],
        "payMethod": _whole(access, "pay_method", "1"),
        "expressTypeId": _whole(access, "express_type", "1"),
        "parcelQty": 1,
        "isReturnRoutelabel": 1,
        "isDocall": 0,
    }
    if card := preferences.text(access.settings, "monthly_card"):
        order["monthlyCard"] = card
    if wish.weight_grams:
        order["totalWeight"] = round(wish.weight_grams / 1000, 3)
    return order | preferences.table(access.settings, "extra")


def _cargo(access: Access, wish: WaybillWish) -> list[dict[str, Any]]:
    if name := preferences.text(access.settings, "cargo_name"):
        return [{"name": name, "count": sum(goods.quantity for goods in wish.goods) or 1}]
    return [{"name": goods.name or goods.code, "count": goods.quantity} for goods in wish.goods] or [{"name": "商品"}]


def _whole(access: Access, name: str, default: str) -> int:
    told = preferences.text(access.settings, name, default)
    if not (told.isascii() and told.isdigit()):
        raise Permanent(f"设置 {name} 不是整数", code="settings")
    return int(told)


def _issued(access: Access, answer: Mapping[str, Any], order_id: str) -> Waybill:
    try:
        if records.word(answer, "orderId") not in ("", order_id):
            raise Unreadable("客户订单号与所问的不同")
        mains = [
            reading.number(row, "waybillNo")
            for row in reading.rows(answer, "waybillNoInfoList")
            if isinstance(row, dict) and records.word(row, "waybillType") in ("", MAIN_NUMBER)
        ]
    except Unreadable as error:
        raise Temporary(f"顺丰的答复无法使用：{error}", code="answer") from error
    if not mains:
        if records.word(answer, "filterResult") in known_words(access.settings, "not_served"):
            raise Permanent("收件地址超出顺丰的收派范围", code="not_served")
        raise Temporary("顺丰还没有给出运单号（等待人工确认）", code="no_waybill")
    routing = answer.get("routeLabelInfo") or []
    print_data = json.dumps({"waybillNo": mains[0], "routeLabelInfo": routing}, ensure_ascii=False)
    return Waybill(carrier=CARRIER, waybill=mains[0], print_data=print_data)
