"""Bring states to what the recorded facts say: the same facts in any order end in the same order (law 3).

Nothing here looks at the fact that just came; everything is derived from what is recorded. It walks the legal path
with one event a step. What the facts broke becomes a hold (`implied`).
"""

from datetime import datetime, timedelta

from orders.lifecycle import LEFT, STAGE_RANK, LabelState, OrderState, ParcelState
from orders.models import OBSERVED, Claim, Label, Order, Parcel, PrintAttempt
from orders.services import cases, implied, steps
from orders.services.claims import PROGRESS, claims_about, first_time, seen_waybills, signed_for_at
from orders.services.dossier import Dossier, void_labels

_PACKED, _SHIPPED = STAGE_RANK[ParcelState.PACKED], STAGE_RANK[ParcelState.SHIPPED]
_SIGNED, _RETURNED = STAGE_RANK[ParcelState.SIGNED], STAGE_RANK[ParcelState.RETURNED]
_PATH = [(_PACKED, ParcelState.PACKED), (_SHIPPED, ParcelState.SHIPPED), (_SIGNED, ParcelState.SIGNED)]


def settle(dossier: Dossier) -> None:
    order = dossier.order
    progress = _progress(dossier)
    if order.state == OrderState.PENDING_PAYMENT and (order.paid_at or progress):
        steps.pay(dossier, OBSERVED, at=order.paid_at)
    _promise(order)
    if progress and not dossier.parcels:
        _first_parcel(dossier)
    for parcel in dossier.parcels:
        label = _warehouse_label(dossier, parcel)
        _walk(dossier, parcel, label)
    if order.closed_at and order.state in (
        OrderState.PENDING_PAYMENT, OrderState.PAID, OrderState.TO_PICK, OrderState.PACKED,
    ) and not _left(dossier):  # fmt: skip
        steps.cancel(dossier, OBSERVED, at=order.closed_at)
    for parcel in dossier.parcels:
        if order.state == OrderState.CANCELLED and parcel.state in (ParcelState.TO_PICK, ParcelState.PACKED):
            steps.void(dossier, parcel, OBSERVED)
        if parcel.state == ParcelState.VOIDED:
            void_labels(dossier, parcel)
    steps.follow(dossier)
    cases.close_what_came_true(dossier)
    implied.reconcile(dossier)


def _promise(order: Order) -> None:
    """A paid order always has a time to be shipped by: the platform's, else what the shop promises."""
    if order.paid_at and (order.ship_by is None or order.ship_by_promised):
        start = max(order.paid_at, order.presale_until or order.paid_at)
        order.ship_by, order.ship_by_promised = start + timedelta(hours=order.shop.ship_hours), True


def _progress(dossier: Dossier) -> int:
    furthest = max((claim.furthest for claim in dossier.claims if claim.system in PROGRESS), default=0)
    observed = any(row.outcome == PrintAttempt.Outcome.OBSERVED for row in dossier.prints)
    return max(furthest, STAGE_RANK[ParcelState.TO_PICK] if observed else 0)


def _left(dossier: Dossier) -> bool:
    return any(parcel.state in LEFT for parcel in dossier.parcels)


def _first_parcel(dossier: Dossier) -> None:
    """Another system already works on an order that the tower had not released."""
    if dossier.order.state == OrderState.PAID:
        steps.release(dossier, OBSERVED)
    else:
        steps.make_parcel(dossier, [(line, line.quantity) for line in dossier.lines])


def _first(claims: list[Claim], rank: int) -> datetime | None:
    """The first time anybody said that the parcel was at least this far."""
    times = [
        time
        for claim in claims
        for name in claim.seen
        if name.startswith("stage:") and int(name[6:]) >= rank
        for time in [first_time(claim, name)]
        if time
    ]
    return min(times, default=None)


def _walk(dossier: Dossier, parcel: Parcel, label: Label | None) -> None:
    claims = claims_about(dossier, parcel)
    target = max((claim.furthest for claim in claims), default=0)
    confirmed = any("packed_by_lead" in claim.seen for claim in claims)
    if target < _SHIPPED and not confirmed:
        # A warehouse's "packed" counts only where its word or its operator was accepted as 仓管组长's.
        target = min(target, STAGE_RANK[ParcelState.TO_PICK])
    if parcel.state == ParcelState.VOIDED and target >= _SHIPPED:
        steps.reappear(dossier, parcel, at=_first(claims, _SHIPPED))
    if parcel.state == ParcelState.VOIDED:
        if confirmed and parcel.packed_at is None:
            parcel.packed_at = _first(claims, _PACKED)
            dossier.touch(parcel)
        return
    moves = {
        (ParcelState.TO_PICK, ParcelState.PACKED): (steps.pack, _PACKED),
        (ParcelState.PACKED, ParcelState.SHIPPED): (steps.ship, _SHIPPED),
        (ParcelState.SHIPPED, ParcelState.SIGNED): (steps.sign, _SIGNED),
    }
    for rank, state in _PATH:
        if target >= rank and (step := moves.get((ParcelState(parcel.state), state))):
            if target == _RETURNED and state == ParcelState.SIGNED:
                continue
            step[0](dossier, parcel, OBSERVED, at=_first(claims, step[1]))
    if target == _RETURNED and parcel.state in (ParcelState.SHIPPED, ParcelState.SIGNED):
        steps.return_parcel(dossier, parcel, OBSERVED, at=_first(claims, _RETURNED))
    _keep_first_times(dossier, parcel, claims)
    if target == _RETURNED and parcel.signed_at != (signed := signed_for_at(claims)):
        # It may have been heard as signed before it was known to have turned back.
        parcel.signed_at = signed
        dossier.touch(parcel)


def _keep_first_times(dossier: Dossier, parcel: Parcel, claims: list[Claim]) -> None:
    """A late report may know of an earlier time."""
    for name, rank in (("packed_at", _PACKED), ("shipped_at", _SHIPPED), ("signed_at", _SIGNED)):
        known, first = getattr(parcel, name), _first(claims, rank)
        if known and first and first < known:
            setattr(parcel, name, first)
            dossier.touch(parcel)


def address_version_at(order: Order, dossier: Dossier, at: datetime) -> int:
    """The version that was the order's address at a moment, by the source's time."""
    known = [row.version for row in dossier.addresses if row.source_at <= at]
    return max(known, default=1 if dossier.addresses else 0)


def _warehouse_label(dossier: Dossier, parcel: Parcel) -> Label | None:
    """Where the warehouse prints by itself, its first print is the parcel's label."""
    label = dossier.living_label(parcel)
    prints = [row for row in dossier.prints if row.outcome == "observed" and row.parcel_id == parcel.pk]
    waybills = seen_waybills(dossier, parcel)
    times = [row.at for row in prints] + [time for time, _, _ in waybills]
    if not times:
        return label
    if label is not None and label.issuer == Label.Issuer.TOWER:
        if label.state == LabelState.LIVE and any(row.waybill in ("", label.waybill) for row in prints):
            label.state, label.printed_at = LabelState.PRINTED, min(row.at for row in prints)
            dossier.touch(label)
            dossier.note("print_observed", result="observed", parcel=parcel, facts={"label": label.pk})
        return label
    first, at = (waybills[0] if waybills else None), min(times)
    dead_before = [row for row in dossier.labels if row.parcel_id == parcel.pk and row.issuer == Label.Issuer.WMS]
    if label is None and dead_before:
        label = dead_before[-1]
    if label is None:
        label = Label(parcel=parcel, issuer=Label.Issuer.WMS, state=LabelState.PRINTED, printed_at=at)
        label.generation = 1 + max((row.generation for row in dossier.labels if row.parcel_id == parcel.pk), default=0)
        label.save()
        dossier.labels.append(label)
        dossier.note("print_observed", result="observed", parcel=parcel, facts={"label": label.pk}, source_at=at)
    values = {
        "waybill": first[1] if first else "",
        "carrier": (first[2] if first else "") or label.carrier,
        "printed_at": at,
        "address_version": address_version_at(dossier.order, dossier, at),
    }
    if any(getattr(label, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(label, name, value)
        dossier.touch(label)
    return label
