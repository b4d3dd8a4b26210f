"""What a connector is. One folder per outside system, found by walking; the folder's `adapter` is an `Adapter`.

An adapter never touches the database: it gets `Access` (an opened connection) and plain data, and gives plain data
back. What it cannot do is absent from `capabilities`, and the method raises `Unsupported`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.errors import Unsupported
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


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A webhook as it came over the wire."""

    method: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes


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
class Fetch:
    """A message that only points somewhere: read `subject` again with the adapter's `fetch`."""

    subject: str


@dataclass(frozen=True, kw_only=True)
class Polled:
    """One step of a poll: what was read, the cursor to keep once that is committed, and whether there is more now."""

    messages: Sequence[Message]
    cursor: Mapping[str, Any]
    more: bool = False


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
class Question:
    """What a protocol wants decided in the reply itself. `kind`: address, intercept, deliver."""

    kind: str
    # The subject as facts name it: platform order id, or the warehouse order code.
    subject: str
    request_id: str = ""
    receiver: AddressSnapshot | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The tower's answer to a question. In doubt it is a no, and a person has a case (DESIGN 6)."""

    accepted: bool
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class InterceptWish:
    """Stop a parcel on its way: `stop` brings it back to the sender, `redirect` to `receiver`."""

    carrier: str
    waybill: str
    kind: str
    reason: str
    order: str = ""
    receiver: AddressSnapshot | None = None


@dataclass(frozen=True)
class Field:
    """One setting or secret of a connection, for forms and checks."""

    name: str
    label: str
    help: str = ""
    default: Any = ""
    required: bool = False
    secret: bool = False
    # Has a page of its own in the back office, and so no line in the connection's form.
    elsewhere: bool = False


class Adapter:
    """The contract. Subclasses fill in what their system can do."""

    name: ClassVar[str]
    title: ClassVar[str]
    # platform · erp · wms · courier: the `system` of every fact that comes from here.
    system: ClassVar[str]
    # Of: webhook, poll, fetch, waybill, ship, deliver, pend, subscribe, query, tell, token, answer, decide, slice,
    # numbers, intercept. A method below belongs to each.
    capabilities: ClassVar[frozenset[str]] = frozenset()
    fields: ClassVar[tuple[Field, ...]] = ()
    # The tower's codes of the couriers whose parcels it follows; empty: any.
    carriers: ClassVar[frozenset[str]] = frozenset()
    # A token is refreshed when it has less than this left.
    token_lead: ClassVar[timedelta] = timedelta(hours=24)
    # True where the protocol wants a decision in the reply.
    answers_now: ClassVar[bool] = False

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        """Whether a connection with these settings can do it; narrower than `capabilities` where a setting decides."""
        return capability in self.capabilities

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Sequence["FieldError"]:
        """Why these settings do not work together, beside what is missing; asked whenever they are saved."""
        return []

    # Webhooks ---------------------------------------------------------------------------------------------------
    def verify(self, access: Access, incoming: Incoming) -> None:
        """Check the signature over the raw bytes; raise `BadSignature`. Nothing is parsed before this."""
        raise Unsupported(f"{self.name} takes no webhooks")

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        """The messages in a verified request; raise `Unreadable` where it cannot be taken apart."""
        raise Unsupported(f"{self.name} takes no webhooks")

    def accepted(self, incoming: Incoming) -> Reply:
        """The protocol's 'got it'. Sent only after the receipts are committed (law 1)."""
        return Reply(body=b'{"success":true}')

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        """The protocol's own refusal for a bad signature."""
        return Reply(body=b'{"success":false}', status=401)

    # Deciding in the reply: only where `answers_now` ----------------------------------------------------------------
    def asked(self, access: Access, incoming: Incoming) -> Question | None:
        """What a verified request wants decided; `None` for one that only tells."""
        return None

    def decided(self, access: Access, incoming: Incoming, question: Question, decision: Decision) -> Reply:
        """The protocol's words for the decision. May hand an accepted question on to the system behind the tower."""
        raise Unsupported(f"{self.name} asks nothing")

    # Reading ----------------------------------------------------------------------------------------------------
    def parse(self, message: Message) -> Sequence[Said | Fetch]:
        """Pure: a stored message in the tower's words. `Unreadable` with a reason where it makes no sense."""
        raise NotImplementedError

    def parse_kept(
        self, message: Message, *, settings: Mapping[str, Any], at: datetime | None
    ) -> Sequence[Said | Fetch]:
        """`parse` where the connection's settings say what a message means; `at`: when it was first kept. Pure too."""
        return self.parse(message)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        raise Unsupported(f"{self.name} is not polled")

    def confirm(self, access: Access, polled: Polled) -> None:
        """Called once what `poll` brought is committed, where the server wants to be told (TMC). May repeat."""

    def slice(self, access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
        """One step of reading everything that changed in [start, end): for a back-fill. Starts with an empty cursor."""
        raise Unsupported(f"{self.name} cannot be read by date")

    def numbers(self, access: Access, start: datetime, end: datetime) -> Sequence[str]:
        """The platform's own list of the orders placed in [start, end); the conservation ledger is held against it."""
        raise Unsupported(f"{self.name} cannot list its orders")

    def fetch(self, access: Access, subject: str) -> Message:
        """Read one order again."""
        raise Unsupported(f"{self.name} cannot read one order")

    def refresh(self, access: Access) -> Token:
        """A fresh token before the old one ends; `Unauthorised` where a person must authorise again."""
        raise Unsupported(f"{self.name} has no token to refresh")

    # Acts: every one may be repeated safely, and raises only `integrations.errors` -------------------------------
    def issue_waybill(self, access: Access, wish: WaybillWish) -> Waybill:
        raise Unsupported(f"{self.name} issues no waybills")

    def cancel_waybill(self, access: Access, carrier: str, waybill: str) -> None:
        raise Unsupported(f"{self.name} cancels no waybills")

    def ship(self, access: Access, wish: ShipWish) -> None:
        raise Unsupported(f"{self.name} takes no shipping notices")

    def subscribe(self, access: Access, wish: TrackWish) -> None:
        """Ask to be told of every step of a parcel at `access.hook_url`. "Already subscribed" counts as done."""
        raise Unsupported(f"{self.name} follows no parcels")

    def query(self, access: Access, wish: TrackWish) -> Message:
        """Read a parcel's steps now: a message that `parse` understands."""
        raise Unsupported(f"{self.name} answers no questions about parcels")

    def tell(self, access: Access, news: Telling) -> None:
        raise Unsupported(f"{self.name} is not told of parcels")

    def answer(self, access: Access, wish: AnswerWish) -> None:
        raise Unsupported(f"{self.name} waits for no answers")

    def intercept(self, access: Access, wish: InterceptWish) -> Mapping[str, Any]:
        """Ask the courier to stop or redirect. What comes back is an acceptance; the outcome is told by the track."""
        raise Unsupported(f"{self.name} stops no parcels")

    def deliver(self, access: Access, wish: DeliveryWish) -> Mapping[str, Any]:
        raise Unsupported(f"{self.name} is no warehouse")

    def cancel_delivery(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        raise Unsupported(f"{self.name} is no warehouse")

    def pend(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        raise Unsupported(f"{self.name} cannot pend")

    def restore(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        raise Unsupported(f"{self.name} cannot restore")


@dataclass(frozen=True)
class FieldError:
    """Why a connection's settings are not good, by field."""

    field: str
    text: str


def check_settings(adapter: Adapter, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> list[FieldError]:
    """What is missing or wrong before this connection can work."""
    missing = [
        FieldError(wanted.name, f"{wanted.label}: 必填")
        for wanted in adapter.fields
        if wanted.required and not (secrets if wanted.secret else settings).get(wanted.name)
    ]
    return [*missing, *adapter.problems(settings, secrets)]
