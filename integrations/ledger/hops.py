"""Where one order is on its way, and where it should be by now: no database.

The way: platform → (ERP) and → warehouse system → label → hand-over → courier. A hop counts only once the one before
it was reached, so that one order has one gap, where it got stuck. The ERP is a branch of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from integrations.models.ledger import Hop
from orders.lifecycle import LEFT, OrderState, ParcelState
from orders.services.conditions import EXCLUDING_FLAGS

# After the hop before, in minutes, where the company says nothing else. A night lies within printing and hand-over.
USUAL_MINUTES = {Hop.ERP: 30, Hop.WMS: 15, Hop.PRINTED: 720, Hop.HANDED_OVER: 720}
PHYSICAL = (Hop.WMS, Hop.PRINTED, Hop.HANDED_OVER, Hop.PICKED_UP)


class Kind(StrEnum):
    """What can be said of an order at a hop."""

    NOT_APPLICABLE = "na"
    PRESENT = "present"
    # It has not come as far as the hop before.
    BEFORE = "before"
    # Late, and everybody knows why.
    REASONED = "reasoned"
    # Its time has not come.
    WAITING = "waiting"
    # Its time is over, and the system that would know cannot be read.
    UNKNOWN = "unknown"
    MISSING = "missing"


# Of an order's parcels the worst one speaks.
_WORST_FIRST = (Kind.MISSING, Kind.UNKNOWN, Kind.WAITING, Kind.REASONED, Kind.BEFORE, Kind.PRESENT)


@dataclass(frozen=True)
class Verdict:
    kind: Kind
    due: datetime | None = None
    reason: str = ""


@dataclass(kw_only=True)
class ParcelFacts:
    """One parcel that is not void; each time is when it got there, `None` where it did not."""

    pk: int
    state: str
    warehouse_id: int | None
    created_at: datetime
    in_wms_at: datetime | None = None
    printed_at: datetime | None = None
    shipped_at: datetime | None = None
    picked_up_at: datetime | None = None
    carrier: str = ""


@dataclass(kw_only=True)
class OrderFacts:
    """What is recorded of one order, as far as its way goes."""

    pk: int
    number: str
    state: str
    held: bool
    flags: tuple[str, ...]
    placed_at: datetime
    created_at: datetime
    paid_at: datetime | None
    presale_until: datetime | None
    closed_at: datetime | None
    warehouse_id: int | None
    auto_release: bool
    pickup_hours: int
    # Goods are being refunded or were, and their line is not closed.
    has_refund: bool = False
    all_lines_closed: bool = False
    in_erp_at: datetime | None = None
    # When the last of its holds fell.
    resumed_at: datetime | None = None
    parcels: list[ParcelFacts] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Which systems an order has to pass, and how far each can be read: warehouses by their id.

    What is not there has no system.
    """

    erp: "Reach | None" = None
    wms: Mapping[int, "Reach"] = field(default_factory=dict)
    # Warehouses whose printing nobody tells the tower of.
    unseen_printing: frozenset[int] = frozenset()
    # Couriers that are followed; an empty code stands for any.
    couriers: Mapping[str, "Reach"] = field(default_factory=dict)

    def courier(self, carrier: str) -> "Reach | None":
        return self.couriers.get(carrier) or self.couriers.get("")


@dataclass(frozen=True)
class Reach:
    """How far a system's words are known: `None` for one that tells by itself and is not out of order."""

    until: datetime | None = None
    reachable: bool = True

    def knows(self, moment: datetime) -> bool:
        return self.reachable and (self.until is None or self.until >= moment)


Graces = Mapping[Hop, timedelta]


def judge(order: OrderFacts, around: Surroundings, graces: Graces, *, now: datetime) -> dict[Hop, Verdict]:
    """What can be said of the order at every hop behind the platform."""
    start, reason = _start(order, now)
    found = {Hop.ERP: _erp(order, around, graces, start, reason, now)}
    parcels: list[ParcelFacts | None] = [*order.parcels] or [None]
    ways = [_way(order, parcel, around, graces, start, reason, now) for parcel in parcels]
    for hop in PHYSICAL:
        found[hop] = worst([way[hop] for way in ways])
    return found


def worst(verdicts: list[Verdict]) -> Verdict:
    for kind in _WORST_FIRST:
        if same := [verdict for verdict in verdicts if verdict.kind == kind]:
            return min(same, key=lambda verdict: verdict.due.timestamp() if verdict.due else 0)
    return Verdict(Kind.NOT_APPLICABLE)


def _start(order: OrderFacts, now: datetime) -> tuple[datetime | None, str]:
    """From when the order should go its way; or why it need not."""
    reason = reason_of(order, now)
    begins = [order.paid_at or order.created_at, order.created_at, order.presale_until, order.resumed_at]
    return max(moment for moment in begins if moment is not None), reason


def reason_of(order: OrderFacts, now: datetime) -> str:
    if order.state == OrderState.CANCELLED or order.closed_at is not None:
        return "cancelled"
    if order.all_lines_closed:
        return "refunded"
    if order.state == OrderState.PENDING_PAYMENT:
        return "unpaid"
    if order.held:
        return "held"
    if EXCLUDING_FLAGS & set(order.flags):
        return "left_out"
    if order.presale_until is not None and order.presale_until > now:
        return "presale"
    if order.has_refund:
        return "refund"
    return ""


# Nothing can happen to these any more: a bucket need not stay open for them.
FINAL_REASONS = frozenset({"cancelled", "refunded"})


def _erp(
    order: OrderFacts, around: Surroundings, graces: Graces, start: datetime | None, reason: str, now: datetime
) -> Verdict:
    if around.erp is None:
        return Verdict(Kind.NOT_APPLICABLE)
    if order.in_erp_at is not None:
        return Verdict(Kind.PRESENT)
    return _absent(start, graces[Hop.ERP], around.erp, reason, order, now)


def _absent(
    base: datetime | None, allowance: timedelta, reach: Reach, reason: str, order: OrderFacts, now: datetime
) -> Verdict:
    """It is not there: whether that matters yet."""
    if reason:
        return Verdict(Kind.REASONED, reason=reason)
    if base is None:
        return Verdict(Kind.BEFORE)
    due = max(base, order.resumed_at or base) + allowance
    if due > now:
        return Verdict(Kind.WAITING, due=due)
    return Verdict(Kind.MISSING if reach.knows(due) else Kind.UNKNOWN, due=due)


def _way(
    order: OrderFacts,
    parcel: ParcelFacts | None,
    around: Surroundings,
    graces: Graces,
    start: datetime | None,
    reason: str,
    now: datetime,
) -> dict[Hop, Verdict]:
    """One parcel along its way; of an order that was not released yet there is none."""
    found: dict[Hop, Verdict] = {}
    base, allowance, stuck = start, timedelta(0), False
    if parcel is None and not reason and not order.auto_release:
        # People of this shop send orders to the warehouse themselves.
        reason = "by_hand"
    for hop, reach, reached_at in _stations(order, parcel, around):
        if reach is None:
            # Nobody tells of this hop: its time is given to the next.
            found[hop] = Verdict(Kind.NOT_APPLICABLE)
            allowance += graces.get(hop, timedelta(0))
        elif reached_at is not None:
            found[hop], base, allowance = Verdict(Kind.PRESENT), reached_at, timedelta(0)
        elif stuck:
            found[hop] = Verdict(Kind.BEFORE)
        else:
            found[hop], stuck = _absent(base, allowance + graces[hop], reach, reason, order, now), True
    return found


def _stations(
    order: OrderFacts, parcel: ParcelFacts | None, around: Surroundings
) -> Iterator[tuple[Hop, Reach | None, datetime | None]]:
    """Hop, who knows of it (`None`: nobody), and when it was reached. Who left has been packed and printed."""
    warehouse = (parcel.warehouse_id if parcel else None) or order.warehouse_id or 0
    if parcel is None:
        left = picked = printed = in_wms = None
        courier = around.courier("")
    else:
        gone = parcel.state in LEFT
        picked = parcel.picked_up_at
        left = parcel.shipped_at or picked or (parcel.created_at if gone else None)
        if parcel.state in (ParcelState.SIGNED, ParcelState.RETURNED):
            picked = picked or left
        printed, in_wms = parcel.printed_at or left, parcel.in_wms_at or left
        courier = around.courier(parcel.carrier)
    yield Hop.WMS, around.wms.get(warehouse), in_wms
    yield Hop.PRINTED, None if warehouse in around.unseen_printing else Reach(), printed
    yield Hop.HANDED_OVER, Reach(), left
    yield Hop.PICKED_UP, courier, picked
