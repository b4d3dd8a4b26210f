"""菜鸟 electronic waybills through TOP. Sources: TOP metadata of `cainiao.waybill.ii.get`, `.cancel` and `.search`.

A masked receiver is named by `oaid` and trade id, so that no plain data is needed here. The tower's `object_id` is
also the `package_info.id`: 菜鸟 asks that one order and package take one waybill only.
"""

from typing import Any

from integrations.adapter import Access, Waybill, WaybillStock, WaybillWish
from integrations.errors import Permanent, Temporary
from integrations.platforms.taobao import carriers, client
from integrations.preferences import table
from integrations.records import whole

# `cp_type`: these couriers (直营, such as 顺丰) bill the month and have no balance of numbers; 2 is 加盟.
WITHOUT_BALANCE = "1"
# How the official sample names orders of Taobao and Tmall.
DEFAULT_CHANNEL = "TB"


def issue(access: Access, wish: WaybillWish) -> Waybill:
    """Take one waybill. A repeat with the same `object_id` asks for the same package of the same orders."""
    request = {"param_waybill_cloud_print_apply_new_request": _request(access, wish)}
    answer = client.call(access, "cainiao.waybill.ii.get", request)
    modules = client.rows(answer, "modules", "waybill_cloud_print_response")
    mine = next((module for module in modules if str(module.get("object_id")) == wish.object_id), None)
    if mine is None or not mine.get("waybill_code"):
        raise Temporary("菜鸟没有返回这个包裹的运单号", code="no_waybill")
    return Waybill(
        carrier=_real_carrier(access, mine, wish.carrier),
        waybill=str(mine["waybill_code"]),
        print_data=str(mine.get("print_data") or ""),
    )


def cancel(access: Access, carrier: str, waybill: str) -> None:
    """Give a waybill back."""
    parameters = {"cp_code": carriers.code(access, "cp_codes", carrier), "waybill_code": waybill}
    answer = client.call(access, "cainiao.waybill.ii.cancel", parameters)
    if str(answer.get("cancel_result")).lower() != "true":
        raise Permanent("菜鸟没有取消这个运单号", code="cancel_result")


def stock(access: Access) -> list[WaybillStock]:
    """How many numbers are left at each branch that has given some."""
    answer = client.call(access, "cainiao.waybill.ii.search", {})
    known = {code: name for name, code in carriers.codes(access, "cp_codes").items()}
    found = []
    for courier in client.rows(answer, "waybill_apply_subscription_cols", "waybill_apply_subscription_info"):
        if str(courier.get("cp_type") or "") == WITHOUT_BALANCE:
            continue
        cp_code = str(courier.get("cp_code") or "")
        for branch in client.rows(courier, "branch_account_cols", "waybill_branch_account"):
            left, given = whole(branch.get("quantity")), whole(branch.get("allocated_quantity"))
            if left is None or not (left or given):
                continue
            name = str(branch.get("branch_name") or branch.get("branch_code") or "")
            found.append(WaybillStock(carrier=known.get(cp_code, cp_code), branch=name[:60], left=left))
    return found


def _request(access: Access, wish: WaybillWish) -> dict[str, Any]:
    package: dict[str, Any] = {
        "id": wish.object_id,
        "items": [{"name": goods.name or goods.code, "count": goods.quantity} for goods in wish.goods],
    }
    if wish.weight_grams:
        package["weight"] = wish.weight_grams
    return {
        "cp_code": carriers.code(access, "cp_codes", wish.carrier),
        "sender": table(access.settings, "sender"),
        "trade_order_info_dtos": [
            {
                "object_id": wish.object_id,
                "template_url": _template(access, wish.carrier),
                "user_id": _user_id(access),
                "order_info": {
                    "order_channels_type": str(access.settings.get("order_channel") or DEFAULT_CHANNEL),
                    "trade_order_list": list(wish.platform_order_ids),
                },
                "package_info": package,
                "recipient": _recipient(wish),
            }
        ],
    }


def _recipient(wish: WaybillWish) -> dict[str, Any]:
    receiver = wish.receiver
    if receiver.masked and not receiver.key:
        raise Permanent("收件人是脱敏的，又没有 OAID，不能取号", code="no_oaid")
    if not wish.platform_order_ids:
        raise Permanent("取号没有平台订单号", code="no_trade")
    address = {
        "province": receiver.province,
        "city": receiver.city,
        "district": receiver.district,
        "town": receiver.town,
        "detail": receiver.address,
    }
    recipient: dict[str, Any] = {
        "name": receiver.name,
        "mobile": receiver.phone,
        "address": {name: value for name, value in address.items() if value},
    }
    if receiver.key:
        recipient |= {"oaid": receiver.key, "tid": wish.platform_order_ids[0]}
    return recipient


def _template(access: Access, carrier: str) -> str:
    """The print template: one for all couriers, or an object with one for each."""
    value = access.settings.get("template_url") or ""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return value
    return str(table(access.settings, "template_url").get(carrier) or "")


def _user_id(access: Access) -> int | str:
    value = str(access.settings.get("user_id") or "")
    return int(value) if value.isascii() and value.isdigit() else value


def _real_carrier(access: Access, module: dict[str, Any], asked: str) -> str:
    """A virtual carrier gives the parcel to a real one; where it is one we know, it is that one."""
    real = str(module.get("real_cp_code") or "")
    return next((name for name, code in carriers.codes(access, "cp_codes").items() if code == real), asked)
