"""The emulated trades: what a shop sold, as the platform keeps it. Every change moves `modified` and tells a topic."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.platforms.taobao.emulator_gateway import written
from integrations.platforms.taobao.emulator_people import CATALOGUE, Article, Receiver, invent_receiver
from integrations.platforms.taobao.emulator_refunds import Refund
from orders import clock

CLOSED = ("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO")
SHIPPED = ("WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED", "TRADE_BUYER_SIGNED")
SHIP_WITHIN = timedelta(hours=48)
FIRST_TID = 3_456_789_012_345_678_901


@dataclass
class SubOrder:
    oid: int
    sku: str
    title: str
    price: Decimal
    quantity: int
    status: str
    store_code: str = ""
    refund_status: str = "NO_REFUND"
    refund_id: str = ""
    invoice_no: str = ""
    company: str = ""
    consign_time: datetime | None = None
    modify_address: int = 0

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSED

    def shown(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "oid": self.oid,
            "oid_str": str(self.oid),
            "num_iid": 600_000_000_000 + _number(self.sku),
            "sku_id": str(4_700_000_000_000 + _number(self.sku)),
            "outer_iid": self.sku.partition("-")[0],
            "outer_sku_id": self.sku,
            "title": self.title,
            "price": f"{self.price:.2f}",
            "num": self.quantity,
            "total_fee": f"{self.total:.2f}",
            "payment": f"{self.total:.2f}",
            "divide_order_fee": f"{self.total:.2f}",
            "status": self.status,
            "refund_status": self.refund_status,
        }
        optional = {
            "refund_id": self.refund_id,
            "invoice_no": self.invoice_no,
            "logistics_company": self.company,
            "store_code": self.store_code,
            "consign_time": written(self.consign_time) if self.consign_time else "",
            "modify_address": self.modify_address,
        }
        return row | {name: value for name, value in optional.items() if value}


@dataclass
class Trade:
    tid: int
    seller: str
    receiver: Receiver
    buyer_open_uid: str
    lines: list[SubOrder]
    status: str
    created: datetime
    modified: datetime
    pay_time: datetime | None = None
    end_time: datetime | None = None
    step: str = ""
    address_changed: bool = False
    # Fields that a sale may set as they are: buyer_message, seller_memo, seller_flag, shipping_type, top_hold …
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def payment(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def oaid(self) -> str:
        return self.receiver.oaid(self.seller)

    def shown(self) -> dict[str, Any]:
        """The trade as `taobao.trade.fullinfo.get` gives it, before the caller's `fields` cut it down."""
        shown: dict[str, Any] = {
            "tid": self.tid,
            "tid_str": str(self.tid),
            "status": self.status,
            "type": "step" if self.step else "fixed",
            "created": written(self.created),
            "modified": written(self.modified),
            "payment": f"{self.payment:.2f}",
            "total_fee": f"{self.payment:.2f}",
            "discount_fee": "0.00",
            "post_fee": "0.00",
            "received_payment": "0.00",
            "num": self.lines[0].quantity if len(self.lines) == 1 else 0,
            "buyer_nick": self.receiver.name[:1] + "**",
            "buyer_open_uid": self.buyer_open_uid,
            "seller_nick": self.seller,
            "shipping_type": "express",
            "seller_flag": 0,
            "is_part_consign": self.status == "SELLER_CONSIGNED_PART",
            "oaid": self.oaid,
            **self.receiver.masked(clock.now().astimezone(clock.BEIJING).date()),
            "orders": {"order": [line.shown() for line in self.lines]},
        }
        optional = {
            "pay_time": written(self.pay_time) if self.pay_time else "",
            "est_con_time": written(self.pay_time + SHIP_WITHIN) if self.pay_time else "",
            "end_time": written(self.end_time) if self.end_time else "",
            "step_trade_status": self.step,
            "lm": "1" if self.address_changed else "",
        }
        return shown | {name: value for name, value in optional.items() if value} | self.extra


class Trades:
    """Every trade of every emulated shop. `tell(topic, trade, content)` hears of each change."""

    def __init__(self, chance: random.Random, tell: Callable[[str, Trade, dict[str, Any]], None]) -> None:
        self.chance = chance
        self.tell = tell
        self.by_tid: dict[int, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.tids_by_waybill: dict[str, set[int]] = {}
        self._last_tid = FIRST_TID

    def find(self, tid: str) -> Trade:
        """`ValueError` where there is no such trade."""
        trade = self.by_tid.get(int(tid)) if str(tid).isdigit() else None
        if trade is None:
            raise ValueError(f"没有这个订单：{tid}")
        return trade

    def sell(self, seller: str, data: dict[str, Any]) -> Trade:
        now = _second()
        self._last_tid += self.chance.randrange(11, 9_999) * 10
        tid, wanted = self._last_tid, data.get("lines") or [{"sku": "CREAM-50", "quantity": 1}]
        lines = [self._line(tid if len(wanted) == 1 else tid + place, row) for place, row in enumerate(wanted, start=1)]
        receiver = invent_receiver(self.chance).changed(data.get("receiver") or {})
        trade = Trade(
            tid=tid,
            seller=seller,
            receiver=receiver,
            buyer_open_uid="AAH" + hashlib.sha256(receiver.mobile.encode()).hexdigest()[:21],
            lines=lines,
            status="WAIT_BUYER_PAY",
            created=now,
            modified=now,
            step="FRONT_NOPAID_FINAL_NOPAID" if data.get("presale") else "",
            extra=dict(data.get("fields") or {}),
        )
        trade.extra |= {
            name: data[name]
            for name in ("buyer_message", "seller_memo", "seller_flag", "shipping_type")
            if data.get(name)
        }
        self.by_tid[tid] = trade
        self.tell("taobao_trade_TradeCreate", trade, {})
        if data.get("paid", True):
            self.pay(trade, group_buy=bool(data.get("group_buy")))
        return trade

    def pay(self, trade: Trade, *, group_buy: bool = False) -> None:
        if trade.status != "WAIT_BUYER_PAY":
            raise ValueError(f"订单 {trade.tid} 不在待付款状态")
        if trade.step == "FRONT_NOPAID_FINAL_NOPAID":
            trade.step = "FRONT_PAID_FINAL_NOPAID"
            self.changed(trade, "taobao_trade_TradeBuyerStepPay", {"step_trade_status": trade.step})
            return
        if trade.step:
            trade.step = "FRONT_PAID_FINAL_PAID"
        trade.pay_time = _second()
        self._set_status(trade, "PAID_FORBID_CONSIGN" if group_buy else "WAIT_SELLER_SEND_GOODS")
        self.changed(trade, "taobao_trade_TradeBuyerPay", {"alipay_no": "", "post_fee": "0.00"})

    def refund(self, trade: Trade, oid: str = "", *, kind: str = "REFUND", fee: str = "") -> list[Refund]:
        """Ask a refund (`kind`: a `dispute_type`) for one line, or for every line that is still open."""
        lines = [line for line in trade.lines if line.is_open and (not oid or str(line.oid) == str(oid))]
        if not lines or trade.pay_time is None:
            raise ValueError(f"订单 {trade.tid} 没有可退款的商品")
        now, asked = _second(), []
        for line in lines:
            phase = "aftersale" if line.status in SHIPPED else "onsale"
            number = str(89_000_000_000_001 + len(self.refunds))
            refund = Refund(number, trade, line, "WAIT_SELLER_AGREE", now, now, phase, kind)
            refund.fee = Decimal(fee) if fee else None
            self.refunds[refund.refund_id] = refund
            line.refund_id, line.refund_status = refund.refund_id, refund.status
            asked.append(refund)
            self.changed(trade, "taobao_refund_RefundCreated", _about(refund))
        return asked

    def set_refund(self, trade: Trade, status: str, oid: str = "") -> None:
        """Move the open refunds of a trade (or of one line) on. SUCCESS closes the line."""
        topics = {
            "CLOSED": "RefundClosed",
            "SUCCESS": "RefundSuccess",
            "SELLER_REFUSE_BUYER": "RefundSellerRefuseAgreement",
            "WAIT_BUYER_RETURN_GOODS": "RefundSellerAgreeAgreement",
            "WAIT_SELLER_CONFIRM_GOODS": "RefundBuyerReturnGoods",
        }
        for line in trade.lines:
            if line.refund_status in ("NO_REFUND", "CLOSED", "SUCCESS") or (oid and str(line.oid) != str(oid)):
                continue
            refund = self.refunds[line.refund_id]
            refund.status = line.refund_status = status
            refund.modified = _second()
            if status == "SUCCESS":
                line.status = "TRADE_CLOSED"
                self._derive(trade)
            self.changed(trade, f"taobao_refund_{topics.get(status, 'RefundCreateMessage')}", _about(refund))
            if status == "SUCCESS":
                whole = trade.status in CLOSED
                topic = "TradeClose" if whole else "TradeCloseAndModifyDetailOrder"
                self.changed(trade, f"taobao_trade_{topic}", {"oid": str(line.oid)})

    def change_address(self, trade: Trade, data: dict[str, Any]) -> None:
        trade.receiver = trade.receiver.changed(data)
        trade.address_changed = True
        for line in trade.lines:
            line.modify_address = 1 if trade.pay_time else 2
        self.changed(trade, "taobao_trade_TradeLogisticsAddressChanged", {})

    def close(self, trade: Trade) -> None:
        self._set_status(trade, "TRADE_CLOSED" if trade.pay_time else "TRADE_CLOSED_BY_TAOBAO")
        trade.end_time = _second()
        self.changed(trade, "taobao_trade_TradeClose", {})

    def finish(self, trade: Trade) -> None:
        self._set_status(trade, "TRADE_FINISHED")
        trade.end_time = _second()
        self.changed(trade, "taobao_trade_TradeSuccess", {})

    def memo(self, trade: Trade, memo: str, flag: int | str = "") -> None:
        trade.extra["seller_memo"] = memo
        if str(flag):
            trade.extra["seller_flag"] = int(flag)
        content = {"seller_memo": memo, "seller_flag": trade.extra.get("seller_flag", 0), "action_type": "seller"}
        self.changed(trade, "taobao_trade_TradeMemoModified", content)

    def allow_shipping(self, trade: Trade) -> None:
        """The group buy is complete."""
        self._set_status(trade, "WAIT_SELLER_SEND_GOODS")
        self.changed(trade, "taobao_trade_TradeChanged", {})

    def ship(self, trade: Trade, lines: list[SubOrder], *, company: str, waybill: str) -> None:
        for line in lines:
            line.status, line.invoice_no, line.company = "WAIT_BUYER_CONFIRM_GOODS", waybill, company
            line.consign_time = _second()
        self.tids_by_waybill.setdefault(waybill, set()).add(trade.tid)
        self._derive(trade)
        part = trade.status == "SELLER_CONSIGNED_PART"
        self.changed(trade, f"taobao_trade_{'TradePartlySellerShip' if part else 'TradeSellerShip'}", {})

    def changed(self, trade: Trade, topic: str, content: dict[str, Any]) -> None:
        trade.modified = max(_second(), trade.modified)
        self.tell(topic, trade, content)

    def _line(self, oid: int, row: dict[str, Any]) -> SubOrder:
        sku = str(row["sku"])
        known = CATALOGUE.get(sku, Article(sku, sku, Decimal("100.00")))
        return SubOrder(
            oid=oid,
            sku=sku,
            title=str(row.get("title") or known.title),
            price=Decimal(str(row.get("price") or known.price)),
            quantity=int(row.get("quantity", 1)),
            status="WAIT_BUYER_PAY",
            store_code=str(row.get("store_code") or ""),
        )

    def _set_status(self, trade: Trade, status: str) -> None:
        trade.status = status
        for line in trade.lines:
            if line.is_open:
                line.status = status

    def _derive(self, trade: Trade) -> None:
        """The trade's status from its lines."""
        live = [line for line in trade.lines if line.is_open]
        shipped = [line for line in live if line.status in SHIPPED]
        if not live:
            trade.status, trade.end_time = "TRADE_CLOSED", _second()
        elif len(shipped) == len(live):
            trade.status = "WAIT_BUYER_CONFIRM_GOODS"
        elif shipped:
            trade.status = "SELLER_CONSIGNED_PART"


def _about(refund: Refund) -> dict[str, Any]:
    return {
        "bill_type": "refund_bill",
        "refund_id": refund.refund_id,
        "refund_fee": f"{refund.amount:.2f}",
        "refund_phase": refund.phase,
        "oid": str(refund.line.oid),
        "modified": written(refund.modified),
    }


def _second() -> datetime:
    """Now, in the whole seconds in which the platform counts."""
    return clock.now().replace(microsecond=0)


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 1_000_000
