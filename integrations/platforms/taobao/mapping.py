"""Taobao's words in the tower's. Pure: no network, no database.

Source: TOP metadata of `taobao.trade.fullinfo.get`. A word that stands in no table becomes `unknown` (an order) or
`open` (a refund: it stops, which can do no harm), and a person is told of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.adapter import Fetch, Message, Said, Says
from integrations.bodies import read_object
from integrations.doubts import Doubts
from integrations.errors import Unreadable
from integrations.platforms.taobao import aftersales, fields, topics
from integrations.records import clean, money, time, written
from orders.vocabulary import AddressSnapshot, CustomerRequest, LineSnapshot, OrderSnapshot, beijing

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
STEPS = STEPS_UNPAID | {"FRONT_PAID_FINAL_PAID", "FRONT_PAID_FRONT_FORFEITED"}

# What the platform asks the seller's system (SPI) → what the buyer wants.
QUESTIONS = {
    "qimen.taobao.qianniu.cloudkefu.address.self.modify": "address",
    "qimen.taobao.qianniu.cloudkefu.order.self.intercept": "intercept",
}

# `store_code` of goods that lie in the platform's own warehouse. The complete list is not published.
PLATFORM_STORE_PREFIXES = ("cainiao",)

ASKED_AT = re.compile(r"20\d\d-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d:")
LARGEST_QUANTITY = 10**6
LONGEST_ORIGIN = 200


def parse(message: Message, settings: Mapping[str, Any] | None = None) -> Sequence[Says]:
    """A stored message in the tower's words; `Unreadable` with a reason where it makes no sense."""
    doubts = Doubts("taobao")
    if message.kind == "trade":
        snapshot = order(_trade_in(read_object(message.body)), doubts, origins=_origins(settings or {}))
        return [doubts.said(key=message.key, subject=snapshot.platform_order_id, snapshot=snapshot)]
    if message.kind == "refund":
        subject, refund = aftersales.refund(read_object(message.body), doubts)
        return [doubts.said(key=message.key, subject=subject, snapshot=refund)]
    if message.kind == "trade_missing":
        missing = read_object(message.body)
        told = [written(missing, name) for name in ("tid", "reason", "code")]
        raise Unreadable("订单 {} 的详情读不到：{}（{}）".format(*told))
    if message.kind.startswith("tmc:"):
        return topics.pointed_at(message.kind.removeprefix("tmc:"), read_object(message.body))
    if message.kind.startswith("spi:"):
        return _asked(message)
    raise Unreadable(f"没有这种报文：{message.kind}")


def order(trade: Mapping[str, Any], doubts: Doubts, *, origins: Mapping[str, str] | None = None) -> OrderSnapshot:
    """What one trade of `taobao.trade.fullinfo.get` says. `origins`: key in `trade_attr` → its name in the tower."""
    platform_status = written(trade, "status")
    if not platform_status:
        raise Unreadable("订单没有状态")
    status = doubts.meaning(STATUSES, platform_status, "订单状态", "unknown")
    step = written(trade, "step_trade_status")
    if step and step not in STEPS:
        doubts.note("预售阶段", step)
    balance_open = step in STEPS_UNPAID
    if balance_open and status == "paid":
        status = "unpaid"
    modified, created = time(trade, "modified"), time(trade, "created")
    if modified is None or created is None:
        raise Unreadable("订单没有创建时间或修改时间")
    ended = time(trade, "end_time")
    rows = _sub_orders(trade)
    return OrderSnapshot(
        platform_order_id=fields.identity(trade, "tid_str", "tid"),
        status=status,
        platform_status=platform_status,
        modified_at=modified,
        placed_at=created,
        paid_at=None if status == "unpaid" else time(trade, "pay_time"),
        closed_at=(ended or modified) if status == "closed" else None,
        finished_at=(ended or modified) if status == "finished" else None,
        amount=money(trade, "payment"),
        lines=tuple(_line(row, doubts) for row in rows),
        receiver=_receiver(trade),
        refunds=tuple(found for row in rows if (found := aftersales.mentioned(row, modified, doubts))),
        buyer=written(trade, "buyer_open_uid"),
        buyer_note=written(trade, "buyer_message"),
        seller_note=written(trade, "seller_memo"),
        seller_flag=written(trade, "seller_flag"),
        ship_by=fields.time_if_told(trade, "est_con_time") or fields.time_if_told(trade, "collect_time"),
        flags=_flags(trade, rows, platform_status, balance_open=balance_open),
        origin=_origin(trade, origins or {}),
    )


def _line(row: Mapping[str, Any], doubts: Doubts) -> LineSnapshot:
    quantity = fields.whole(row, "num")
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise Unreadable(f"子订单数量不对：{quantity}")
    codes = [written(row, name) for name in ("outer_sku_id", "outer_iid")]
    own = f"{written(row, 'num_iid')}:{written(row, 'sku_id')}"
    return LineSnapshot(
        platform_line_id=fields.identity(row, "oid_str", "oid"),
        sku=next(filter(None, codes), own),
        title=" ".join(filter(None, (written(row, "title"), written(row, "sku_properties_name")))),
        quantity=quantity,
        price=money(row, "price"),
        closed=_is_closed(written(row, "status"), doubts),
    )


def _is_closed(status: str, doubts: Doubts) -> bool:
    return bool(status) and doubts.meaning(STATUSES, status, "订单状态", "unknown") == "closed"


def _receiver(trade: Mapping[str, Any]) -> AddressSnapshot:
    name, mobile, phone, city, district, address = (
        written(trade, f"receiver_{part}") for part in ("name", "mobile", "phone", "city", "district", "address")
    )
    phone, key = mobile or phone, written(trade, "oaid")
    return AddressSnapshot(
        name=name,
        phone=phone,
        province=written(trade, "receiver_state"),
        # A city directly under a province may stand in the district (TOP, taobao.trade.fullinfo.get).
        city=city or district,
        district=district,
        town=written(trade, "receiver_town"),
        address=address,
        key=key,
        masked=bool(key) or "*" in name + phone + address,
    )


def _flags(
    trade: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], platform_status: str, *, balance_open: bool
) -> frozenset[str]:
    stores = [written(row, "store_code").casefold() for row in rows]
    found = {
        "group_buy_open": platform_status == "PAID_FORBID_CONSIGN" or written(trade, "team_buy_hold") == "1",
        "virtual": written(trade, "shipping_type") == "virtual",
        "cod": written(trade, "type") == "cod",
        "platform_warehouse": any(store.startswith(PLATFORM_STORE_PREFIXES) for store in stores),
        "risk": written(trade, "top_hold") == "1",
        "presale": balance_open,
    }
    return frozenset(flag for flag, holds in found.items() if holds)


def _origin(trade: Mapping[str, Any], origins: Mapping[str, str]) -> dict[str, str]:
    """Where it was sold: campaigns, and what the shop's settings know of `trade_attr` (live room, 达人)."""
    details = trade.get("promotion_details")
    rows = details.get("promotion_detail") if isinstance(details, Mapping) else details
    rows = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    ids = dict.fromkeys(str(row["promotion_id"]) for row in rows if isinstance(row.get("promotion_id"), str | int))
    found = {"promotion_id": ",".join(ids)} if ids else {}
    attributes = fields.object_if_told(trade, "trade_attr") if origins else {}
    for key, name in origins.items():
        if isinstance(attributes.get(key), str | int):
            found[name] = str(attributes[key])
    return {name: clean(text)[:LONGEST_ORIGIN] for name, text in found.items() if text}


def _origins(settings: Mapping[str, Any]) -> dict[str, str]:
    """The setting `origin_fields`; one that cannot be read says nothing, it stops no order."""
    told = fields.object_if_told(settings, "origin_fields")
    return {str(key): str(name)[:40] for key, name in told.items()}


@dataclass(frozen=True)
class Asked:
    """What a question of the platform is about. The wished address itself is masked, in fields nobody has published."""

    subject: str
    request_id: str


def question(body: bytes) -> Asked:
    """The order, and a name for the wish: the receiver it asks for has an OAID of its own."""
    content = read_object(body)
    subject = fields.identity(content, "bizOrderId")
    return Asked(subject=subject, request_id=f"{subject}:{written(content, 'oaid')}"[:100])


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
    ids = [fields.identity(row, "oid_str", "oid") for row in rows]
    if len(set(ids)) != len(ids):
        raise Unreadable("子订单号重复")
    return rows
