"""Telling Taobao that a parcel left (发货回传). Source: TOP metadata of `taobao.logistics.offline.send`.

A repeat, or a seller who clicked 发货 by hand, is answered with an error; then the order itself is read and decides.
"""

from collections.abc import Mapping
from typing import Any

from integrations.adapter import Access, ShipWish
from integrations.errors import AlreadyDone, Permanent
from integrations.platforms.taobao import carriers, client

SHIPPED = frozenset({"WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"})
CLOSED = frozenset({"TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"})


def ship(access: Access, wish: ShipWish) -> None:
    """Send the waybill. `AlreadyDone` where the order, read again, says that this parcel is known to have left."""
    parameters = {
        "tid": wish.platform_order_id,
        "out_sid": wish.waybill,
        "company_code": carriers.code(access, "company_codes", wish.carrier),
    }
    if wish.lines:
        parameters |= {"is_split": "1", "sub_tid": ",".join(wish.lines)}
    try:
        answer = client.call(access, "taobao.logistics.offline.send", parameters)
    except AlreadyDone as error:
        raise judged(client.read_trade(access, wish.platform_order_id), wish, error) from error
    shipping = answer.get("shipping")
    if not isinstance(shipping, Mapping) or str(shipping.get("is_success")).lower() != "true":
        raise Permanent("平台没有接受发货", code="is_success")


def judged(trade: Mapping[str, Any], wish: ShipWish, said: AlreadyDone) -> AlreadyDone | Permanent:
    """What "already shipped" means for this wish, by the order as it stands there now."""
    rows = [row for row in client.rows(trade, "orders", "order") if not wish.lines or _line_id(row) in wish.lines]
    waybills = {str(row["invoice_no"]) for row in rows if row.get("invoice_no")}
    if wish.waybill in waybills:
        return AlreadyDone("平台已有同一运单号的发货记录", code=said.code)
    statuses = {str(trade.get("status") or "")} if not wish.lines else {str(row.get("status") or "") for row in rows}
    if str(trade.get("status") or "") in CLOSED or (statuses and statuses <= CLOSED):
        return Permanent("平台订单已关闭，不能发货", code=said.code)
    if waybills:
        return Permanent(f"平台上已用其他运单号发货：{'、'.join(sorted(waybills))}", code="other_waybill")
    if statuses and statuses <= SHIPPED:
        return AlreadyDone("平台订单已是已发货", code=said.code)
    return Permanent(str(said), code=said.code)


def _line_id(row: Mapping[str, Any]) -> str:
    return str(row.get("oid_str") or row.get("oid") or "")
