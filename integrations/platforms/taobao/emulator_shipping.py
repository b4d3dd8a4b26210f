"""The emulated `taobao.logistics.offline.send`, with the letters by which it refuses."""

import re
from collections.abc import Mapping

from integrations.platforms.taobao.emulator_gateway import Refused, service_error
from integrations.platforms.taobao.emulator_trades import CLOSED, SHIPPED, SubOrder, Trade, Trades
from integrations.platforms.taobao.emulator_waybills import Waybills

COMPANIES = frozenset({"SF", "YTO", "ZTO", "STO", "YUNDA", "EMS", "HTKY", "DBKD", "POSTB"})
WAYBILL = re.compile(r"[A-Za-z0-9]{8,30}")
READY = ("WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART")


def ship(trades: Trades, waybills: Waybills, seller: str, form: Mapping[str, str]) -> None:
    """Ship a trade, or some of its lines."""
    tid, company, number = form.get("tid", ""), form.get("company_code", ""), form.get("out_sid", "")
    trade = trades.by_tid.get(int(tid)) if tid.isdigit() else None
    if trade is None or trade.seller != seller:
        raise _refused("B01", "订单不存在")
    if not company:
        raise _refused("B56", "物流公司不能为空")
    if company not in COMPANIES:
        raise _refused("B57", "该物流公司不能使用自己联系物流发货")
    if not number:
        raise _refused("B59", "运单号不能为空")
    if trade.status in (*CLOSED, *SHIPPED):
        raise _refused("B04", "订单状态不对该物流订单已经发货或者已关闭，不能重复发货")
    if trade.status not in READY:
        raise _refused("B02", "订单状态不对")
    lines = _lines(trade, form)
    _check_waybill(trades, waybills, trade, number)
    trades.ship(trade, lines, company=company, waybill=number)
    if number in waybills.by_number:
        waybills.by_number[number].used = True
    oids = [str(line.oid) for line in lines]
    waybills.note("shipped", tid=str(trade.tid), waybill=number, company=company, lines=oids)


def _lines(trade: Trade, form: Mapping[str, str]) -> list[SubOrder]:
    is_split, wanted = form.get("is_split", "0") == "1", [oid for oid in form.get("sub_tid", "").split(",") if oid]
    if is_split != bool(wanted):
        raise _refused("CD25", "拆单标记与子订单列表必须同时传入")
    live = [line for line in trade.lines if line.is_open]
    if not is_split:
        if trade.status == "SELLER_CONSIGNED_PART":
            raise _refused("CD22", "订单已经拆单，请传入子订单列表")
        return live
    chosen = [line for line in live if str(line.oid) in wanted]
    if len(chosen) != len(set(wanted)):
        raise _refused("CD26", "子订单不存在或已关闭")
    if any(line.status in SHIPPED for line in chosen):
        raise _refused("B04", "订单状态不对该物流订单已经发货或者已关闭，不能重复发货")
    return chosen


def _check_waybill(trades: Trades, waybills: Waybills, trade: Trade, number: str) -> None:
    """Its form, whether another trade used it, and whether it was taken for this receiver."""
    if not WAYBILL.fullmatch(number):
        raise _refused("B60", "运单号不符合规则或已经被使用")
    issued = waybills.by_number.get(number)
    together = issued.tids if issued else ()
    for tid in trades.tids_by_waybill.get(number, set()) - {trade.tid}:
        # One parcel may carry several trades of one receiver.
        if str(trade.tid) not in together and trades.by_tid[tid].oaid != trade.oaid:
            raise _refused("B60", "运单号不符合规则或已经被使用")
    if issued and issued.cancelled:
        raise _refused("F01", "运单号已过期")
    if issued and issued.oaid and issued.oaid != trade.oaid:
        raise _refused("F03", "收货地址与快递公司的收件地址不一致")


def _refused(letter: str, text: str) -> Refused:
    return service_error(f"isv.logistics-offline-service-error:{letter}", text)
