"""What the trail says of one order, event by event: its state, parcels, labels, holds, newest address."""

from dataclasses import dataclass, field
from typing import Any

from .published import ORDER_DERIVED, ORDER_MOVES, PARCEL_DERIVED, PARCEL_MOVES, STATELESS, WITHOUT_RULES
from .reading import Event

KNOWN_VERBS = frozenset((*ORDER_MOVES, *PARCEL_MOVES, *ORDER_DERIVED, *PARCEL_DERIVED, *STATELESS)) | WITHOUT_RULES
# The documents do not say how these verbs are spelled in the trail, so a part of the word decides.
CLOSES_A_HOLD = ("lift", "clos", "withdraw", "resolv")
KILLS_A_LABEL = ("void", "fail", "kill")


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
    """`doubtful`: only a line is held, or its end is told in words that the documents do not publish."""

    reason: str
    parcel: int | None
    opened_by: str
    ground: str
    doubtful: bool = False


def parcel_of(event: Event) -> int | None:
    parcel = event["parcel"]
    return parcel if isinstance(parcel, int) else None


def moves_parcel(event: Event) -> bool:
    """`return` and `reappear` are moves of both; where a parcel is named it is the parcel's."""
    verb = event["verb"]
    if verb in ("return", "reappear"):
        return event["parcel"] is not None and (verb == "return" or event["from"] == "voided")
    return verb in PARCEL_MOVES


def hold_named_by(event: Event) -> int | None:
    number = event["facts"].get("hold")
    if isinstance(number, int):
        return number
    prefix, _, digits = event["key"].partition(":")
    return int(digits) if prefix == "hold" and digits.isdigit() else None


def label_on_ground(ground: str) -> int:
    """A hold's ground "label:5" as 5; 0 where it stands on something else."""
    kind, _, digits = ground.partition(":")
    return int(digits) if kind == "label" and digits.isdigit() else 0


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
        self.holds: dict[int, Hold] = {}
        self.platform_orders: set[str] = set()
        self.permits = 0
        self.strange_verbs: set[str] = set()
        self.newest_source_at: dict[str, str] = {}
        self.moves_made: dict[int, int] = {}
        self.difference = ""

    def holds_on(self, parcel: int | None) -> tuple[list[Hold], bool]:
        """The holds that surely stop an act on this parcel (or on the order), and whether others might."""
        sure, perhaps = [], False
        for hold in self.holds.values():
            if not hold.doubtful and (hold.parcel is None or hold.parcel == parcel):
                sure.append(hold)
            elif hold.doubtful or parcel is None:
                perhaps = True
        return sure, perhaps

    def has_hold(self, reason: str) -> bool:
        return any(hold.reason == reason for hold in self.holds.values())

    def stale(self, event: Event) -> bool:
        """A fact that is not newer than what its system said before; it moves nothing."""
        if event["facts"].get("stale"):
            return True
        newest = self.newest_source_at.get(str(event["facts"].get("system")), "")
        return bool(event["source_at"]) and event["source_at"] <= newest

    def apply(self, event: Event) -> None:
        self.version, self.seq, self.at = event["version"], event["seq"], event["at"]
        if event["result"] == "refused":
            return
        facts: dict[str, Any] = event["facts"]
        verb: str = event["verb"]
        if verb in ("fact", "order_seen"):
            self._heard(event, facts)
        elif verb not in KNOWN_VERBS:
            self.strange_verbs.add(verb)
            if "permit" in verb:
                self.permits += 1
        number = parcel_of(event)
        if number is not None:
            self._parcel(event, facts, self.parcels.setdefault(number, Parcel()))
        if event["to"] and verb in KNOWN_VERBS and not moves_parcel(event):
            self.state = event["to"]
        if "hold" in facts or event["key"].startswith("hold:"):
            self._hold(event, facts)
        if "label" in facts:
            self._label(event, facts)
        version = facts.get("address_version")
        if isinstance(version, int) and "label" not in facts and verb not in ("ship", "pack", "release"):
            self.address_version = max(self.address_version, version)

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
        elif verb == "sign":
            parcel.signed_at, parcel.signed_by = event["at"], event["actor"]
        elif verb == "void":
            for label in self.labels.values():
                label.dead = label.dead or label.parcel == event["parcel"]

    def _hold(self, event: Event, facts: dict[str, Any]) -> None:
        number = hold_named_by(event)
        if number is None:
            return
        verb = event["verb"]
        if verb == "hold_opened":
            doubtful = "line" in facts or facts.get("scope") == "line"
            self.holds[number] = Hold(
                str(facts.get("reason", "")), parcel_of(event), event["actor"], str(facts.get("ground", "")), doubtful
            )
        elif any(part in verb for part in CLOSES_A_HOLD):
            self.holds.pop(number, None)
        elif number in self.holds and verb not in KNOWN_VERBS:
            self.holds[number].doubtful = True

    def _label(self, event: Event, facts: dict[str, Any]) -> None:
        number, parcel = facts["label"], parcel_of(event)
        if not isinstance(number, int) or parcel is None:
            return
        verb = event["verb"]
        label = self.labels.setdefault(number, Label(parcel))
        if verb == "waybill_requested":
            label.address_version = int(facts.get("address_version") or 0)
        elif verb == "waybill_issued":
            label.waybill, label.generation = str(facts.get("waybill", "")), int(facts.get("generation") or 0)
            self.parcels[parcel].waybills.add(label.waybill)
        elif verb == "print":
            label.printers.add(event["actor"])
        if any(part in verb for part in KILLS_A_LABEL) or facts.get("outcome") == "failed":
            label.dead = True
