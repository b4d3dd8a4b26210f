"""K3 WISE's bills in the tower's words. Pure: the connection's settings say what a status means."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.adapter import Message, Said
from integrations.bodies import digest, read_object
from integrations.doubts import Doubts
from integrations.erp.kingdee_wise.preferences import Preferences
from integrations.errors import Unreadable
from integrations.preferences import WrongSetting
from integrations.records import all_rows, instant, short
from orders.vocabulary import ParcelSnapshot, WarehouseReport

MOST_BILLS = 200
OUT = ("shipped", "shipped_part")
# The furthest word of an order's bills speaks, once nothing more is to be said of goods that left.
BEFORE = ("accepted", "unknown", "other")
WORDS: Mapping[str, str] = {"shipped": "已出库", "shipped_part": "部分出库", "cancelled": "已作废"}


@dataclass(frozen=True)
class _Bill:
    number: str
    status: str
    stage: str
    at: datetime | None


@dataclass(frozen=True)
class _OutStock(_Bill):
    sale_orders: tuple[str, ...]
    parcels: tuple[ParcelSnapshot, ...]


def parse(message: Message, settings: Mapping[str, Any]) -> list[Said]:
    """What all bills of one order say of it together."""
    content = read_object(message.body)
    if not (subject := _word(content, "platform_order")):
        raise Unreadable("单据里没有平台单号")
    doubts = Doubts("kingdee_wise")
    wishes = Preferences(settings)
    try:
        tables = [wishes.statuses(wishes.order), wishes.statuses(wishes.out), wishes.carriers()]
    except WrongSetting as error:
        raise Unreadable(str(error)) from error
    orders = [_bill(row, tables[0], "销售订单状态", doubts) for row in all_rows(content, "sale_orders", MOST_BILLS)]
    outs = [_out_stock(row, tables[1], tables[2], doubts) for row in all_rows(content, "out_stocks", MOST_BILLS)]
    times = [bill.at for bill in (*orders, *outs) if bill.at]
    if not times:
        raise Unreadable("没有带时间的单据")
    stage, words = _stage(orders, outs)
    parcels = {parcel.waybill: parcel for out in outs if out.stage in OUT for parcel in out.parcels}
    report = WarehouseReport(
        order=subject,
        stage=stage,
        platform_status=words[:60],
        reported_at=max(times),
        parcels=tuple(parcels[waybill] for waybill in sorted(parcels)) if stage in OUT else (),
        final=stage != "shipped_part",
        documents=_documents(orders, outs),
        platform_order_id=subject,
    )
    # What a status means may be corrected, and the message read again: that is another fact.
    meant = json.dumps([dict(table) for table in tables], sort_keys=True).encode(errors="replace")
    key = f"bills:{subject}:{digest(message.body + meant, 24)}"
    return [doubts.said(key=key, subject=subject, snapshot=report)]


def _stage(orders: Sequence[_Bill], outs: Sequence[_OutStock]) -> tuple[str, str]:
    """The stage, and what people may call it: the ERP's own values mean nothing to them."""
    live = [order for order in orders if order.stage != "cancelled"]
    left = [out for out in outs if out.stage in OUT]
    stages = {_stage_of(order, left) for order in live} or {out.stage for out in left}
    if stages & set(OUT):
        stage = "shipped" if stages == {"shipped"} else "shipped_part"
    else:
        stage = next((word for word in BEFORE if word in stages), "cancelled")
    states = "、".join(dict.fromkeys(bill.status for bill in live if bill.status))
    return stage, WORDS.get(stage) or f"单据状态 {states}"


def _stage_of(order: _Bill, left: Sequence[_OutStock]) -> str:
    """Of one sale order: its own word where it speaks of goods that left, else its out-stock bills'."""
    if order.stage in OUT:
        return order.stage
    mine = {out.stage for out in left if order.number in out.sale_orders}
    return next((word for word in OUT if word in mine), order.stage)


def _documents(orders: Sequence[_Bill], outs: Sequence[_Bill]) -> tuple[tuple[str, str], ...]:
    """Cancelled bills are no way to the order any more, unless there are no others."""
    found = []
    for kind, bills in (("sale_order", orders), ("out_stock", outs)):
        live = [bill for bill in bills if bill.stage != "cancelled"] or bills
        found += [(kind, bill.number) for bill in live]
    return tuple(found)


# Reading the message ------------------------------------------------------------------------------------------------


def _bill(row: Mapping[str, Any], table: Mapping[str, str], what: str, doubts: Doubts) -> _Bill:
    number, status = _word(row, "number"), _word(row, "status")
    if not number:
        raise Unreadable("单据没有编号")
    return _Bill(number, status, doubts.meaning(table, status, what, "unknown"), instant(_word(row, "at")))


def _out_stock(
    row: Mapping[str, Any], table: Mapping[str, str], carriers: Mapping[str, str], doubts: Doubts
) -> _OutStock:
    bill = _bill(row, table, "出库单状态", doubts)
    told = _word(row, "carrier")
    carrier = doubts.meaning(carriers, told, "承运商", "") if told else ""
    return _OutStock(
        bill.number,
        bill.status,
        bill.stage,
        bill.at,
        sale_orders=_words(row, "sale_orders"),
        parcels=tuple(ParcelSnapshot(carrier=carrier, waybill=one) for one in _words(row, "waybills")),
    )


def _words(container: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = container.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_BILLS:
        raise Unreadable(f"{name} 不是列表，或太长")
    return tuple(word for one in found if (word := short(one, name)))


def _word(container: Mapping[str, Any], name: str) -> str:
    return short(container.get(name, ""), name)
