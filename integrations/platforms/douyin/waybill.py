"""抖音电子面单: electronic waybills.

Sources: `/logistics/newCreateOrder`, `waybillApply` and `cancelOrder` in the official SDKs.

The receiver is sent as the platform's own ciphertext, read from the order at that moment: nothing that can be decrypted
is kept, and a receiver that changed meanwhile is seen before a number is taken. The tower's `object_id` is the
`pack_id`: asked again with the same one, Douyin gives the same number.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from integrations import preferences
from integrations.adapter import Access, Waybill, WaybillWish
from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Temporary
from integrations.platforms.douyin import carriers, client
from integrations.platforms.douyin.reading import Row, read_order
from integrations.platforms.douyin.receivers import receiver
from integrations.platforms.douyin.refusals import old_refusal
from integrations.records import rows

CREATE, CANCEL, PRINT = "/logistics/newCreateOrder", "/logistics/cancelOrder", "/logistics/waybillApply"
REGIONS = (("province", "province_name"), ("city", "city_name"), ("town", "district_name"), ("street", "street_name"))
CHINA = "CHN"
FORBIDDEN_IN_PACK = re.compile(r"[^0-9A-Za-z_]")


def issue(access: Access, wish: WaybillWish) -> Waybill:
    """Take one waybill, and what the printing component needs for it."""
    if not wish.platform_order_ids:
        raise Permanent("取号没有平台订单号", code="no_order")
    code = carriers.code(access, wish.carrier)
    order_ids = [client.checked_id(told) for told in wish.platform_order_ids]
    order = read_order(access, order_ids[0])
    _check_receiver(order, wish)
    data = client.call(access, CREATE, _request(access, wish, code, order_ids, order))
    pack_id = _pack_id(wish)
    found = [row for row in rows(data, "ebill_infos") if str(row.get("pack_id") or pack_id) == pack_id]
    if not found or not found[0].get("track_no"):
        raise _refused(data, pack_id)
    number = str(found[0]["track_no"])
    return Waybill(
        carrier=_real_carrier(access, found[0], wish.carrier),
        waybill=number,
        print_data=_print_data(access, wish.carrier, code, number),
    )


def cancel(access: Access, carrier: str, waybill: str) -> None:
    """Give a waybill back."""
    parameters = {"logistics_code": carriers.code(access, carrier), "track_no": waybill} | _user(access)
    result = client.call(access, CANCEL, parameters).get("cancel_result")
    if not isinstance(result, Mapping) or str(result.get("success")).lower() != "true":
        raise Permanent("平台没有取消这个运单号", code="cancel_result")


def _check_receiver(order: Row, wish: WaybillWish) -> None:
    now = receiver(order)
    if wish.receiver.key and now.key and wish.receiver.key != now.key:
        raise Permanent("收件人在平台上已变更，请先重新同步订单", code="receiver_changed")


def _request(access: Access, wish: WaybillWish, code: str, order_ids: list[str], order: Row) -> dict[str, Any]:
    info: dict[str, Any] = {
        "order_id": order_ids[0],
        "pack_id": _pack_id(wish),
        "receiver_info": _receiver_info(order),
        "items": [{"item_name": goods.name or goods.code, "item_count": goods.quantity} for goods in wish.goods],
    }
    if len(order_ids) > 1:
        info["combine_orders"] = order_ids
    if wish.weight_grams:
        info["total_weight"] = str(wish.weight_grams)
    # Product, payment, station: each courier's contract is another.
    extra = preferences.table(access.settings, "waybill_extra").get(wish.carrier)
    if isinstance(extra, Mapping):
        info |= dict(extra)
    return {"sender_info": _sender(access), "logistics_code": code, "order_infos": [info]} | _user(access)


def _receiver_info(order: Row) -> dict[str, Any]:
    """The receiver in the platform's ciphertext; regions in plain words."""
    place = order.get("post_addr")
    place = place if isinstance(place, Mapping) else {}
    address: dict[str, str] = {"country_code": CHINA}
    for level, name in REGIONS:
        region = place.get(level)
        if isinstance(region, Mapping) and region.get("name"):
            address[name] = str(region["name"])
    address["detail_address"] = _hidden(place, "encrypt_detail", "detail")
    name = _hidden(order, "encrypt_post_receiver", "post_receiver")
    phone = _hidden(order, "encrypt_post_tel", "post_tel")
    if not (name and phone and address["detail_address"]):
        raise Permanent("平台没有给出收件人密文，不能取号（请检查应用的权限）", code="no_cipher")
    return {"address": address, "contact": {"name": name, "mobile": phone}}


def _hidden(source: Mapping[str, Any], cipher: str, plain: str) -> str:
    """The ciphertext, or plain words where the platform still gives them; a mask finds nobody."""
    if source.get(cipher):
        return str(source[cipher])
    told = str(source.get(plain) or "")
    return "" if "*" in told else told


def _sender(access: Access) -> dict[str, Any]:
    sender = preferences.table(access.settings, "sender")
    address, contact = sender.get("address"), sender.get("contact")
    if not isinstance(address, Mapping) or not isinstance(contact, Mapping):
        raise ConnectionAtFault("请设置发件人（sender）的 address 和 contact", code="settings")
    return {"address": {"country_code": CHINA, **address}, "contact": dict(contact)}


def _pack_id(wish: WaybillWish) -> str:
    return FORBIDDEN_IN_PACK.sub("_", wish.object_id)


def _user(access: Access) -> dict[str, int]:
    """Whose waybill account pays: needed where it is shared by several shops."""
    told = str(access.settings.get("user_id") or "")
    return {"user_id": int(told)} if told.removeprefix("-").isdigit() and told.isascii() else {}


def _refused(data: Row, pack_id: str) -> OutsideError:
    """A refusal stands beside the numbers given out."""
    for row in rows(data, "err_infos"):
        if str(row.get("pack_id") or pack_id) == pack_id:
            return old_refusal(str(row.get("err_code") or ""), str(row.get("err_msg") or ""))
    return Temporary("平台没有返回这个包裹的运单号", code="no_waybill")


def _real_carrier(access: Access, row: Row, asked: str) -> str:
    """Where the platform gives the parcel to another courier that we know, it is that one."""
    real = str(row.get("company") or "")
    return next((name for name, code in carriers.codes(access).items() if code == real), asked)


def _print_data(access: Access, carrier: str, code: str, number: str) -> str:
    """The encrypted content of the label and its signature, as the printing component takes them."""
    data = client.call(access, PRINT, {"waybill_applies": [{"logistics_code": code, "track_no": number}]})
    row = next((row for row in rows(data, "waybill_infos") if str(row.get("track_no")) == number), None)
    if row is None or not row.get("print_data"):
        raise Temporary("平台没有返回面单内容", code="no_print_data")
    content = {
        "encryptedData": str(row["print_data"]),
        "signature": str(row.get("sign") or ""),
        "templateURL": _template(access, carrier),
    }
    return json.dumps(content, ensure_ascii=False)


def _template(access: Access, carrier: str) -> str:
    """The print template: one for all couriers, or an object with one for each."""
    value = access.settings.get("template_url") or ""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return value
    return str(preferences.table(access.settings, "template_url").get(carrier) or "")
