"""Douyin's words in the tower's. Pure: no network, no database, no settings.

Sources: the response classes of `/order/searchList` and `/order/orderDetail` in the official SDKs. A status that stands
in no table becomes `unknown`.

A kept order is `{"order": row, "tower": {…}}`; beside Douyin's row stand the reader's own remarks: `flags` that the
shop's settings give, and `at`, since when the content is so where `update_time` does not say it. That time moves with
the main status only, not with the memo, the flag or the address.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.adapter import Message, Says
from integrations.bodies import read_object
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.platforms.douyin import aftersales, fields, pushes
from integrations.platforms.douyin.receivers import receiver
from integrations.records import Row, written
from orders.vocabulary import LineSnapshot, OrderSnapshot

# `main_status`, which tells more, or `order_status`.
STATUSES = {
    "1": "unpaid",
    # 部分支付: the deposit of a presale.
    "103": "unpaid",
    # 已支付: the platform looks at the risk first; nobody may ship yet.
    "105": "paid",
    "2": "paid",
    "101": "shipped_part",
    "3": "shipped",
    "5": "finished",
    "4": "closed",
    # 退款完结 before shipping, after shipping, after receipt.
    "21": "closed",
    "22": "closed",
    "39": "closed",
}
CLOSED = frozenset(status for status, meaning in STATUSES.items() if meaning == "closed")
DEPOSIT_PAID, RISK = "103", "105"
# `order_type`: 2 virtual goods, 4 vouchers, 5 redeemed at a third party.
VIRTUAL_TYPES = frozenset({"2", "4", "5"})
# `warehouse_type` of the stock: 0 the seller's own, 1 cross-border, 2 the platform's cloud warehouse.
PLATFORM_WAREHOUSES = frozenset({"1", "2"})
CASH_ON_DELIVERY = "0"
GIFT = "FREE"
NO_FLAG = "0"
LARGEST_QUANTITY = 10**6


def parse(message: Message) -> Sequence[Says]:
    """A stored message in the tower's words; `Unreadable` with a reason where it makes no sense."""
    doubts = Doubts("douyin")
    if message.kind == "order":
        snapshot = _kept_order(read_object(message.body), doubts)
        return [doubts.said(key=message.key, subject=snapshot.platform_order_id, snapshot=snapshot)]
    if message.kind == "refund":
        subject, refund = aftersales.listed(read_object(message.body), doubts)
        return [doubts.said(key=message.key, subject=subject, snapshot=refund)]
    if message.kind.startswith("push:"):
        return pushes.parse(message, doubts)
    raise Unreadable(f"没有这种报文：{message.kind}")


def _kept_order(found: Row, doubts: Doubts) -> OrderSnapshot:
    row, remarks = fields.inside(found, "order"), fields.inside(found, "tower")
    if not row:
        raise Unreadable("报文里没有订单")
    flags = remarks.get("flags") or []
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise Unreadable("附注 flags 不是列表")
    return order(row, doubts, flags=flags, known_since=fields.time(remarks, "at"))


def order(row: Row, doubts: Doubts, *, flags: Iterable[str] = (), known_since: datetime | None = None) -> OrderSnapshot:
    """What one row of `/order/searchList` says."""
    platform_status, status = _status(row, doubts)
    placed, updated = fields.time(row, "create_time"), fields.time(row, "update_time")
    if placed is None:
        raise Unreadable("订单没有下单时间")
    modified = max(updated or placed, known_since or placed)
    skus = fields.rows(row, "sku_order_list")
    ended = fields.time(row, "finish_time")
    return OrderSnapshot(
        platform_order_id=fields.identity(row, "order_id"),
        status=status,
        platform_status=_words(row, platform_status),
        modified_at=modified,
        placed_at=placed,
        paid_at=_paid_at(row, status, placed),
        closed_at=(ended or updated or modified) if status == "closed" else None,
        finished_at=(ended or updated or modified) if status == "finished" else None,
        amount=_amount(row),
        lines=_lines(skus, doubts),
        receiver=receiver(row),
        buyer=written(row, "doudian_open_id"),
        buyer_note=written(row, "buyer_words"),
        seller_note=written(row, "seller_words"),
        seller_flag=_seller_flag(row),
        ship_by=_ship_by(row, skus),
        presale_until=_appointed(row, skus),
        flags=_flags(row, skus, platform_status) | frozenset(flags),
        origin=_origin(skus),
    )


def _status(row: Row, doubts: Doubts) -> tuple[str, str]:
    """Douyin's number, and what it means. The main status knows deposits, risk checks and finished refunds."""
    told = _numbers(row, doubts)
    if not told:
        raise Unreadable("订单没有状态")
    number = next((text for text in told if text in STATUSES), told[0])
    return number, STATUSES.get(number, "unknown")


def _numbers(source: Row, doubts: Doubts) -> list[str]:
    """The main status and the other one, as far as they are told."""
    found = [text for name in ("main_status", "order_status") if (text := written(source, name))]
    for text in found:
        doubts.meaning(STATUSES, text, "订单状态", "unknown")
    return found


def _words(row: Row, number: str) -> str:
    """The number with Douyin's own word for it, where it says one."""
    for name in ("main_status", "order_status"):
        if written(row, name) == number and (word := written(row, f"{name}_desc")):
            return f"{number} {word}"
    return number


def _paid_at(row: Row, status: str, placed: datetime) -> datetime | None:
    """Cash on delivery is due from the order on. A deposit is no payment."""
    if status == "unpaid":
        return None
    if told := fields.time(row, "pay_time"):
        return told
    return placed if status not in ("closed", "unknown") and _pays_cash(row) else None


def _pays_cash(row: Row) -> bool:
    return written(row, "pay_type") == CASH_ON_DELIVERY


def _amount(row: Row) -> Decimal:
    """What the buyer pays; cash on delivery is not paid yet, so there it is the order's own sum."""
    paid, ordered = fields.fen(row, "pay_amount"), fields.fen(row, "order_amount")
    found = ordered if paid is None or (not paid and _pays_cash(row)) else paid
    if found is None:
        raise Unreadable("订单没有金额")
    return found


def _lines(skus: Sequence[Row], doubts: Doubts) -> tuple[LineSnapshot, ...]:
    if not skus:
        raise Unreadable("订单没有商品单")
    lines = [_line(sku, doubts) for sku in skus]
    if len({line.platform_line_id for line in lines}) != len(lines):
        raise Unreadable("商品单号重复")
    return tuple(lines)


def _line(sku: Row, doubts: Doubts) -> LineSnapshot:
    quantity = fields.number(sku, "item_num")
    if quantity is None or not 1 <= quantity <= LARGEST_QUANTITY:
        raise Unreadable(f"商品单数量不对：{quantity}")
    price = fields.fen(sku, "origin_amount")
    if price is None:
        raise Unreadable("商品单没有单价")
    goods = f"{fields.told(sku, 'product_id_str', 'product_id')}:{fields.told(sku, 'sku_id')}"
    spec = [written(part, "value") for part in fields.rows(sku, "spec")]
    return LineSnapshot(
        platform_line_id=fields.identity(sku, "order_id"),
        sku=fields.told(sku, "code", "out_sku_id") or goods,
        title=" ".join(filter(None, (written(sku, "product_name"), *spec))),
        quantity=quantity,
        price=price,
        closed=not CLOSED.isdisjoint(_numbers(sku, doubts)),
        gift=written(sku, "given_product_type") == GIFT,
    )


def _seller_flag(row: Row) -> str:
    """`seller_remark_stars`: 0 grey is none, then purple, cyan, green, orange, red."""
    flag = written(row, "seller_remark_stars")
    return "" if flag == NO_FLAG else flag


def _ship_by(row: Row, skus: Sequence[Row]) -> datetime | None:
    """The promised time of shipping: the order's, else the first of its lines that has not left."""
    if told := fields.time(row, "exp_ship_time"):
        return told
    waiting = [fields.time(sku, "exp_ship_time") for sku in skus if not fields.time(sku, "ship_time")]
    return min((moment for moment in waiting if moment), default=None)


def _appointed(row: Row, skus: Sequence[Row]) -> datetime | None:
    """预约发货: the buyer wants it sent not before this day."""
    told = [fields.time(source, "appointment_ship_time") for source in (row, *skus)]
    return max((moment for moment in told if moment), default=None)


def _flags(row: Row, skus: Sequence[Row], platform_status: str) -> frozenset[str]:
    found = {
        "virtual": written(row, "order_type") in VIRTUAL_TYPES,
        "cod": _pays_cash(row),
        "risk": platform_status == RISK,
        "presale": platform_status == DEPOSIT_PAID,
        "platform_warehouse": any(_lies_with_platform(sku) for sku in skus),
    }
    return frozenset(flag for flag, holds in found.items() if holds)


def _lies_with_platform(sku: Row) -> bool:
    stock = fields.rows(sku, "inventory_list")
    is_there = any(written(place, "warehouse_type") in PLATFORM_WAREHOUSES for place in stock)
    return is_there or bool(fields.rows(sku, "sku_yun_warehouse_info"))


def _origin(skus: Sequence[Row]) -> dict[str, str]:
    """Where it was sold, as Douyin names it: live room, talent (达人), video, channel and campaigns."""
    found: dict[str, list[str]] = {}
    for sku in skus:
        campaigns = [fields.told(campaign, "campaign_id") for campaign in fields.rows(sku, "campaign_info")]
        values: Mapping[str, list[Any]] = {
            "room_id": [fields.told(sku, "room_id_str", "room_id")],
            "author_id": [fields.told(sku, "author_id")],
            "author_name": [written(sku, "author_name")],
            "video_id": [fields.told(sku, "video_id")],
            "c_biz": [fields.told(sku, "c_biz_desc", "c_biz").strip("-")],
            "campaign_id": campaigns,
        }
        for name, texts in values.items():
            known = found.setdefault(name, [])
            known += [text for text in dict.fromkeys(texts) if text and text not in known]
    return {name: ",".join(texts)[:200] for name, texts in found.items() if texts}
