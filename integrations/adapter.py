"""What a connector is. One folder per outside system, found by walking; the folder's `adapter` is an `Adapter`.

An adapter never touches the database: it gets `Access` (an opened connection) and plain data, and gives plain data
back. What it cannot do is absent from `capabilities`, and the method raises `Unsupported`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.errors import Unsupported
from integrations.exchange import (
    Access,
    AnswerWish,
    Decision,
    DeliveryWish,
    Doubtful,
    Fetch,
    Goods,
    HandedOn,
    Handing,
    Incoming,
    InterceptWish,
    Message,
    Polled,
    Question,
    Reply,
    Said,
    Says,
    ShipWish,
    StockWord,
    Telling,
    Token,
    TrackWish,
    Unannounced,
    Unlisted,
    Waybill,
    WaybillStock,
    WaybillWish,
)

__all__ = [
    "Access",
    "Adapter",
    "AnswerWish",
    "Decision",
    "DeliveryWish",
    "Doubtful",
    "Fetch",
    "Field",
    "FieldError",
    "Goods",
    "HandedOn",
    "Handing",
    "Incoming",
    "InterceptWish",
    "Message",
    "Polled",
    "Question",
    "Reply",
    "Said",
    "Says",
    "ShipWish",
    "StockWord",
    "Telling",
    "Token",
    "TrackWish",
    "Unannounced",
    "Unlisted",
    "Waybill",
    "WaybillStock",
    "WaybillWish",
    "check_settings",
]


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
    # Of: webhook, poll, fetch, waybill, ship, deliver, pend, subscribe, query, tell, token, authorise, answer, decide,
    # slice, numbers, intercept, between, waybill_stock. A method below belongs to each.
    capabilities: ClassVar[frozenset[str]] = frozenset()
    fields: ClassVar[tuple[Field, ...]] = ()
    # The tower's codes of the couriers whose parcels it follows; empty: any.
    carriers: ClassVar[frozenset[str]] = frozenset()
    # A token is refreshed when it has less than this left.
    token_lead: ClassVar[timedelta] = timedelta(hours=24)
    # What a person ticks in the platform's console so that it is pushed: (topic, what it is for).
    topics: ClassVar[tuple[tuple[str, str], ...]] = ()
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

    # Standing between two systems: only where it can "between" ------------------------------------------------------
    def hand_on(self, access: Access, incoming: Incoming) -> HandedOn:
        """Hand a request on, its body byte for byte, signed anew. No answer is an outcome, not an exception."""
        raise Unsupported(f"{self.name} stands between nobody")

    def knows(self, access: Access, handing: Handing) -> str | None:
        """Ask the system behind for one order: its number there ("" where it names none), `None` where it is not
        there. `Temporary` or `Permanent` where that cannot be told."""
        raise Unsupported(f"{self.name} stands between nobody")

    def carried(self, message: Message) -> tuple[str, ...] | None:
        """The order codes of a message that must go on to the other system, in the order in which it came."""
        return None

    def carry(self, access: Access, message: Message) -> None:
        """Bring a kept message to the other system, its body byte for byte."""
        raise Unsupported(f"{self.name} stands between nobody")

    # Reading ----------------------------------------------------------------------------------------------------
    def parse(self, message: Message) -> Sequence[Says]:
        """Pure: a stored message in the tower's words. `Unreadable` with a reason where it makes no sense."""
        raise NotImplementedError

    def parse_kept(self, message: Message, *, settings: Mapping[str, Any], at: datetime | None) -> Sequence[Says]:
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

    def authorise_url(self, access: Access, state: str) -> str:
        """The platform's page where the seller says yes; it comes back with a code, and with `state` unchanged."""
        raise Unsupported(f"{self.name} is not authorised by page")

    def authorise(self, access: Access, code: str) -> Token:
        """The code of the platform's page for a token; `Permanent` where it is wrong, used, or too old."""
        raise Unsupported(f"{self.name} is not authorised by page")

    # Acts: every one may be repeated safely, and raises only `integrations.errors` -------------------------------
    def issue_waybill(self, access: Access, wish: WaybillWish) -> Waybill:
        raise Unsupported(f"{self.name} issues no waybills")

    def cancel_waybill(self, access: Access, carrier: str, waybill: str, object_id: str = "") -> None:
        """Give a number back; `object_id` is the handle under which it was asked for."""
        raise Unsupported(f"{self.name} cancels no waybills")

    def waybill_stock(self, access: Access) -> Sequence[WaybillStock]:
        """The balance of numbers, where they are bought in advance."""
        raise Unsupported(f"{self.name} has no balance of numbers")

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
