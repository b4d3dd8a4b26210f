"""The picture of an order, drawn from its dossier: no query but one for what belongs into the boxes, where it is asked.

What only the floors above know (who is connected, which acts of the outbox were done) is handed in.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from orders.contradictions.picture import Number, Package, Picture, Print, Refund, Wish, Word
from orders.lifecycle import CauseKind
from orders.models import AddressChange, AfterSale, Claim, Label, PackLine, Parcel, PrintAttempt
from orders.services.cases import cases_of
from orders.services.claims import claims_about
from orders.services.dossier import Dossier


def draw(
    dossier: Dossier,
    *,
    reach: frozenset[tuple[str, str]] = frozenset(),
    done: frozenset[tuple[str, str]] = frozenset(),
) -> Picture:
    order = dossier.order
    words = {claim.pk: _word(claim) for claim in dossier.claims}
    platform = [claim for claim in dossier.claims if claim.system == CauseKind.PLATFORM]
    pieces = _pieces(dossier) if any(_names_goods(claim) for claim in dossier.claims) else {}
    return Picture(
        order=order.pk,
        number=order.number,
        state=str(order.state),
        paid_at=order.paid_at,
        closed_at=order.closed_at,
        entered_at=order.created_at,
        updated_at=order.updated_at,
        held=bool(dossier.open_holds),
        flags=frozenset(order.flags),
        platform=words[max(platform, key=lambda claim: (claim.at, claim.rank)).pk] if platform else None,
        words=tuple(words[claim.pk] for claim in dossier.claims if claim.system != CauseKind.PLATFORM),
        packages=tuple(_package(dossier, parcel, words, pieces) for parcel in dossier.parcels),
        refunds=tuple(_refund(dossier, sale) for sale in dossier.aftersales),
        wishes=tuple(
            Wish(
                kind="address" if isinstance(case, AddressChange) else "intercept",
                key=case.source_key or str(case.pk),
                state=case.state,
                act=case.act,
                asked_at=case.asked_at,
            )
            for case in cases_of(dossier)
        ),
        addresses=tuple((row.version, row.source_at) for row in dossier.addresses),
        uploader=str(order.shop.uploads_waybills),
        pickup_time=timedelta(hours=order.shop.pickup_hours),
        reach=reach,
        done=done,
    )


def _word(claim: Claim) -> Word:
    return Word(
        system=str(claim.system),
        subject=claim.subject,
        stage=claim.stage,
        at=claim.at,
        furthest=claim.furthest,
        seen={name: datetime.fromisoformat(at) for name, at in claim.seen.items()},
    )


def _package(dossier: Dossier, parcel: Parcel, words: dict[int, Word], pieces: dict[int, dict[str, int]]) -> Package:
    about = claims_about(dossier, parcel)
    mine = [label for label in dossier.labels if label.parcel_id == parcel.pk]
    living = dossier.living_label(parcel)
    return Package(
        pk=parcel.pk,
        number=parcel.number,
        state=str(parcel.state),
        carrier=parcel.carrier,
        created_at=parcel.created_at,
        packed_at=parcel.packed_at,
        shipped_at=parcel.shipped_at,
        signed_at=parcel.signed_at,
        confirmed=bool(parcel.packed_by_id) or any("packed_by_lead" in claim.seen for claim in about),
        label=_number(living) if living else None,
        dead=tuple(_number(label) for label in mine if not label.is_living and label.waybill),
        words=tuple(words[claim.pk] for claim in about),
        prints=tuple(
            Print(at=row.at, waybill=row.waybill, observed=row.outcome == PrintAttempt.Outcome.OBSERVED)
            for row in dossier.prints
            if row.parcel_id == parcel.pk and row.outcome != PrintAttempt.Outcome.REFUSED
        ),
        pieces=pieces.get(parcel.pk, {}),
    )


def _number(label: Label) -> Number:
    return Number(
        waybill=label.waybill,
        carrier=label.carrier,
        state=str(label.state),
        by_tower=label.issuer == Label.Issuer.TOWER,
        address_version=label.address_version,
        at=label.live_at or label.requested_at,
    )


def _refund(dossier: Dossier, sale: AfterSale) -> Refund:
    """Whether it pays the goods back: 仅退款 of a few yuan for a late parcel does not."""
    line = next((row for row in dossier.lines if row.pk == sale.line_id), None)
    worth = line.price * line.quantity if line else dossier.order.amount
    # A discount on the whole order makes a line cheaper than it says.
    whole = sale.amount is None or sale.amount >= worth * Decimal("0.7")
    goods = sale.kind in (AfterSale.Kind.REFUND_ONLY, AfterSale.Kind.RETURN_REFUND)
    return Refund(
        key=sale.refund_id,
        kind=str(sale.kind),
        state=str(sale.state),
        requested_at=sale.requested_at,
        at=sale.source_at,
        for_goods=goods and whole and not (line and line.closed),
    )


def _names_goods(claim: Claim) -> bool:
    return any(name.startswith("item:") for name in claim.seen)


def _pieces(dossier: Dossier) -> dict[int, dict[str, int]]:
    """Parcel → goods code → pieces that belong into it."""
    found: dict[int, dict[str, int]] = {}
    rows = PackLine.objects.filter(parcel__in=dossier.parcels).values_list("parcel_id", "goods__code", "quantity")
    for parcel_id, code, quantity in rows:
        of_parcel = found.setdefault(parcel_id, {})
        of_parcel[code] = of_parcel.get(code, 0) + quantity
    return found
