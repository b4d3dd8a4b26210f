"""What passes between the house and a connector: messages and what they say, wishes and their answers. No logic.

Connectors import these from `integrations.adapter`, beside the contract that uses them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.vocabulary import AddressSnapshot, Snapshot


@dataclass(frozen=True, kw_only=True)
class Access:
    """A connection opened for use: where it is, and its secrets (lists where two may live at once)."""

    connection_id: int
    base_url: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any]
    now: datetime
    # Where the outside may reach this connection's webhook.
    hook_url: str = ""
    # Where a platform's page sends the person back to who authorised there (OAuth: redirect_uri).
    return_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A webhook as it came over the wire."""

    method: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    # Who was at the other end of the line: behind a proxy, the proxy.
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One raw message to keep: `key` is unique within the connection, `kind` chooses the mapping."""

    kind: str
    key: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one message says of one subject. `key` is unique within the connection and stays the same in a repeat."""

    key: str
    subject: str
    snapshot: Snapshot


@dataclass(frozen=True, kw_only=True)
class Doubtful(Said):
    """Said in words of which some stand in no table: they count as unknown, and a person is told of them."""

    unlisted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unannounced(Said):
    """Something came for which there may be no order, such as a parcel that came back: then a person is told `text`."""

    # What it is about: a waybill, a document.
    number: str
    text: str


@dataclass(frozen=True, kw_only=True)
class StockWord:
    """What a warehouse says of its stock of one goods code: so many there are (`total`), or so many more or fewer.

    `key` is unique within the connection and stays the same in a repeat. `grade` is their word for 正品, 残次 …
    """

    key: str
    warehouse: str
    code: str
    grade: str
    at: datetime
    total: int | None = None
    # Of the total: promised to orders there.
    locked: int | None = None
    change: int = 0


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """A message that only points somewhere: read `subject` again with the adapter's `fetch`."""

    subject: str


@dataclass(frozen=True, kw_only=True)
class Unlisted:
    """A message of a kind that stands in no table: nothing is taken from it, and a person is told `words`, once."""

    words: str


# Everything that a message can say.
Says = Said | Fetch | StockWord | Unlisted


@dataclass(frozen=True, kw_only=True)
class Polled:
    """One step of a poll: what was read, the cursor to keep once that is committed, and whether there is more now."""

    messages: Sequence[Message]
    cursor: Mapping[str, Any]
    more: bool = False
    # Of a slice: how much of what was asked for has been read, from 0 to 1; `None` where nobody can tell.
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Goods:
    code: str
    name: str
    quantity: int
    price: str = "0.00"
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class WaybillWish:
    """Ask a waybill for one parcel. `object_id` is the tower's own handle and never changes for a label generation."""

    object_id: str
    carrier: str
    platform_order_ids: tuple[str, ...]
    receiver: AddressSnapshot
    goods: tuple[Goods, ...]
    weight_grams: int = 0


@dataclass(frozen=True, kw_only=True)
class Waybill:
    carrier: str
    waybill: str
    # What the printing component needs, unchanged.
    print_data: str = ""


@dataclass(frozen=True, kw_only=True)
class WaybillStock:
    """How many waybill numbers a courier's branch still gives this seller."""

    carrier: str
    branch: str
    left: int


@dataclass(frozen=True, kw_only=True)
class ShipWish:
    """Tell the platform that a parcel left. `lines`: platform line ids, where the order goes out in several."""

    platform_order_id: str
    carrier: str
    waybill: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeliveryWish:
    """Send an order to a warehouse."""

    order: str
    platform: str
    platform_order_id: str
    shop: str
    warehouse: str
    carrier: str
    placed_at: datetime
    paid_at: datetime | None
    amount: str
    receiver: AddressSnapshot
    goods: tuple[Goods, ...]
    buyer_note: str = ""
    seller_note: str = ""


@dataclass(frozen=True, kw_only=True)
class TrackWish:
    """Follow a parcel on its way. Couriers that hide other people's parcels ask for the phone's last four digits."""

    carrier: str
    waybill: str
    phone_last4: str = ""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Something that happened to a parcel, for an ERP or a warehouse that did not see it itself.

    `stage`: packed, shipped, picked_up, signed; `shipped_already` corrects an ERP that is about to push it again.
    `documents`: that system's own numbers, as (kind, number).
    """

    stage: str
    at: datetime
    order: str
    platform_order_id: str
    parcel: str
    warehouse: str
    carrier: str
    waybill: str
    documents: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Token:
    """Fresh secrets of a connection, to be laid over the old ones, and when they end."""

    secrets: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class AnswerWish:
    """The seller's answer to what a customer asked through the platform. `kind`: address, intercept, refund, cancel."""

    kind: str
    request_id: str
    platform_order_id: str
    accepted: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Handing:
    """One order that an ERP hands to a warehouse through the tower, as far as it must be judged."""

    code: str
    # What is sold for the first time. Exchanges, re-ships and transfers are parcels of their own and are not judged.
    judged: bool
    # (platform order id, platform line id where it is named, quantity); several orders where the ERP merged them.
    lines: tuple[tuple[str, str, int], ...] = ()
    # What the warehouse is asked with, when it is asked for this order.
    order_type: str = ""
    warehouse: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a protocol wants decided in the reply itself.

    `kind`: address, intercept; deliver (an ERP hands orders to the warehouse behind the tower), cancel_delivery (and
    takes one back), hand_on (anything else that goes through).
    """

    kind: str
    # The subject as facts name it: platform order id, or the warehouse order code.
    subject: str
    request_id: str = ""
    receiver: AddressSnapshot | None = None
    handings: tuple[Handing, ...] = ()
    # Why it cannot be read; it is refused.
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The tower's answer to a question. In doubt it is a no, and a person has a case (DESIGN 6)."""

    accepted: bool
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class HandedOn:
    """What the system behind the tower said to a request that was handed on.

    `outcome`: done, refused, absent (it has no such order to take back), unknown (no answer that says).
    """

    outcome: str
    # In its own bytes; where there was no answer, the tower's word for that.
    reply: Reply
    # Its own number for what was made.
    number: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class InterceptWish:
    """Stop a parcel on its way: `stop` brings it back to the sender, `redirect` to `receiver`."""

    carrier: str
    waybill: str
    kind: str
    reason: str
    order: str = ""
    receiver: AddressSnapshot | None = None
