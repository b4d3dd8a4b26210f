"""What the trail says of one order, event by event: its state, parcels, labels, holds, newest address."""

from dataclasses import dataclass, field
from typing import Any

from .published import ENDS_A_HOLD, ENDS_A_LABEL, FACTS, PARCEL_MOVES
from .reading import Event

# They name the address that they used, or one that is not believed.
KEEPS_THE_ADDRESS = frozenset(("ship", "pack", "release", "stale_fact", "fact_conflict"))


@dataclass(slots=True)
class Parcel:
    state: str = "to_pick"
    code: str = ""
    warehouse: str = ""
    released_at: str = ""
    shipped_at: str = ""
    shipped_by: str = ""
    waybill: str = ""
    waybills: set[str] = field(default_factory=set)
    left_at: str = ""
    left_act: str = ""
    signed_by: str = ""
    signed_at: str = ""
    last_seq: int = 0


@dataclass(slots=True)
class Label:
    parcel: int
    generation: int = 0
    address_version: int = 0
    waybill: str = ""
    dead: bool = False
    printers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Hold:
    """`since` is when its ground came to be; `doubtful`: only a line is held, which the parcels do not show."""

    reason: str
    parcel: int | None
    opened_by: str
    ground: str
    since: str
    doubtful: bool = False
    lifted_at: str = ""

    def covers(self, parcel: int | None) -> bool:
        return not self.doubtful and (self.parcel is None or self.parcel == parcel)


def parcel_of(event: Event) -> int | None:
    parcel = event["parcel"]
    return parcel if isinstance(parcel, int) else None


def moves_parcel(event: Event) -> bool:
    """`return` and `reappear` are moves of both; where a parcel is named it is the parcel's."""
    verb = event["verb"]
    if verb in ("return", "reappear"):
        return event["parcel"] is not None and (verb == "return" or event["from"] == "voided")
    return verb in PARCEL_MOVES


def happened_at(event: Event) -> str:
    """By the clock of who reported it; what nobody reported happened when it was recorded."""
    at: str = event["source_at"] or event["at"]
    return at


def number_in(ground: str, kind: str) -> int:
    """A hold's ground "label:5" as 5, where it is of this kind, else 0."""
    prefix, _, digits = ground.partition(":")
    return int(digits) if prefix == kind and digits.isdigit() else 0


class OrderLife:
    """The order as it stood after the events that were applied so far. Refusals change nothing."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.order = stream.partition(":")[2]
        self.state = "pending_payment"
        self.version = 0
        self.seq = 0
        self.at = ""
        self.address_version = 0
        self.parcels: dict[int, Parcel] = {}
        self.labels: dict[int, Label] = {}
        self.holds: dict[str, Hold] = {}
        self.lifted: list[Hold] = []
        self.holds_ever: set[str] = set()
        self.left_anyway: set[int | None] = set()
        self.late_grounds: dict[str, list[tuple[int, int]]] = {}
        self.claimed_by: dict[int, str] = {}
        self.orphans: set[str] = set()
        self.platform_orders: set[str] = set()
        self.newest_source_at: dict[str, str] = {}
        self.moves_made: dict[int, int] = {}
        self.difference = ""

    def holds_on(self, parcel: int | None) -> tuple[list[Hold], bool]:
        """The holds that surely stop an act on this parcel (or on the order), and whether others might."""
        sure = [hold for hold in self.holds.values() if hold.covers(parcel)]
        perhaps = any(hold.doubtful or parcel is None for hold in self.holds.values() if not hold.covers(parcel))
        return sure, perhaps

    def has_hold(self, reason: str) -> bool:
        return any(hold.reason == reason for hold in self.holds.values())

    def barred_from(self, hold: Hold) -> set[str]:
        """Whoever caused a hold that asks four eyes: who opened it, and who printed what it is about."""
        barred = {hold.opened_by, self.claimed_by.get(number_in(hold.ground, "attempt"), "")}
        if label := self.labels.get(number_in(hold.ground, "label")):
            barred |= label.printers
        return barred

    def apply(self, event: Event) -> None:
        self.version, self.seq, self.at = event["version"], event["seq"], event["at"]
        if event["result"] == "refused":
            return
        facts: dict[str, Any] = event["facts"]
        verb: str = event["verb"]
        if verb in FACTS:
            self._heard(event, facts)
        number = parcel_of(event)
        if number is not None:
            self._parcel(event, facts, self.parcels.setdefault(number, Parcel()))
        if event["to"] and not moves_parcel(event):
            self.state = event["to"]
        if verb == "hold_opened":
            self._opened(event, facts)
        elif verb in ENDS_A_HOLD:
            self._ended(event)
        if verb == "waybill_orphaned":
            self.orphans.add(str(facts.get("waybill", "")))
        elif "label" in facts:
            self._label(event, facts)
        elif verb not in KEEPS_THE_ADDRESS:
            version = facts.get("address_version")
            self.address_version = max(self.address_version, version if isinstance(version, int) else 0)

    def _heard(self, event: Event, facts: dict[str, Any]) -> None:
        if event["source_at"]:
            system = str(facts.get("system"))
            self.newest_source_at[system] = max(self.newest_source_at.get(system, ""), event["source_at"])
        if event["verb"] == "order_seen":
            parts = event["key"].split(":")
            if len(parts) > 1:
                self.platform_orders.add(parts[1])
            if "platform_order_id" in facts:
                self.platform_orders.add(str(facts["platform_order_id"]))

    def _parcel(self, event: Event, facts: dict[str, Any], parcel: Parcel) -> None:
        verb = event["verb"]
        parcel.last_seq = event["seq"]
        if isinstance(facts.get("parcel"), str):
            parcel.code = facts["parcel"]
        if verb == "release":
            parcel.warehouse, parcel.released_at = str(facts.get("warehouse", "")), event["at"]
        if not moves_parcel(event):
            return
        parcel.state = event["to"]
        if verb == "ship":
            parcel.shipped_at, parcel.shipped_by = event["at"], event["actor"]
            parcel.waybill = str(facts.get("waybill", ""))
            if event["result"] == "observed":
                parcel.left_at, parcel.left_act = happened_at(event), event["act_id"]
        elif verb == "sign":
            parcel.signed_at, parcel.signed_by = event["at"], event["actor"]

    def _opened(self, event: Event, facts: dict[str, Any]) -> None:
        reason, ground, parcel = str(facts.get("reason", "")), str(facts.get("ground", "")), parcel_of(event)
        doubtful = "line" in facts or facts.get("scope") == "line"
        hold = Hold(reason, parcel, event["actor"], ground, happened_at(event), doubtful)
        self.holds[event["key"]] = hold
        self.holds_ever.add(event["key"])
        if reason == "shipped_while_held":
            self.left_anyway.add(parcel)

    def _ended(self, event: Event) -> None:
        hold = self.holds.pop(event["key"], None)
        if event["verb"] == "hold_withdrawn":
            self.late_grounds.pop(event["key"], None)
        elif hold:
            hold.lifted_at = event["at"]
            self.lifted.append(hold)

    def _label(self, event: Event, facts: dict[str, Any]) -> None:
        number, parcel, verb = facts["label"], parcel_of(event), event["verb"]
        if not isinstance(number, int) or parcel is None:
            return
        label = self.labels.setdefault(number, Label(parcel))
        if verb == "waybill_requested":
            label.address_version = int(facts.get("address_version") or 0)
        elif verb == "waybill_issued":
            label.waybill, label.generation = str(facts.get("waybill", "")), int(facts.get("generation") or 0)
            self.parcels[parcel].waybills.add(label.waybill)
        elif verb == "print":
            label.printers.add(event["actor"])
            if isinstance(facts.get("attempt"), int):
                self.claimed_by[facts["attempt"]] = event["actor"]
        failed = verb == "print_result" and facts.get("outcome") == "failed"
        label.dead = label.dead or failed or verb in ENDS_A_LABEL
