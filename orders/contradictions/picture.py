"""One order's facts as a frozen view: what each system says of each parcel, since when. No database behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from orders.lifecycle import LEFT, STAGE_RANK, LabelState, OrderState, ParcelState

PACKED, SHIPPED = STAGE_RANK[ParcelState.PACKED], STAGE_RANK[ParcelState.SHIPPED]
SIGNED, RETURNED = STAGE_RANK[ParcelState.SIGNED], STAGE_RANK[ParcelState.RETURNED]
# A warehouse's or an ERP's words that mean that somebody works on the order now.
WORKING = ("accepted", "printed", "picking", "checked", "packed", "weighed", "staged", "shipped_part", "exception")
# Words of an ERP that would push the order once more.
ERP_OPEN = ("accepted", "printed", "picking", "checked", "packed", "weighed", "staged")
# Heard of so soon, an order may have been missed for a while; later, it is a back-fill of the past.
FRESH = timedelta(hours=1)
# The parcel is not on its way to the buyer any more.
COMING_BACK = ("refused", "returning", "returned")
# Flags that say: these goods do not leave from this seller's own warehouse.
NOT_FROM_HERE = frozenset({"platform_warehouse", "dropship", "virtual"})


@dataclass(frozen=True, kw_only=True)
class Word:
    """The last word of one system about one subject, and everything it ever said of it."""

    system: str
    subject: str
    stage: str
    at: datetime
    # The furthest stage it ever reported (`STAGE_RANK`); 0 where it reported none.
    furthest: int = 0
    # `word:…`, `stage:…`, `waybill:…`, `item:…` → the first time it was said.
    seen: Mapping[str, datetime] = field(default_factory=dict)

    def since(self, *stages: str) -> datetime:
        """When it first said one of these words."""
        return min((self.seen[name] for stage in stages if (name := f"word:{stage}") in self.seen), default=self.at)

    def reached(self, rank: int) -> datetime | None:
        """When it first said that the parcel was at least so far."""
        times = (at for name, at in self.seen.items() if name.startswith("stage:") and int(name[6:]) >= rank)
        return min(times, default=None)

    @property
    def waybills(self) -> dict[str, str]:
        """Number → carrier, of every package it named."""
        named = (name.split(":", 2) for name in self._in_order("waybill:"))
        return {number: carrier for _, carrier, number in named}

    @property
    def pieces(self) -> dict[str, int]:
        """Goods code → pieces in all packages together; empty where it did not say."""
        named = (name.split(":", 3) for name in self._in_order("item:"))
        of_package = {(number, code): int(quantity) for _, number, quantity, code in named}
        found: dict[str, int] = {}
        for (_, code), quantity in of_package.items():
            found[code] = found.get(code, 0) + quantity
        return found

    def _in_order(self, beginning: str) -> list[str]:
        """As it was said, oldest first: of two words about one thing the later one is meant."""
        return sorted((name for name in self.seen if name.startswith(beginning)), key=lambda name: self.seen[name])


@dataclass(frozen=True, kw_only=True)
class Number:
    """A label: its waybill number, who gave it, and whether it still counts."""

    waybill: str
    carrier: str
    state: str
    by_tower: bool
    address_version: int
    at: datetime

    @property
    def living(self) -> bool:
        return self.state not in (LabelState.VOID, LabelState.FAILED)


class Numbered(TypedDict):
    waybill: str
    carrier: str


@dataclass(frozen=True, kw_only=True)
class Print:
    at: datetime
    waybill: str
    # True where another system reported it, False where the tower allowed it.
    observed: bool


@dataclass(frozen=True, kw_only=True)
class Package:
    """A parcel with all that is said of it."""

    pk: int
    number: str
    state: str
    carrier: str = ""
    created_at: datetime
    packed_at: datetime | None = None
    shipped_at: datetime | None = None
    signed_at: datetime | None = None
    # 仓管组长 confirmed it, or a word that was accepted as theirs.
    confirmed: bool = False
    label: Number | None = None
    dead: tuple[Number, ...] = ()
    words: tuple[Word, ...] = ()
    prints: tuple[Print, ...] = ()
    # Goods code → pieces that belong into it; empty where nothing is mapped.
    pieces: Mapping[str, int] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        return self.state in (ParcelState.TO_PICK, ParcelState.PACKED)

    @property
    def left(self) -> bool:
        return self.state in LEFT

    @property
    def voided(self) -> bool:
        return self.state == ParcelState.VOIDED

    def heard(self, *systems: str) -> tuple[Word, ...]:
        return tuple(word for word in self.words if word.system in systems)

    def saying(self, system: str, *stages: str) -> Word | None:
        """The system's word, where its last one is one of these."""
        return next((word for word in self.words if word.system == system and word.stage in stages), None)

    def furthest(self, *systems: str) -> int:
        return max((word.furthest for word in self.heard(*systems)), default=0)

    def reached(self, rank: int, *systems: str) -> datetime | None:
        """When one of these systems first said that the parcel was at least so far."""
        times = [time for word in self.heard(*systems) if (time := word.reached(rank))]
        return min(times, default=None)

    def courier_of(self, number: Number | None) -> Word | None:
        """What its courier says of one waybill number."""
        wanted = number.waybill if number else ""
        return next((word for word in self.heard("courier") if word.subject == wanted), None) if wanted else None

    def numbered(self, number: Number | None = None) -> Numbered:
        """The number to speak of, and with which courier."""
        label, word = number or self.label, self.courier
        known = label.waybill if label else (word.subject if word else "")
        return {"waybill": known, "carrier": (label.carrier if label else "") or self.carrier}

    @property
    def courier(self) -> Word | None:
        """The courier's word about the number that counts, else about any that moves."""
        moving = max(self.heard("courier"), key=lambda word: (word.furthest, word.at), default=None)
        return self.courier_of(self.label) or moving


@dataclass(frozen=True, kw_only=True)
class Refund:
    key: str
    kind: str
    state: str
    requested_at: datetime
    at: datetime
    # The goods themselves were paid back, not a part of the price; and their line still travels.
    for_goods: bool = True


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the customer asked for: another address, or a stop."""

    kind: str
    key: str
    state: str
    # What was decided: accept, refuse, recall, …
    act: str
    asked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Everything that a contradiction may be read from."""

    order: int
    number: str
    state: str
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    # When the tower first heard of it.
    entered_at: datetime
    updated_at: datetime
    held: bool = False
    flags: frozenset[str] = frozenset()
    platform: Word | None = None
    words: tuple[Word, ...] = ()
    packages: tuple[Package, ...] = ()
    refunds: tuple[Refund, ...] = ()
    wishes: tuple[Wish, ...] = ()
    # (version, since when) of every address it ever had, by the platform's time.
    addresses: tuple[tuple[int, datetime], ...] = ()
    # Who tells the platform of a shipped parcel: tower, erp, wms.
    uploader: str = "tower"
    pickup_time: timedelta = timedelta(hours=24)
    # (system, what its connection can do): only who is connected can be missed.
    reach: frozenset[tuple[str, str]] = frozenset()
    # Acts of the outbox that were done: (act, of what). "recycled" a number, "corrected" an ERP about a parcel.
    done: frozenset[tuple[str, str]] = frozenset()

    def reaches(self, system: str, *able: str) -> bool:
        """Whether a connection of that system speaks for this order (and can do one of these)."""
        return any(kind == system and (not able or act in able) for kind, act in self.reach)

    def platform_says(self, *stages: str) -> bool:
        return self.platform is not None and self.platform.stage in stages

    @property
    def platform_since(self) -> datetime:
        return self.platform.since(self.platform.stage) if self.platform else self.updated_at

    def says(self, system: str, *stages: str) -> Word | None:
        """That system's word about the order or any of its parcels, where the last one is one of these."""
        return next((word for word in self.words if word.system == system and word.stage in stages), None)

    def furthest(self, *systems: str) -> int:
        return max((word.furthest for word in self.words if word.system in systems), default=0)

    @property
    def from_here(self) -> bool:
        return not (NOT_FROM_HERE & self.flags)

    @property
    def is_history(self) -> bool:
        """It was on its way long before the tower heard of it: nobody here can know what left then."""
        if self.platform is None or {"word:paid", "word:unpaid"} & self.platform.seen.keys():
            return False
        return self.platform.since(self.platform.stage) < self.entered_at - FRESH

    @property
    def over(self) -> bool:
        """Nothing is to be sent any more: the platform closed it or somebody here cancelled it."""
        return self.closed_at is not None or self.state == OrderState.CANCELLED

    @property
    def live(self) -> tuple[Package, ...]:
        return tuple(one for one in self.packages if not one.voided and one.state != ParcelState.RETURNED)

    @property
    def departed(self) -> tuple[Package, ...]:
        return tuple(one for one in self.packages if one.left)

    @property
    def waiting(self) -> tuple[Package, ...]:
        return tuple(one for one in self.packages if one.waits)

    def in_motion(self) -> Iterator[tuple[Package, datetime]]:
        """Parcels that are under way to the buyer, and since when."""
        for one in self.packages:
            word = one.courier
            if one.state == ParcelState.SHIPPED and (word is None or word.stage not in (*COMING_BACK, "cancelled")):
                yield one, one.shipped_at or self.updated_at

    def old_address_of(self, one: Package) -> datetime | None:
        """Since when the address on the parcel's label is not the order's any more."""
        if one.label is None or one.label.state == LabelState.REQUESTED or not self.addresses:
            return None
        newer = [since for version, since in self.addresses if version > one.label.address_version]
        return min(newer, default=None)


def latest(*times: datetime | None) -> datetime:
    """When all of it was so."""
    return max(time for time in times if time is not None)
