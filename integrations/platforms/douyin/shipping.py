"""Telling Douyin that a parcel left (发货回传). Source: the shipping calls of the official SDKs.

A whole order goes by `logisticsAdd`; one parcel of several by `logisticsAddMultiPack` with a `request_id`, under which
a repeat gets the first answer. "Already shipped" is never believed alone: the order is read again and decides.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import Access, ShipWish
from integrations.bodies import digest
from integrations.errors import AlreadyDone, OutsideError, Permanent
from integrations.platforms.douyin import carriers, client
from integrations.platforms.douyin.mapping import CLOSED
from integrations.platforms.douyin.reading import Row, read_order
from integrations.records import rows, whole

WHOLE, PARTS = "/order/logisticsAdd", "/order/logisticsAddMultiPack"
SHIPPED = frozenset({"3", "5"})


def ship(access: Access, wish: ShipWish) -> None:
    """Send the waybill. `AlreadyDone` where the order, read again, says that this parcel is known to have left."""
    order_id, company = client.checked_id(wish.platform_order_id), carriers.code(access, wish.carrier)
    if not wish.lines:
        path = WHOLE
        parameters: dict[str, Any] = {**_parcel(wish, company), "order_id": order_id, "is_reject_refund": False}
    else:
        order = read_order(access, order_id)
        if wish.waybill in waybills_of(order):
            raise AlreadyDone("平台已有同一运单号的发货记录", code="same_waybill")
        goods = unshipped(order, wish.lines)
        if not goods:
            raise judged(order, wish, Permanent("包裹里的商品都已发货或已关闭", code="70023"))
        path = PARTS
        parameters = {
            "order_id": order_id,
            "pack_list": [_parcel(wish, company) | {"shipped_order_info": goods}],
            "request_id": request_id(wish),
            "is_reject_refund": False,
        }
    try:
        client.call(access, path, parameters)
    except AlreadyDone as error:
        raise judged(read_order(access, order_id), wish, error) from error


def request_id(wish: ShipWish) -> str:
    """The same for every try of one parcel."""
    told = "\n".join((wish.platform_order_id, wish.carrier, wish.waybill, *sorted(wish.lines)))
    return "tower-" + digest(told.encode(), 32)


def unshipped(order: Row, lines: Sequence[str]) -> list[dict[str, Any]]:
    """What of these lines has not left yet, as Douyin wants it told."""
    gone: dict[str, int] = {}
    for parcel in rows(order, "logistics_info"):
        for goods in rows(parcel, "product_info"):
            line = str(goods.get("sku_order_id") or "")
            gone[line] = gone.get(line, 0) + _count(goods.get("product_count"))
    found = []
    for row in rows(order, "sku_order_list"):
        identity = str(row.get("order_id") or "")
        rest = _count(row.get("item_num")) - gone.get(identity, 0)
        if identity in lines and rest > 0 and str(row.get("order_status")) not in CLOSED:
            found.append({"shipped_order_id": identity, "shipped_num": rest})
    return found


def judged(order: Mapping[str, Any], wish: ShipWish, said: OutsideError) -> OutsideError:
    """What "already shipped" means for this wish, by the order as it stands there now."""
    statuses = {str(order.get(name)) for name in ("main_status", "order_status") if order.get(name) is not None}
    waybills = waybills_of(order)
    if wish.waybill in waybills:
        return AlreadyDone("平台已有同一运单号的发货记录", code=said.code)
    if statuses & CLOSED:
        return Permanent("平台订单已关闭，不能发货", code=said.code)
    if waybills and not wish.lines:
        return Permanent(f"平台上已用其他运单号发货：{'、'.join(sorted(waybills))}", code="other_waybill")
    lines = [row for row in rows(order, "sku_order_list") if str(row.get("order_id")) in wish.lines]
    if lines and all(str(row.get("order_status")) in SHIPPED for row in lines):
        others = waybills_of({"logistics_info": _parcels_with(order, wish.lines)})
        if others:
            return Permanent(f"平台上已用其他运单号发货：{'、'.join(sorted(others))}", code="other_waybill")
        return AlreadyDone("这些商品在平台上已是已发货", code=said.code)
    if not wish.lines and statuses & SHIPPED:
        return AlreadyDone("平台订单已是已发货", code=said.code)
    return Permanent(str(said), code=said.code)


def waybills_of(order: Mapping[str, Any]) -> set[str]:
    return {str(parcel["tracking_no"]) for parcel in rows(order, "logistics_info") if parcel.get("tracking_no")}


def _parcels_with(order: Mapping[str, Any], lines: Sequence[str]) -> list[Row]:
    return [
        parcel
        for parcel in rows(order, "logistics_info")
        if any(str(goods.get("sku_order_id")) in lines for goods in rows(parcel, "product_info"))
    ]


def _parcel(wish: ShipWish, company: str) -> dict[str, Any]:
    return {"company_code": company, "logistics_code": wish.waybill}


def _count(told: Any) -> int:
    return whole(told, 9) or 0
