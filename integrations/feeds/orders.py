"""A record of a shop → what the tower keeps of an order. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.errors import Unreadable
from integrations.feeds.filling import Doubts, Filler
from integrations.feeds.plan import MOST_REVISIONS, Plan
from orders.vocabulary import AddressSnapshot, LineSnapshot, OrderSnapshot, RefundSnapshot

PAID = frozenset({"paid", "shipped_part", "shipped", "signed", "finished"})
LONGEST_STATUS = 40
MOST_LINES = 500


def read(record: Any, plan: Plan, doubts: Doubts, *, seen_at: datetime | None) -> OrderSnapshot:
    """`seen_at`: when the tower first saw just this content; it stands in where the source tells no time of change."""
    if not isinstance(record, Mapping):
        raise Unreadable("这一条不是对象")
    filler = Filler(plan, plan.sections["order"], record, doubts)
    number = filler.identity("platform_order_id")
    if not number:
        raise Unreadable("没有平台订单号")
    status, theirs = filler.choice("status")
    if not status:
        raise Unreadable("订单没有状态")
    lines = _lines(filler)
    placed, paid = filler.time("placed_at"), filler.time("paid_at")
    closed, finished = filler.time("closed_at"), filler.time("finished_at")
    told = [moment for moment in (placed, paid, closed, finished) if moment]
    modified = filler.time("modified_at") or seen_at or max(told, default=None)
    if modified is None:
        raise Unreadable("订单没有任何时间")
    amount = filler.money("amount")
    receiver = _receiver(filler)
    return OrderSnapshot(
        platform_order_id=number,
        status=status,
        platform_status=(theirs or status)[:LONGEST_STATUS],
        modified_at=modified + timedelta(microseconds=min(plan.revision, MOST_REVISIONS)),
        placed_at=placed or paid or modified,
        paid_at=paid or (modified if status in PAID else None),
        closed_at=closed or (modified if status == "closed" else None),
        finished_at=finished or (modified if status == "finished" else None),
        amount=sum((line.price * line.quantity for line in lines), Decimal(0)) if amount is None else amount,
        lines=lines,
        receiver=receiver,
        refunds=_refunds(filler),
        buyer=filler.words("buyer"),
        buyer_note=filler.words("buyer_note"),
        seller_note=filler.words("seller_note"),
        seller_flag=filler.words("seller_flag"),
        ship_by=filler.time("ship_by"),
        presale_until=filler.time("presale_until"),
        flags=filler.choices("flags"),
    )


def _lines(filler: Filler) -> tuple[LineSnapshot, ...]:
    """A line without an id of its own is its SKU; the same SKU once more gets its place."""
    section = filler.plan.sections["lines"]
    lines: dict[str, LineSnapshot] = {}
    for entry in filler.entries(section):
        inside = filler.within(section, entry)
        sku = inside.identity("sku")
        if not sku:
            raise Unreadable("有商品没有商家编码")
        named, place = inside.identity("platform_line_id") or sku[:60], 1
        while (line_id := named if place == 1 else f"{named[:58]}-{place}") in lines:
            place += 1
        quantity, price = inside.count("quantity"), inside.money("price")
        lines[line_id] = LineSnapshot(
            platform_line_id=line_id,
            sku=sku,
            title=inside.words("title"),
            quantity=_at_least_one(1 if quantity is None else quantity),
            price=Decimal(0) if price is None else price,
            closed=inside.yes("closed"),
            gift=inside.yes("gift"),
        )
        if len(lines) > MOST_LINES:
            raise Unreadable(f"商品超过 {MOST_LINES} 行")
    if not lines:
        raise Unreadable("订单没有商品")
    return tuple(lines.values())


def _at_least_one(quantity: int) -> int:
    if quantity < 1:
        raise Unreadable("商品数量为 0")
    return quantity


def _receiver(filler: Filler) -> AddressSnapshot:
    section = filler.plan.sections["receiver"]
    inside = filler.within(section, filler.entry)
    told = {name: inside.words(name) for name in ("name", "phone", "province", "city", "district", "town", "address")}
    key = inside.identity("key")
    return AddressSnapshot(**told, key=key, masked=bool(key) or "*" in told["name"] + told["phone"] + told["address"])


def _refunds(filler: Filler) -> tuple[RefundSnapshot, ...]:
    section = filler.plan.sections["refunds"]
    if not section.rules:
        return ()
    refunds: dict[str, RefundSnapshot] = {}
    for entry in filler.entries(section):
        inside = filler.within(section, entry)
        refund_id = inside.identity("refund_id")
        if not refund_id:
            # A table's row without a refund, or a place kept free.
            continue
        status, _ = inside.choice("status")
        kind, _ = inside.choice("kind")
        refunds[refund_id] = RefundSnapshot(
            refund_id=refund_id,
            platform_line_id=inside.identity("platform_line_id"),
            kind=kind or "refund_only",
            status=status or "open",
            requested_at=inside.time("requested_at"),
            updated_at=inside.time("updated_at"),
            amount=inside.money("amount"),
        )
    return tuple(refunds.values())
