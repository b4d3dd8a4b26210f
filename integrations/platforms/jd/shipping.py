"""Telling JD that a parcel left (发货回传). Source: JD's field notes for `jingdong.pop.order.shipment`.

JD has no key for a repeat and its word for "already shipped" is not published, so the order itself is read: before the
call, because a locked order must not be shipped and a repeat is seen at once; after a no, because somebody may have
shipped by hand.
"""

import re
from collections.abc import Mapping
from typing import Any

from integrations.adapter import Access, ShipWish
from integrations.errors import AlreadyDone, ConnectionAtFault, OutsideError, Permanent, Temporary, Unauthorised
from integrations.platforms.jd import carriers, client
from integrations.platforms.jd.reading import checked_id, read
from integrations.platforms.jd.refunds import FINISHED, SHIPPED
from integrations.platforms.jd.refusals import business_refusal

SHIPMENT = "jingdong.pop.order.shipment"
CLOSED, LOCKED = "TRADE_CANCELED", "LOCKED"
PAUSED = frozenset({"PAUSE", "POP_ORDER_PAUSE"})


def ship(access: Access, wish: ShipWish) -> None:
    """Send the waybill. `AlreadyDone` where the order says that this parcel is known to have left."""
    company = carriers.company_id(access, wish.carrier)
    _check(access, wish)
    parameters = {
        "orderId": int(checked_id(wish.platform_order_id)),
        "logiCoprId": company,
        "logiNo": wish.waybill,
    }
    try:
        result = client.part(client.call(access, SHIPMENT, parameters), "sopjosshipment_result")
        if client.succeeded(result):
            return
        code = str(result.get("errorCode") or "")
        raise business_refusal(code, str(result.get("chineseErrCode") or result.get("englishErrCode") or ""))
    except (Temporary, Unauthorised, ConnectionAtFault):
        raise
    except Permanent:
        _check(access, wish)
        raise


def _check(access: Access, wish: ShipWish) -> None:
    order = read(access, wish.platform_order_id, fields="orderId,orderState,waybill,logisticsId,modified")
    if said := judged(order, wish):
        raise said


def judged(order: Mapping[str, Any], wish: ShipWish) -> OutsideError | None:
    """Why there is nothing to send for this wish, by the order as it stands there now; `None` where there is."""
    state, waybills = str(order.get("orderState") or ""), waybills_of(order)
    if state == CLOSED:
        return Permanent("京东订单已取消，不能发货", code=state)
    if state == LOCKED:
        return Permanent("京东订单已锁定（正在申请退款或取消），不能发货", code=state)
    if state in PAUSED:
        return Permanent("京东订单已暂停，不能发货", code=state)
    if state not in SHIPPED and state != FINISHED:
        return None
    if wish.waybill in waybills:
        return AlreadyDone("京东已有同一运单号的发货记录", code=state)
    if not waybills:
        return AlreadyDone("京东订单已是已发货", code=state)
    if wish.lines:
        text = f"京东不支持分包裹回传，订单已用 {'、'.join(sorted(waybills))} 发货，请在商家后台补充运单号"
        return Permanent(text, code="one_parcel_only")
    return Permanent(f"京东上已用其他运单号发货：{'、'.join(sorted(waybills))}", code="other_waybill")


def waybills_of(order: Mapping[str, Any]) -> set[str]:
    """Several numbers of one company are joined by commas, companies by bars."""
    return {part.strip() for part in re.split(r"[,|]", str(order.get("waybill") or "")) if part.strip()}
