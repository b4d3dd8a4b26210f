"""K3 Cloud's bills in the tower's words. Pure: what a tenant's settings say travels inside the message."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations import bodies
from integrations.adapter import Message, Said
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.records import all_rows, instant, short
from orders.vocabulary import ParcelSnapshot, WarehouseReport

# FDocumentStatus → (people's word, whether the ERP has agreed to the bill)
DOCUMENT_STATUS: Mapping[str, tuple[str, bool]] = {
    "Z": ("暂存", False),
    "A": ("已创建", False),
    "B": ("审核中", False),
    "C": ("已审核", True),
    "D": ("重新审核", False),
}
# FCancelStatus, FCloseStatus, FMrpCloseStatus, FMrpTerminateStatus, FMrpFreezeStatus
NO_OR_YES: Mapping[str, bool] = {"A": False, "B": True}
# The first is the default. An ERP that only keeps books must not release an order by auditing it.
ORDER_MEANS, OUT_STOCK_MEANS = ("other", "accepted"), ("shipped", "accepted")
CLOSED_MEANS = ("other", "cancelled")

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
MOST_BILLS, MOST_ROWS = 200, 5000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _SaleRow:
    quantity: Decimal
    out: Decimal
    # `None` where the form does not say.
    remaining: Decimal | None
    ended: bool
    frozen: bool

    @property
    def done(self) -> bool:
        return self.out >= self.quantity if self.remaining is None else self.remaining <= 0 < self.out


@dataclass(frozen=True)
class _SaleOrder:
    number: str
    status: str
    closed: bool
    cancelled: bool
    at: datetime | None
    rows: tuple[_SaleRow, ...]


@dataclass(frozen=True)
class _OutStock:
    number: str
    status: str
    cancelled: bool
    at: datetime | None
    parcels: tuple[ParcelSnapshot, ...]

    @property
    def left(self) -> bool:
        return not self.cancelled and DOCUMENT_STATUS.get(self.status, ("", False))[1]


def parse(message: Message) -> list[Said]:
    """What all bills of one order say of it together."""
    content = _content(message.body)
    platform, tower = _word(content, "platform_order"), _word(content, "tower_order")
    if not (platform or tower):
        raise Unreadable("单据里没有订单号")
    doubts = Doubts("kingdee")
    orders = [_sale_order(row, doubts) for row in all_rows(content, "sale_orders", MOST_BILLS)]
    outs = [_out_stock(row, doubts) for row in all_rows(content, "out_stocks", MOST_BILLS)]
    times = [time for time in (*(order.at for order in orders), *(out.at for out in outs)) if time]
    if not times:
        raise Unreadable("没有带时间的单据")
    means = _means(content)
    stage, words = _stage(orders, outs, means)
    shipped = stage in ("shipped", "shipped_part")
    report = WarehouseReport(
        order=tower or platform,
        stage=stage,
        platform_status=words,
        reported_at=max(times),
        parcels=_parcels(outs) if shipped else (),
        final=stage != "shipped_part",
        note="有冻结的订单行" if any(row.frozen for order in orders for row in order.rows) else "",
        documents=_documents(orders, outs),
        platform_order_id=platform,
    )
    digest = bodies.digest(message.body, 24)
    subject = platform or tower
    return [doubts.said(key=f"bills:{subject}:{digest}", subject=subject, snapshot=report)]


# What the bills say together ----------------------------------------------------------------------------------------


def _stage(orders: list[_SaleOrder], outs: list[_OutStock], means: Mapping[str, str]) -> tuple[str, str]:
    """The stage, and the ERP's own state in people's words."""
    live = [order for order in orders if not order.cancelled]
    left = [out for out in outs if out.left]
    if not live and not left:
        return "cancelled", "已作废"
    rows = [row for order in live for row in order.rows if row.quantity > 0]
    anything_out = bool(left) or any(row.out > 0 for row in rows)
    if anything_out:
        still_open = [row for order in live if not order.closed for row in order.rows if row.quantity > 0]
        if not all(row.done or row.ended for row in still_open):
            done = sum(row.done for row in rows)
            stage = "shipped_part" if means["out_stock"] == "shipped" else means["out_stock"]
            return stage, f"部分出库 {done}/{len(rows)} 行"
        return means["out_stock"], "已出库"
    words = "、".join(dict.fromkeys(DOCUMENT_STATUS.get(order.status, (order.status, False))[0] for order in live))
    if all(order.closed or (order.rows and all(row.ended for row in order.rows)) for order in live):
        return means["closed"], "未出库已关闭"
    if any(order.status not in DOCUMENT_STATUS for order in live):
        return "unknown", f"单据状态 {words}"[:60]
    if any(DOCUMENT_STATUS[order.status][1] for order in live):
        return means["order"], words
    return "other", words


def _parcels(outs: list[_OutStock]) -> tuple[ParcelSnapshot, ...]:
    found = {parcel.waybill: parcel for out in outs if out.left for parcel in out.parcels}
    return tuple(found[waybill] for waybill in sorted(found))


def _documents(orders: list[_SaleOrder], outs: list[_OutStock]) -> tuple[tuple[str, str], ...]:
    """Cancelled bills are no way to the order any more, unless there are no others."""
    live = [order for order in orders if not order.cancelled] or orders
    found = [("sale_order", order.number) for order in live]
    return (*found, *(("out_stock", out.number) for out in outs if not out.cancelled))


# Reading the message ------------------------------------------------------------------------------------------------


def _content(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body, parse_constant=bodies.no_number, object_pairs_hook=bodies.without_doubles)
    except (ValueError, RecursionError, Unreadable) as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def _sale_order(bill: Mapping[str, Any], doubts: Doubts) -> _SaleOrder:
    return _SaleOrder(
        number=_number(bill),
        status=_document_status(bill, doubts),
        closed=_yes(bill, "close_status", doubts),
        cancelled=_yes(bill, "cancel_status", doubts),
        at=_since(bill),
        rows=tuple(_sale_row(row, doubts) for row in all_rows(bill, "rows", MOST_ROWS)),
    )


def _document_status(bill: Mapping[str, Any], doubts: Doubts) -> str:
    status = _word(bill, "document_status")
    if status:
        doubts.meaning(DOCUMENT_STATUS, status, "单据状态", ("", False))
    return status


def _sale_row(row: Mapping[str, Any], doubts: Doubts) -> _SaleRow:
    quantity, out, remaining = (_quantity(row, name) for name in ("quantity", "out", "remaining"))
    return _SaleRow(
        quantity=quantity or Decimal(0),
        out=out or Decimal(0),
        remaining=remaining,
        ended=_yes(row, "closed", doubts) or _yes(row, "terminated", doubts),
        frozen=_yes(row, "frozen", doubts),
    )


def _out_stock(bill: Mapping[str, Any], doubts: Doubts) -> _OutStock:
    items = []
    for row in all_rows(bill, "rows", MOST_ROWS):
        quantity = _quantity(row, "quantity") or Decimal(0)
        # Goods by weight are no pieces: left out rather than rounded.
        if quantity == int(quantity) and quantity > 0:
            items.append((_word(row, "material"), int(quantity)))
    waybills = bill.get("waybills") or []
    if not isinstance(waybills, list) or len(waybills) > MOST_BILLS:
        raise Unreadable("运单号不是列表")
    carrier = _word(bill, "carrier")
    parcels = [ParcelSnapshot(carrier=carrier, waybill=_clean(one, "运单号")) for one in waybills]
    if len(parcels) == 1:
        # Only of a single parcel does the bill say what is in it.
        parcels = [ParcelSnapshot(carrier=carrier, waybill=parcels[0].waybill, items=tuple(sorted(items)))]
    return _OutStock(
        number=_number(bill),
        status=_document_status(bill, doubts),
        cancelled=_yes(bill, "cancel_status", doubts),
        at=_since(bill),
        parcels=tuple(parcels),
    )


def _means(content: Mapping[str, Any]) -> dict[str, str]:
    told = content.get("means")
    told = told if isinstance(told, Mapping) else {}
    allowed = {"order": ORDER_MEANS, "out_stock": OUT_STOCK_MEANS, "closed": CLOSED_MEANS}
    return {name: told[name] if told.get(name) in words else words[0] for name, words in allowed.items()}


def _number(bill: Mapping[str, Any]) -> str:
    found = _word(bill, "number")
    if not found:
        raise Unreadable("单据没有编号")
    return found


def _word(container: Mapping[str, Any], name: str) -> str:
    return _clean(container.get(name), name)


def _clean(value: Any, name: str) -> str:
    return "" if value is None else short(value, name)


def _yes(container: Mapping[str, Any], name: str, doubts: Doubts) -> bool:
    """A status that is not listed is no yes: the document status beside it still speaks."""
    told = _word(container, name)
    return bool(told) and doubts.meaning(NO_OR_YES, told, f"状态 {name} ", False)


def _quantity(row: Mapping[str, Any], name: str) -> Decimal | None:
    text = _word(row, name)
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        raise Unreadable(f"字段 {name} 不是数量：{text[:20]}")
    return Decimal(text)


def _since(bill: Mapping[str, Any]) -> datetime | None:
    """Their times are Beijing's; `0001-01-01` and the like mean "not yet"."""
    told = _word(bill, "at")
    # A year 1 in Beijing lies before the first year in UTC.
    time = None if told.startswith("0001-01-01") else instant(told)
    return time if time and time >= EARLIEST else None
