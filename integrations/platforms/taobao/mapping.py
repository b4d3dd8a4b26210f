"""Taobao's words in the tower's. Pure: no network, no database, no settings.

Sources: TOP metadata of `taobao.trade.fullinfo.get`, `taobao.refund.get` and the message service's topic types.
A word that stands in no table becomes `unknown` (an order) or `open` (a refund: it stops, which can do no harm).
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.adapter import Fetch, Message, Said
from integrations.errors import Unreadable
from orders.vocabulary import (
    AddressSnapshot,
    CustomerRequest,
    LineSnapshot,
    OrderSnapshot,
    RefundSnapshot,
    beijing,
    yuan,
)

log = logging.getLogger(__name__)

STATUSES = {
    "TRADE_NO_CREATE_PAY": "unpaid",
    "WAIT_BUYER_PAY": "unpaid",
    "PAY_PENDING": "unpaid",
    "WAIT_PRE_AUTH_CONFIRM": "unpaid",
    "PAID_FORBID_CONSIGN": "paid",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "SELLER_CONSIGNED_PART": "shipped_part",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_BUYER_SIGNED": "signed",
    "TRADE_FINISHED": "finished",
    "TRADE_CLOSED": "closed",
    "TRADE_CLOSED_BY_TAOBAO": "closed",
}
# Presale steps whose balance is still open: the order is not paid, whatever its status says.
STEPS_UNPAID = frozenset({"FRONT_NOPAID_FINAL_NOPAID", "FRONT_PAID_FINAL_NOPAID"})

# Refund status of a sub-order → (kind, status). The kind is what the step gives away; the refund itself says more.
REFUNDS = {
    "WAIT_SELLER_AGREE": ("refund_only", "open"),
    "WAIT_BUYER_RETURN_GOODS": ("return_refund", "open"),
    "WAIT_SELLER_CONFIRM_GOODS": ("return_refund", "open"),
    "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS": ("exchange", "open"),
    "WAIT_SELLER_CONSIGN_GOODS": ("exchange", "open"),
    "EXCHANGE_TRANSFORM_TO_REFUND": ("return_refund", "open"),
    "SELLER_REFUSE_BUYER": ("refund_only", "refused"),
    "CLOSED": ("refund_only", "withdrawn"),
    "SUCCESS": ("refund_only", "done"),
}
# How a sub-order without refund is written is not documented: absent, empty and this literal have been seen.
NO_REFUND = frozenset({"", "NO_REFUND"})

# What the platform asks the seller's system (SPI) → what the buyer wants.
QUESTIONS = {
    "qimen.taobao.qianniu.cloudkefu.address.self.modify": "address",
    "qimen.taobao.qianniu.cloudkefu.order.self.intercept": "intercept",
}

# Topic of the message service → where the trade's id stands in its content; None: the order does not change.
TOPICS: dict[str, str | None] = {
    "taobao_trade_TradeCreate": "tid",
    "taobao_trade_TradeModifyFee": "tid",
    "taobao_trade_TradeAlipayCreate": "tid",
    "taobao_trade_TradeBuyerPay": "tid",
    "taobao_trade_TradeBuyerStepPay": "tid",
    "taobao_trade_TradeSellerShip": "tid",
    "taobao_trade_TradePartlySellerShip": "tid",
    "taobao_trade_TradeSuccess": "tid",
    "taobao_trade_TradeClose": "tid",
    "taobao_trade_TradeCloseAndModifyDetailOrder": "tid",
    "taobao_trade_TradePartlyRefund": "tid",
    "taobao_trade_TradePartlyConfirmPay": "tid",
    "taobao_trade_TradeBuyerPaySubOut": "tid",
    "taobao_trade_TradeMemoModified": "tid",
    "taobao_trade_TradeLogisticsAddressChanged": "tid",
    "taobao_trade_OrderSkuChanged": "tid",
    "taobao_trade_TradeChanged": "tid",
    "taobao_trade_TradeDelayConfirmPay": None,
    "taobao_trade_TradeRated": None,
    "taobao_trade_TradeTimeoutRemind": None,
    "taobao_oc_TradeTagChanged": "tid",
    "taobao_refund_RefundCreated": "tid",
    "taobao_refund_RefundSellerAgreeAgreement": "tid",
    "taobao_refund_RefundSellerRefuseAgreement": "tid",
    "taobao_refund_RefundBuyerModifyAgreement": "tid",
    "taobao_refund_RefundBuyerReturnGoods": "tid",
    "taobao_refund_RefundCreateMessage": "tid",
    "taobao_refund_RefundClosed": "tid",
    "taobao_refund_RefundSuccess": "tid",
    "taobao_refund_TaobaoInterApplied": "tid",
    "taobao_refund_TaobaoIntervened": "tid",
    "taobao_logistics_LogsticDetailTrace": None,
    "taobao_modifyaddress_ResultNotify": "biz_order_id",
    "taobao_modifysku_ResultNotify": "biz_order_id",
    "taobao_modifyorder_ConsistencyResult": "biz_order_id",
    "taobao_top_AuthCancel": None,
}
# Families that grow: a new member of theirs points at a trade as well.
FAMILIES = ("taobao_trade_", "taobao_refund_", "taobao_dispute_")

# `store_code` of goods that lie in the platform's own warehouse. The complete list is not published.
PLATFORM_STORE_PREFIXES = ("cainiao",)

ASKED_AT = re.compile(r"20\d\d-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d:")
AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,4})?")
LARGEST_QUANTITY = 10**6


def parse(message: Message) -> Sequence[Said | Fetch]:
    """A stored message in the tower's words; `Unreadable` with a reason where it makes no sense."""
    if message.kind == "trade":
        snapshot = order(_trade_in(_object(message.body)))
        return [Said(key=message.key, subject=snapshot.platform_order_id, snapshot=snapshot)]
    if message.kind == "trade_missing":
        missing = _object(message.body)
        raise Unreadable(
            f"订单 {_text(missing, 'tid')} 的详情读不到：{_text(missing, 'reason')}（{_text(missing, 'code')}）"
        )
    if message.kind.startswith("tmc:"):
        return _pointed_at(message.kind.removeprefix("tmc:"), _object(message.body))
    if message.kind.startswith("spi:"):
        return _asked(message)
    raise Unreadable(f"没有这种报文：{message.kind}")


def order(trade: Mapping[str, Any]) -> OrderSnapshot:
    """What one trade of `taobao.trade.fullinfo.get` says."""
    platform_status = _text(trade, "status")
    if not platform_status:
        raise Unreadable("订单没有状态")
    status = STATUSES.get(platform_status, "unknown")
    if status == "unknown":
        log.warning("taobao: unlisted trade status %.40r", platform_status)
    balance_open = _text(trade, "step_trade_status") in STEPS_UNPAID
    if balance_open and status == "paid":
        status = "unpaid"
    modified, created = _time(trade, "modified"), _time(trade, "created")
    if modified is None or created is None:
        raise Unreadable("订单没有创建时间或修改时间")
    ended = _time(trade, "end_time")
    rows = _sub_orders(trade)
    return OrderSnapshot(
        platform_order_id=_order_id(trade, "tid_str", "tid"),
        status=status,
        platform_status=platform_status,
        modified_at=modified,
        placed_at=created,
        paid_at=None if status == "unpaid" else _time(trade, "pay_time"),
        closed_at=(ended or modified) if status == "closed" else None,
        finished_at=(ended or modified) if status == "finished" else None,
        amount=_money(trade, "payment"),
        lines=tuple(_line(row) for row in rows),
        receiver=_receiver(trade),
        refunds=tuple(refund for row in rows if (refund := _refund(row, modified))),
        buyer=_text(trade, "buyer_open_uid"),
        buyer_note=_text(trade, "buyer_message"),
        seller_note=_text(trade, "seller_memo"),
        seller_flag=_text(trade, "seller_flag"),
        ship_by=_time_if_told(trade, "est_con_time") or _time_if_told(trade, "collect_time"),
        flags=_flags(trade, rows, platform_status, balance_open=balance_open),
    )


def _line(row: Mapping[str, Any]) -> LineSnapshot:
    quantity = _whole(row, "num")
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise Unreadable(f"子订单数量不对：{quantity}")
    return LineSnapshot(
        platform_line_id=_order_id(row, "oid_str", "oid"),
        sku=_text(row, "outer_sku_id") or _text(row, "outer_iid") or f"{_text(row, 'num_iid')}:{_text(row, 'sku_id')}",
        title=" ".join(filter(None, (_text(row, "title"), _text(row, "sku_properties_name")))),
        quantity=quantity,
        price=_money(row, "price"),
        closed=STATUSES.get(_text(row, "status")) == "closed",
    )


def _refund(row: Mapping[str, Any], modified: datetime) -> RefundSnapshot | None:
    """The refund of a sub-order; its time is the trade's, because the sub-order gives none of its own."""
    platform_status = _text(row, "refund_status")
    if platform_status in NO_REFUND:
        return None
    if platform_status not in REFUNDS:
        log.warning("taobao: unlisted refund status %.40r", platform_status)
    kind, status = REFUNDS.get(platform_status, ("refund_only", "open"))
    line_id = _order_id(row, "oid_str", "oid")
    return RefundSnapshot(
        refund_id=_text(row, "refund_id") or f"oid:{line_id}",
        platform_line_id=line_id,
        kind=kind,
        status=status,
        updated_at=modified,
    )


def _receiver(trade: Mapping[str, Any]) -> AddressSnapshot:
    name, phone = _text(trade, "receiver_name"), _text(trade, "receiver_mobile") or _text(trade, "receiver_phone")
    city, district = _text(trade, "receiver_city"), _text(trade, "receiver_district")
    address, key = _text(trade, "receiver_address"), _text(trade, "oaid")
    return AddressSnapshot(
        name=name,
        phone=phone,
        province=_text(trade, "receiver_state"),
        # A city directly under a province may stand in the district (TOP, taobao.trade.fullinfo.get).
        city=city or district,
        district=district,
        town=_text(trade, "receiver_town"),
        address=address,
        key=key,
        masked=bool(key) or "*" in name + phone + address,
    )


def _flags(
    trade: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], platform_status: str, *, balance_open: bool
) -> frozenset[str]:
    stores = [_text(row, "store_code").casefold() for row in rows]
    found = {
        "group_buy_open": platform_status == "PAID_FORBID_CONSIGN" or _text(trade, "team_buy_hold") == "1",
        "virtual": _text(trade, "shipping_type") == "virtual",
        "cod": _text(trade, "type") == "cod",
        "platform_warehouse": any(store.startswith(PLATFORM_STORE_PREFIXES) for store in stores),
        "risk": _text(trade, "top_hold") == "1",
        "presale": balance_open,
    }
    return frozenset(flag for flag, holds in found.items() if holds)


def _pointed_at(topic: str, envelope: Mapping[str, Any]) -> Sequence[Fetch]:
    where = TOPICS.get(topic, "tid" if topic.startswith(FAMILIES) else None)
    if where is None:
        if topic not in TOPICS:
            log.warning("taobao: unlisted topic %.80r", topic)
        return []
    content = envelope.get("content")
    inside = _object(content.encode(errors="replace")) if isinstance(content, str) else content
    if not isinstance(inside, Mapping):
        raise Unreadable(f"消息 {topic} 没有内容")
    return [Fetch(subject=_order_id(inside, where))]


@dataclass(frozen=True)
class Asked:
    """What a question of the platform is about. The wished address itself is masked, in fields nobody has published."""

    subject: str
    request_id: str


def question(body: bytes) -> Asked:
    """The order, and a name for the wish: the receiver it asks for has an OAID of its own."""
    content = _object(body)
    subject = _order_id(content, "bizOrderId")
    return Asked(subject=subject, request_id=f"{subject}:{_text(content, 'oaid')}"[:100])


def _asked(message: Message) -> Sequence[Said | Fetch]:
    """The trade is read again; a known question is a request as well, open until the platform shows its end."""
    found = question(message.body)
    kind = QUESTIONS.get(message.kind.removeprefix("spi:"))
    _, _, rest = message.key.partition("spi:")
    at = beijing(rest[:19]) if ASKED_AT.match(rest) else None
    if kind is None or at is None:
        return [Fetch(subject=found.subject)]
    request = CustomerRequest(request_id=found.request_id, kind=kind, status="open", requested_at=at, updated_at=at)
    return [Fetch(subject=found.subject), Said(key=message.key, subject=found.subject, snapshot=request)]


def _object(body: bytes) -> Mapping[str, Any]:
    """A JSON object; fractions stay text, because money is never a float."""
    try:
        found = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def _trade_in(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The trade, with or without the answer around it."""
    inside = found.get("trade_fullinfo_get_response")
    trade = inside.get("trade") if isinstance(inside, Mapping) else found
    if not isinstance(trade, Mapping):
        raise Unreadable("报文里没有订单")
    return trade


def _sub_orders(trade: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    container = trade.get("orders")
    rows = container.get("order") if isinstance(container, Mapping) else container
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise Unreadable("订单没有子订单")
    ids = [_order_id(row, "oid_str", "oid") for row in rows]
    if len(set(ids)) != len(ids):
        raise Unreadable("子订单号重复")
    return rows


def _text(source: Mapping[str, Any], name: str) -> str:
    """A field as clean text: no NUL and no half characters, which a database would refuse."""
    value = source.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"字段 {name} 不是文字或数字")
    return str(value).replace("\x00", "").encode(errors="replace").decode().strip()


def _order_id(source: Mapping[str, Any], *names: str) -> str:
    """A trade or sub-order id, which comes as text or as a number beyond 2^53."""
    found = next((text for name in names if (text := _text(source, name))), "")
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Unreadable(f"{names[-1]} 不是订单号：{found[:40]!r}")
    return found


def _whole(source: Mapping[str, Any], name: str) -> int:
    text = _text(source, name)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Unreadable(f"字段 {name} 不是整数：{text[:40]!r}")
    return int(text)


def _money(source: Mapping[str, Any], name: str) -> Decimal:
    text = _text(source, name)
    if not AMOUNT.fullmatch(text):
        raise Unreadable(f"字段 {name} 不是金额：{text[:40]!r}")
    return yuan(text)


def _time(source: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(source, name)
    try:
        return beijing(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"字段 {name} 不是时间：{text[:40]!r}") from error


def _time_if_told(source: Mapping[str, Any], name: str) -> datetime | None:
    """A promise that may be a sentence ("付款后 48 小时内") instead of a time; a sentence is no deadline."""
    try:
        return _time(source, name)
    except Unreadable:
        return None
