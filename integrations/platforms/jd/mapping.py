"""JD's words in the tower's. Pure: no network, no database, no settings.

Sources: the request and response classes of JD's SDKs with their field notes (`jingdong.pop.order.search`, `.get`,
`.notPayOrderInfo`, `jingdong.pop.afs.soa.refundapply.queryPageList`). A word that stands in no table becomes `unknown`
(an order) or `open` (a refund: it stops, which can do no harm).

A kept order is `{"order": row, "tower": {…}}`; beside JD's row stand the reader's own remarks: `flags` that the shop's
settings give, `after` (the how manieth content under one `modified`), `lock` (`open` or `lifted`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.adapter import Fetch, Message, Said
from integrations.bodies import read_object
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.platforms.jd import fields
from integrations.records import AMOUNT, money, written
from orders.vocabulary import (
    AddressSnapshot,
    CustomerRequest,
    LineSnapshot,
    OrderSnapshot,
    RefundSnapshot,
    from_fen,
    yuan,
)

# The reader's own word for a row of `notPayOrderInfo`, which is listed nowhere else.
NOT_PAID = "NOT_PAY"
LOCKED = "LOCKED"
STATUSES = {
    NOT_PAID: "unpaid",
    "WAIT_SELLER_STOCK_OUT": "paid",
    # Overseas sellers: out of their warehouse, not yet sent in China.
    "WAIT_SELLER_DELIVERY": "paid",
    "PAUSE": "paid",
    "POP_ORDER_PAUSE": "paid",
    LOCKED: "paid",
    "WAIT_SEND_CODE": "paid",
    "WAIT_GOODS_RECEIVE_CONFIRM": "shipped",
    "SEND_TO_DISTRIBUTION_CENER": "shipped",
    "DISTRIBUTION_CENTER_RECEIVED": "shipped",
    "RECEIPTS_CONFIRM": "shipped",
    "FINISHED_L": "finished",
    "TRADE_CANCELED": "closed",
}
# The platform itself says that nobody may ship now.
STOPPED = frozenset({LOCKED, "PAUSE", "POP_ORDER_PAUSE"})
# `orderType`: 22 is a shop's own shipping (SOP).
VIRTUAL_TYPES = frozenset({"75"})
# `storeOrder`: the goods lie in JD's warehouse (入仓).
PLATFORM_STORES = frozenset({"京仓订单", "云仓订单"})
# `idSopShipmenttype`: JD's own couriers deliver (京配, 京配自提).
JD_DELIVERS = frozenset({"68", "69"})
CASH_ON_DELIVERY = "1"
NO_INVOICE = "不需要开具发票"

# Status of a refund application. 8: the courier could not stop the parcel, so it stays open for a person.
REFUNDS = {
    "0": "open",
    "1": "open",
    "2": "refused",
    "3": "done",
    "4": "refused",
    "5": "open",
    "6": "open",
    "7": "open",
    "8": "open",
    "9": "done",
    "10": "open",
    "11": "withdrawn",
}

LARGEST_QUANTITY = 10**6


def parse(message: Message) -> Sequence[Said | Fetch]:
    """A stored message in the tower's words; `Unreadable` with a reason where it makes no sense."""
    doubts = Doubts("jd")
    if message.kind == "order":
        return _order_said(message, doubts)
    if message.kind == "refund":
        found = read_object(message.body)
        row = fields.inside(found, "refund", "退款单")
        snapshot = refund(row, doubts, in_fen=found.get("unit") != "yuan")
        return [doubts.said(key=message.key, subject=fields.identity(row, "orderId"), snapshot=snapshot)]
    raise Unreadable(f"没有这种报文：{message.kind}")


def order(row: Mapping[str, Any], doubts: Doubts, *, flags: Sequence[str] = (), after: int = 0) -> OrderSnapshot:
    """What one row of `jingdong.pop.order.search` says.

    JD moves `modified` for states and waybills, not surely for a new address: the how manieth content under one
    `modified` (`after`) is that many milliseconds newer.
    """
    state = written(row, "orderState")
    if not state:
        raise Unreadable("订单没有状态")
    status = doubts.meaning(STATUSES, state, "订单状态", "unknown")
    if state == LOCKED and written(row, "waybill"):
        # Locked after it left: what was shipped stays so.
        status = "shipped"
    placed = fields.time(row, "orderStartTime")
    modified = fields.time(row, "modified") or (placed if state == NOT_PAID else None)
    if modified is None or placed is None:
        raise Unreadable("订单没有下单时间或修改时间")
    ended = fields.time(row, "orderEndTime")
    return OrderSnapshot(
        platform_order_id=fields.identity(row, "orderId"),
        status=status,
        platform_status=state,
        modified_at=modified + timedelta(milliseconds=after),
        placed_at=placed,
        paid_at=_paid_at(row, status, placed, modified),
        closed_at=(ended or modified) if status == "closed" else None,
        finished_at=(ended or modified) if status == "finished" else None,
        amount=_amount(row),
        lines=_lines(row),
        receiver=_receiver(row),
        buyer=written(row, "open_id_buyer") or written(row, "xid_buyer") or written(row, "pin"),
        buyer_note=written(row, "orderRemark"),
        seller_note=written(row, "venderRemark"),
        flags=_flags(row, state) | frozenset(flags),
        origin=_origin(row),
    )


def refund(row: Mapping[str, Any], doubts: Doubts, *, in_fen: bool) -> RefundSnapshot:
    """A refund application: always for the whole order, and before the goods are with the buyer.

    `applyRefundSum` is not described; public integrations read it as fen, which the connection may overrule.
    """
    status = doubts.meaning(REFUNDS, written(row, "status"), "退款审核状态", "open")
    applied = fields.time(row, "applyTime")
    if applied is None:
        raise Unreadable("退款单没有申请时间")
    checked = fields.time(row, "checkTime")
    return RefundSnapshot(
        refund_id=fields.identity(row, "id"),
        kind="refund_only",
        status=status,
        requested_at=applied,
        updated_at=max(checked, applied) if checked else applied,
        amount=_refund_amount(written(row, "applyRefundSum"), in_fen=in_fen),
    )


def _order_said(message: Message, doubts: Doubts) -> list[Said]:
    found = read_object(message.body)
    row, remarks = fields.inside(found, "order", "订单"), found.get("tower") or {}
    if not isinstance(remarks, Mapping):
        raise Unreadable("报文里的附注不是对象")
    flags, after = remarks.get("flags") or [], remarks.get("after") or 0
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise Unreadable("附注 flags 不是列表")
    if not isinstance(after, int) or not 0 <= after < 1000:
        raise Unreadable("附注 after 不是序号")
    snapshot = order(row, doubts, flags=flags, after=after)
    says = [doubts.said(key=message.key, subject=snapshot.platform_order_id, snapshot=snapshot)]
    if lock := remarks.get("lock"):
        request = lock_request(snapshot, lifted=lock == "lifted")
        says.append(Said(key=f"{message.key[:150]}:lock", subject=snapshot.platform_order_id, snapshot=request))
    return says


def lock_request(snapshot: OrderSnapshot, *, lifted: bool) -> CustomerRequest:
    """LOCKED without a refund application to be seen: somebody at JD asks that the goods stay."""
    return CustomerRequest(
        request_id=f"lock:{snapshot.platform_order_id}",
        kind="intercept",
        status=("accepted" if snapshot.status == "closed" else "expired") if lifted else "open",
        requested_at=snapshot.modified_at,
        updated_at=snapshot.modified_at,
    )


def _paid_at(row: Mapping[str, Any], status: str, placed: datetime, modified: datetime) -> datetime | None:
    """JD lists an order for shipping only once it is to be shipped: without a time of payment, cash on delivery is due
    from the order on, and anything else was paid by the time of the change."""
    if status == "unpaid":
        return None
    told = fields.time(row, "paymentConfirmTime")
    if told or status in ("closed", "unknown"):
        return told
    return placed if _pays_cash(row) else modified


def _pays_cash(row: Mapping[str, Any]) -> bool:
    """`payType` is a number, or a number with its word ("1-货到付款")."""
    return written(row, "payType").partition("-")[0].strip() == CASH_ON_DELIVERY


def _amount(row: Mapping[str, Any]) -> Decimal:
    """What the buyer owes. `orderPayment` is no longer filled since October 2024."""
    names = ("shouldPay", "actualPay", "orderPayment", "orderSellerPrice", "orderTotalPrice")
    name = next((name for name in names if written(row, name)), names[0])
    return money(row, name)


def _refund_amount(text: str, *, in_fen: bool) -> Decimal | None:
    if not text:
        return None
    if not AMOUNT.fullmatch(text):
        raise Unreadable(f"退款金额不是金额：{text[:40]!r}")
    if not in_fen:
        return yuan(text)
    whole, _, fraction = text.partition(".")
    if fraction.strip("0"):
        raise Unreadable(f"退款金额不是整数分：{text[:40]!r}")
    return from_fen(whole)


def _lines(row: Mapping[str, Any]) -> tuple[LineSnapshot, ...]:
    """JD has no sub-order ids: a line is its SKU. One SKU in two rows (bought and as a gift) is told apart by price."""
    rows = row.get("itemInfoList")
    if not isinstance(rows, list) or not rows or not all(isinstance(item, Mapping) for item in rows):
        raise Unreadable("订单没有商品")
    lines: dict[str, LineSnapshot] = {}
    for item in sorted(rows, key=lambda item: (money(item, "jdPrice"), _quantity(item)), reverse=True):
        sku, place = fields.identity(item, "skuId"), 1
        while (line_id := sku if place == 1 else f"{sku}-{place}") in lines:
            place += 1
        price = money(item, "jdPrice")
        lines[line_id] = LineSnapshot(
            platform_line_id=line_id,
            sku=written(item, "outerSkuId") or sku,
            title=written(item, "skuName"),
            quantity=_quantity(item),
            price=price,
            gift=price == 0,
        )
    return tuple(sorted(lines.values(), key=lambda line: line.platform_line_id))


def _quantity(item: Mapping[str, Any]) -> int:
    text = written(item, "itemTotal")
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= LARGEST_QUANTITY):
        raise Unreadable(f"商品数量不对：{text[:40]!r}")
    return int(text)


def _receiver(row: Mapping[str, Any]) -> AddressSnapshot:
    person = row.get("consigneeInfo") or {}
    if not isinstance(person, Mapping):
        raise Unreadable("收货人信息不是对象")
    name, phone = (
        written(person, "fullname"),
        written(person, "mobile") or written(person, "telephone"),
    )
    address, key = written(person, "fullAddress"), written(person, "oaid") or written(row, "oaid")
    city, county = written(person, "city"), written(person, "county")
    return AddressSnapshot(
        name=name,
        phone=phone,
        province=written(person, "province"),
        city=city or county,
        district=county,
        town=written(person, "town"),
        address=address,
        key=key,
        masked=bool(key) or "*" in name + phone + address,
    )


def _flags(row: Mapping[str, Any], state: str) -> frozenset[str]:
    invoice = written(row, "invoiceInfo")
    found = {
        "platform_warehouse": written(row, "storeOrder") in PLATFORM_STORES,
        "virtual": written(row, "orderType") in VIRTUAL_TYPES or state == "WAIT_SEND_CODE",
        "cod": _pays_cash(row),
        "risk": state in STOPPED,
        "required_carrier": written(row, "idSopShipmenttype") in JD_DELIVERS,
        "invoice": bool(invoice) and NO_INVOICE not in invoice,
    }
    return frozenset(flag for flag, holds in found.items() if holds)


def _origin(row: Mapping[str, Any]) -> dict[str, str]:
    """Where it came from: the order that JD split it off, the channel, and whether it is an after-sale's parcel."""
    names = ("parentOrderId", "directParentOrderId", "orderSource", "returnOrder")
    return {name: text for name in names if (text := written(row, name)) not in ("", "0")}
