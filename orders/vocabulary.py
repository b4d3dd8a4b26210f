"""What outside systems say, in the tower's own words: frozen, and without a database.

Adapters turn their server's messages into these; `orders.services` takes nothing else. A *fact* is something that
already happened elsewhere, so it is always recorded (law 4). Money is `Decimal` yuan, time is aware UTC.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from dataclasses import Field as FieldOf
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orders.clock import BEIJING
from orders.lifecycle import CauseKind

__all__ = [
    "FLAGS",
    "UNNUMBERED",
    "AddressSnapshot",
    "Cause",
    "CustomerRequest",
    "DocumentReport",
    "Fact",
    "LineSnapshot",
    "OrderSnapshot",
    "ParcelSnapshot",
    "PrintReport",
    "RefundSnapshot",
    "ShortageReport",
    "TrackPoint",
    "WarehouseReport",
    "beijing",
    "from_fen",
    "unnumbered",
    "wording",
    "yuan",
]

UNNUMBERED = "line:"
# What a shop's settings may say of an order, beside what its platform says.
FLAGS = frozenset(
    ("platform_warehouse", "dropship", "virtual", "cod", "group_buy_open", "risk", "required_carrier", "invoice")
)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why something happens: a person at a station, or a system with the message it sent. Nothing is ambient."""

    kind: CauseKind
    user_id: int | None = None
    # The roles the person holds in the company and warehouse at hand; filled by the service, never by a door.
    role: str = ""
    # Words for the timeline: "淘宝 旗舰店", "扫描台 A3", "API 店小蜜".
    source: str = ""
    # What can be found again: "receipt:17", "job:9", "scan:…".
    reference: str = ""
    connection_id: int | None = None
    api_key_id: int | None = None
    station: str = ""
    device: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AddressSnapshot:
    """A receiver as far as the system shows it. Platforms mask: `key` (OAID, cipher id) then tells two apart."""

    name: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    address: str = ""
    # The platform's own stable name for this receiver; empty where it gives none.
    key: str = ""
    masked: bool = False


@dataclass(frozen=True, kw_only=True)
class LineSnapshot:
    """One sold line. `sku` is the shop's own code (商家编码), the key of the SkuMap."""

    platform_line_id: str
    sku: str
    title: str
    quantity: int
    price: Decimal
    closed: bool = False
    gift: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundSnapshot:
    """A refund as the platform tells it. `withdrawn` carries the id of what it withdraws and wins whenever it comes."""

    # `unnumbered(line)` where an order mentions a refund of its line without a number.
    refund_id: str
    # "" where the refund is for the whole order.
    platform_line_id: str = ""
    # refund_only · return_refund · exchange · reship · price_protect
    kind: str = "refund_only"
    # open · withdrawn · done · refused
    status: str = "open"
    requested_at: datetime | None = None
    updated_at: datetime | None = None
    amount: Decimal | None = None
    # Until when the platform waits for whoever is to act; then it decides by itself.
    answer_by: datetime | None = None
    # Only mentioned by its order: the status counts, kind and sum are better known from the refund's own words.
    in_passing: bool = False


def unnumbered(platform_line_id: str) -> str:
    """How a refund is named whose number nobody told: a numbered one of the same line takes its place."""
    return f"{UNNUMBERED}{platform_line_id}"


@dataclass(frozen=True, kw_only=True)
class OrderSnapshot:
    """Everything a shop's platform says of one order at one moment; the newest `modified_at` wins."""

    platform_order_id: str
    # unpaid · paid · shipped_part · shipped · signed · finished · closed · unknown
    status: str
    # The platform's own word, kept for people.
    platform_status: str
    modified_at: datetime
    placed_at: datetime
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    finished_at: datetime | None = None
    amount: Decimal
    lines: tuple[LineSnapshot, ...]
    receiver: AddressSnapshot
    refunds: tuple[RefundSnapshot, ...] = ()
    buyer: str = ""
    buyer_note: str = ""
    seller_note: str = ""
    seller_flag: str = ""
    ship_by: datetime | None = None
    presale_until: datetime | None = None
    # `FLAGS`, and presale where the balance is open.
    flags: frozenset[str] = frozenset()
    # Live room, talent (达人), campaign ids, as the platform names them.
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ParcelSnapshot:
    """A package as a warehouse or platform reports it: its waybill and what is in it."""

    carrier: str
    waybill: str
    package_code: str = ""
    weight_grams: int | None = None
    # (goods code, quantity)
    items: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PrintReport:
    """A warehouse says that it printed a label by itself. Another time or waybill is another print."""

    order: str
    printed_at: datetime
    waybill: str = ""
    carrier: str = ""
    operator: str = ""


@dataclass(frozen=True, kw_only=True)
class WarehouseReport:
    """A warehouse's word about an order: how far it is, and which packages left.

    `order` is the code under which the tower (or the ERP) sent it. `stage` is one of accepted, printed, picking,
    checked, packed, weighed, staged, shipped_part, shipped, signed, refused, rejected, cancelled, cancel_failed,
    exception, returned, other, unknown.
    """

    order: str
    stage: str
    platform_status: str
    reported_at: datetime
    operator: str = ""
    parcels: tuple[ParcelSnapshot, ...] = ()
    final: bool = True
    note: str = ""
    # The reporting system's own numbers for the order, as (kind, number): sale_order, out_stock, wave …
    documents: tuple[tuple[str, str], ...] = ()
    # Where the reporting system knows the order only by the platform's number.
    platform_order_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ShortageReport:
    """A warehouse does not find all goods of an order. Another time is another shortage."""

    order: str
    reported_at: datetime
    # (goods code, how many are missing)
    missing: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class DocumentReport:
    """Another system's own numbers for an order, as (kind, number), where it says nothing else: wave, return …"""

    order: str
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class CustomerRequest:
    """What a customer asks of an order through the platform; a later word with the same `request_id` closes it.

    `kind`: address, intercept. `status`: open, accepted, refused, withdrawn, expired. Where several words of one
    request have the same time, the one that closes it wins.
    """

    request_id: str
    kind: str
    status: str
    requested_at: datetime
    updated_at: datetime
    receiver: AddressSnapshot | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TrackPoint:
    """One courier event for a waybill. `stage`: label_created, picked_up, in_transit, out_for_delivery,
    at_pickup_point, signed, exception, refused, returning, returned, cancelled, unknown.

    Some couriers give a parcel a new number on its way (退回, 转寄): `onward` is the number it goes on under from here,
    `formerly` the number it travelled under before.
    """

    carrier: str
    waybill: str
    stage: str
    at: datetime
    text: str = ""
    onward: str = ""
    formerly: str = ""


Snapshot = (
    OrderSnapshot
    | WarehouseReport
    | PrintReport
    | ShortageReport
    | DocumentReport
    | TrackPoint
    | RefundSnapshot
    | CustomerRequest
)


def wording(told: Any) -> str:
    """One text for one content, in every process: what tells a repeat of a fact from another body under its key.

    A field that is at its default is left out, so that one which a later version adds makes no other body of a fact
    that is known already.
    """
    if is_dataclass(told) and not isinstance(told, type):
        said = [(each.name, getattr(told, each.name)) for each in fields(told) if not _is_default(told, each)]
        return f"{type(told).__name__}({', '.join(f'{name}={wording(value)}' for name, value in said)})"
    if isinstance(told, tuple | list):
        return f"({', '.join(map(wording, told))})"
    if isinstance(told, frozenset):
        # Its own order is another one in every process.
        return f"{{{', '.join(sorted(map(wording, told)))}}}"
    if isinstance(told, Mapping):
        return f"{{{', '.join(sorted(f'{wording(name)}: {wording(value)}' for name, value in told.items()))}}}"
    return repr(told)


def _is_default(told: Any, each: "FieldOf[Any]") -> bool:
    default = each.default if each.default_factory is MISSING else each.default_factory()
    return default is not MISSING and getattr(told, each.name) == default


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that one outside system said once. `key` is unique per `source`; a repeat has no effect (law 2).

    `subject` is the platform order id, warehouse order code or waybill that it is about, for parking what arrives
    before its order. `body_hash` tells a repeat from another body under the same key.
    """

    # "connection:3", "api:5": who said it.
    source: str
    key: str
    body_hash: str
    subject: str
    snapshot: Snapshot
    # platform · erp · wms · courier
    system: CauseKind
    # The company and shop or warehouse the connection speaks for.
    company_id: int
    shop_id: int | None = None
    warehouse_id: int | None = None
    # How the message came in, where that is known: webhook, poll, backfill, fetch, ledger.
    via: str = ""


def from_fen(fen: int | str | None) -> Decimal | None:
    """Fen (分) to yuan; `None` stays `None`."""
    return None if fen in (None, "") else Decimal(int(fen)) / 100


def yuan(text: Any) -> Decimal:
    """A platform's yuan text to `Decimal`; empty is 0. `ValueError` for no number, an infinite one, or a float."""
    if text in (None, ""):
        return Decimal(0)
    if isinstance(text, float):
        raise ValueError("money as a binary float")
    try:
        value = Decimal(str(text))
    except ArithmeticError as error:
        raise ValueError(f"not an amount: {text!r}") from error
    if not value.is_finite():
        raise ValueError(f"not an amount: {text!r}")
    return value


def beijing(text: str | None) -> datetime | None:
    """`yyyy-MM-dd HH:mm:ss` in Beijing time, as Taobao, JD and Qimen write it, to aware UTC; empty is `None`."""
    if not text:
        return None
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
