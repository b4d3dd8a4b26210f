"""The last word of each outside system, kept as a join: whatever the order of arrival, the same claim (law 3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orders import clock
from orders.lifecycle import STAGE_RANK, CauseKind, ParcelState
from orders.models import Claim, Parcel, PrintAttempt
from orders.services.dossier import Dossier

_PICK, _PACK, _SHIP = (STAGE_RANK[state] for state in (ParcelState.TO_PICK, ParcelState.PACKED, ParcelState.SHIPPED))
_SIGN, _BACK = STAGE_RANK[ParcelState.SIGNED], STAGE_RANK[ParcelState.RETURNED]

# How a courier's claim keeps a number that its parcel goes on under.
ONWARD = "onward:"
# An outside word → how far it says the parcel is. 0: no progress, only a word.
PROGRESS: dict[str, dict[str, int]] = {
    "wms": {
        "accepted": _PICK, "printed": _PICK, "picking": _PICK, "checked": _PACK, "packed": _PACK, "weighed": _PACK,
        "staged": _PACK, "shipped_part": _PACK, "shipped": _SHIP, "signed": _SIGN,
    },
    "courier": {
        "picked_up": _SHIP, "in_transit": _SHIP, "out_for_delivery": _SHIP, "at_pickup_point": _SHIP,
        "signed": _SIGN, "exception": _SHIP, "refused": _SHIP, "returning": _SHIP, "returned": _BACK,
    },
}  # fmt: skip
PROGRESS["erp"] = PROGRESS["wms"]
# Where two words have the same time, the later in this list wins.
TIE_RANK = {
    word: place
    for place, word in enumerate(
        (
            "unknown", "other", "unpaid", "paid", "label_created", "accepted", "printed", "picking", "checked",
            "packed", "weighed", "staged", "shipped_part", "shipped", "picked_up", "in_transit", "out_for_delivery",
            "at_pickup_point", "exception", "cancel_failed", "refused", "returning", "signed", "returned", "finished",
            "rejected", "cancelled", "closed",
        )
    )
}  # fmt: skip


def hear(
    dossier: Dossier, *, system: str, subject: str, stage: str, source_status: str, at: datetime
) -> tuple[Claim, bool]:
    """Join one word into the claim; True where it is news (newer, or further than anything heard before)."""
    claim = next((c for c in dossier.claims if (c.system, c.subject) == (system, subject)), None)
    fresh = claim is None
    if claim is None:
        claim = Claim(order=dossier.order, system=system, subject=subject, at=at, rank=0, seen={})
        dossier.claims.append(claim)
    rank = TIE_RANK.get(stage, 0)
    newer = fresh or (at, rank) > (claim.at, claim.rank)
    if newer:
        claim.stage = claim.status = stage
        claim.source_status, claim.at, claim.rank = source_status[:60], at, rank
        claim.received_at = clock.now()
    progress, before = PROGRESS.get(system, {}).get(stage, 0), claim.furthest
    claim.furthest = max(before, progress)
    if progress:
        remember_first(claim, f"stage:{progress}", at)
    remember_first(claim, f"word:{stage}", at)
    if system == CauseKind.COURIER:
        _who_signed(claim, stage, at)
    dossier.touch(claim)
    return claim, newer or claim.furthest > before


def _who_signed(claim: Claim, stage: str, at: datetime) -> None:
    """Whoever signs for a parcel that was turned back is its sender: it has been returned.

    Every time of signing is kept, so that it does not matter which of the two was heard of first.
    """
    if stage == "signed":
        remember_first(claim, f"signed:{at.isoformat()}", at)
    if back := _signed(claim, "returned"):
        remember_first(claim, f"stage:{_BACK}", back)
        remember_first(claim, "word:returned", back)
        claim.furthest = max(claim.furthest, _BACK)
    if courier_meant(claim, claim.stage, claim.at) != claim.stage:
        claim.stage = claim.status = "returned"
        claim.rank = TIE_RANK["returned"]


def courier_meant(claim: Claim, stage: str, at: datetime) -> str:
    """A courier's word in the light of all it said of this parcel."""
    turned = first_time(claim, "word:returning")
    return "returned" if stage == "signed" and turned and turned <= at else stage


def _signed(claim: Claim, meant: str) -> datetime | None:
    times = (first_time(claim, name) for name in claim.seen if name.startswith("signed:"))
    return min((time for time in times if time and courier_meant(claim, "signed", time) == meant), default=None)


def signed_for_at(claims: Iterable[Claim]) -> datetime | None:
    """When the buyer is first said to have signed for it; whoever takes it back is not the buyer."""
    times = (
        _signed(claim, "signed") if claim.system == CauseKind.COURIER else first_time(claim, f"stage:{_SIGN}")
        for claim in claims
    )
    return min((time for time in times if time), default=None)


def original_number(dossier: Dossier, waybill: str) -> str:
    """The number on the label of a parcel that goes on under another one; the number itself where it is no such."""
    name = f"{ONWARD}{waybill}"
    return next((c.subject for c in dossier.claims if c.system == CauseKind.COURIER and name in c.seen), waybill)


def remember_first(claim: Claim, name: str, at: datetime) -> None:
    """Keep the earliest time at which something was said."""
    text = at.isoformat()
    if name not in claim.seen or text < claim.seen[name]:
        claim.seen = {**claim.seen, name: text}


def first_time(claim: Claim, name: str) -> datetime | None:
    text = claim.seen.get(name)
    return datetime.fromisoformat(text) if text else None


def main_parcel(dossier: Dossier) -> Parcel | None:
    """The parcel that an order-level word is about."""
    live = dossier.live_parcels
    return live[0] if live else (dossier.parcels[0] if dossier.parcels else None)


def claims_about(dossier: Dossier, parcel: Parcel) -> list[Claim]:
    """The words of warehouses, ERP and couriers that speak of this parcel."""
    numbers = {row.number for row in dossier.parcels}
    waybills = {label.waybill: label.parcel_id for label in dossier.labels if label.waybill}
    main = main_parcel(dossier)
    about = []
    for claim in dossier.claims:
        if claim.system not in PROGRESS:
            continue
        if (
            claim.subject == parcel.number
            or waybills.get(claim.subject) == parcel.pk
            or (parcel is main and claim.subject not in numbers and claim.subject not in waybills)
        ):
            about.append(claim)
    return about


@dataclass(frozen=True)
class Package:
    """A package as a warehouse declared it: its number, and what is in it as (goods code, pieces) where it said so."""

    waybill: str
    carrier: str
    items: tuple[tuple[str, int], ...]


def packages_of(dossier: Dossier, parcel: Parcel) -> list[Package]:
    """Every package that warehouses declared for this parcel, by number. Usually one."""
    declared: dict[str, str] = {}
    items: dict[str, set[tuple[str, int]]] = {}
    for claim in claims_about(dossier, parcel):
        for name in claim.seen:
            if name.startswith("package:"):
                declared.setdefault(name.removeprefix("package:"), "")
            elif name.startswith("waybill:"):
                _, carrier, number = name.split(":", 2)
                declared[number] = carrier or declared.get(number, "")
            elif name.startswith("item:"):
                _, number, quantity, code = name.split(":", 3)
                items.setdefault(number, set()).add((code, int(quantity)))
    return [
        Package(number, carrier, tuple(sorted(items.get(number, ())))) for number, carrier in sorted(declared.items())
    ]


def seen_waybills(dossier: Dossier, parcel: Parcel) -> list[tuple[datetime, str, str]]:
    """Every waybill that a warehouse printed or shipped this parcel with, earliest first: (time, number, carrier)."""
    found: dict[str, tuple[datetime, str]] = {}
    for row in dossier.prints:
        if row.outcome == PrintAttempt.Outcome.OBSERVED and row.parcel_id == parcel.pk and row.waybill:
            found[row.waybill] = min(found.get(row.waybill, (row.at, "")), (row.at, ""))
    for claim in claims_about(dossier, parcel):
        for name in claim.seen:
            if name.startswith("waybill:"):
                _, carrier, number = name.split(":", 2)
                time = first_time(claim, name)
                known = found.get(number)
                if time:
                    found[number] = (min(time, known[0]) if known else time, carrier or (known[1] if known else ""))
    return sorted((time, number, carrier) for number, (time, carrier) in found.items())
