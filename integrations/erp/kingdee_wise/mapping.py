"""K3 WISE's bills in the tower's words. Pure: the connection's settings say what a status means."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.adapter import Message, Said
from integrations.doubts import Doubts
from integrations.erp.kingdee_wise.preferences import Preferences, WrongSetting
from integrations.errors import Unreadable
from orders.clock import BEIJING
from orders.vocabulary import ParcelSnapshot, WarehouseReport

LONGEST_WORD, MOST_BILLS = 80, 200
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
    content = _content(message.body)
    if not (subject := _word(content, "platform_order")):
        raise Unreadable("单据里没有平台单号")
    doubts = Doubts("kingdee_wise")
    wishes = Preferences(settings)
    try:
        tables = [wishes.statuses(wishes.order), wishes.statuses(wishes.out), wishes.carriers()]
    except WrongSetting as error:
        raise Unreadable(str(error)) from error
    orders = [_bill(row, tables[0], "销售订单状态", doubts) for row in _objects(content, "sale_orders")]
    outs = [_out_stock(row, tables[1], tables[2], doubts) for row in _objects(content, "out_stocks")]
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
    digest = hashlib.sha256(message.body + meant).hexdigest()[:24]
    return [doubts.said(key=f"bills:{subject}:{digest}", subject=subject, snapshot=report)]


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
    return _Bill(number, status, doubts.meaning(table, status, what, "unknown"), _time(_word(row, "at")))


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


def _content(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def _objects(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = content.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_BILLS or not all(isinstance(one, dict) for one in found):
        raise Unreadable(f"{name} 不是列表，或太长")
    return found


def _words(container: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = container.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_BILLS:
        raise Unreadable(f"{name} 不是列表，或太长")
    return tuple(word for one in found if (word := _clean(one, name)))


def _word(container: Mapping[str, Any], name: str) -> str:
    return _clean(container.get(name, ""), name)


def _clean(value: Any, name: str) -> str:
    """A short text without NUL and half characters, which a database would refuse."""
    if not isinstance(value, str):
        raise Unreadable(f"字段 {name} 不是文字")
    text = value.replace("\x00", "").encode(errors="replace").decode().strip()
    if len(text) > LONGEST_WORD:
        raise Unreadable(f"字段 {name} 超过 {LONGEST_WORD} 个字符")
    return text


def _time(text: str) -> datetime | None:
    """Without a zone it is Beijing's."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"不是时间：{text[:40]}") from error
