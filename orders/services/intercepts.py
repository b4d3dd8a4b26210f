"""快递拦截: a parcel that ought not to have left is asked back from its courier, once; its track tells how that ended.

The tower's own case beside those that customers open: no person answers it, and it holds nothing, because the goods are
under way already.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from orders import clock
from orders.lifecycle import CauseKind, OrderState, ParcelState
from orders.models import AfterSale, InterceptRequest, Label, Order, Parcel
from orders.services.claims import claims_about
from orders.services.decide import answer, in_one_transaction, member_orders
from orders.services.dossier import Dossier, load
from orders.services.outcome import Outcome
from orders.vocabulary import Cause

# The channel of these cases: nobody asked, the tower saw.
TOWER = "tower"
_ENDED = (ParcelState.SIGNED, ParcelState.RETURNED)
_WAY_BACK = ("word:returning", "word:returned")
_AT_THE_DOOR = ("word:out_for_delivery", "word:signed")


@dataclass(frozen=True)
class Wanted:
    """A parcel under way that nobody wants any more, and why: closed, refund."""

    parcel_id: int
    ground: str


def start(parcel_id: int, *, ground: str, reason: str, cause: Cause) -> Outcome:
    """Open the case, once per parcel, whatever holds the order. `made["case"]`; `not_wanted` where the parcel's way
    has ended."""

    def act(dossiers: list[Dossier]) -> Outcome:
        first = dossiers[0]
        parcel = first.parcel(parcel_id)
        known = InterceptRequest.objects.filter(parcel=parcel, channel=TOWER).first()
        if known is not None:
            return answer(first, code="repeat", made={"case": known.pk})
        if parcel.state in _ENDED:
            return answer(first, ok=False, code="not_wanted", detail="包裹已签收或已退回")
        label = label_of(first, parcel)
        kind = "recall" if parcel.shipped_at else "stop"
        case = InterceptRequest.objects.create(
            order=first.order, parcel=parcel, channel=TOWER, kind=kind, act=kind, asked_at=clock.now()
        )
        for dossier in dossiers:
            dossier.order.has_cases = True
            dossier.note(
                "intercept_started",
                parcel=parcel,
                key=f"intercept:{parcel.pk}",
                reason=reason,
                facts={
                    "case": case.pk,
                    "kind": kind,
                    "ground": ground,
                    "waybill": label.waybill if label else "",
                    "carrier": label.carrier if label else parcel.carrier,
                },
            )
        end_by_track(first)
        return answer(first, made={"case": case.pk})

    return in_one_transaction(member_orders(parcel_id), cause, act)


def note_courier(case_id: int, *, accepted: bool, detail: str, cause: Cause) -> Outcome:
    """What the courier said to the request: an acceptance is no success yet, a refusal is for a person."""
    order_id = InterceptRequest.objects.filter(pk=case_id).values_list("order_id", flat=True).first()
    if order_id is None:
        return Outcome(ok=False, code="not_found", detail="找不到这个拦截")

    def act(dossiers: list[Dossier]) -> Outcome:
        dossier = dossiers[0]
        case = InterceptRequest.objects.get(pk=case_id)
        case.stage = "asked" if accepted else "declined"
        case.save(update_fields=["stage"])
        dossier.note(
            "intercept_asked",
            parcel=next((row for row in dossier.parcels if row.pk == case.parcel_id), None),
            key=f"intercept:{case.parcel_id}",
            reason=detail[:300],
            facts={"case": case.pk, "accepted": accepted},
        )
        return answer(dossier, made={"case": case.pk})

    return in_one_transaction([order_id], cause, act)


def end_by_track(dossier: Dossier) -> None:
    """The outcome, derived from what couriers and warehouses said, in whatever order it came (law 3)."""
    if not dossier.order.has_cases:
        return
    for case in InterceptRequest.objects.filter(order=dossier.order, channel=TOWER).order_by("pk"):
        parcel = next((row for row in dossier.parcels if row.pk == case.parcel_id), None)
        state = _outcome(dossier, parcel) if parcel else case.state
        if state == case.state:
            continue
        case.state = state
        case.closed_at = None if state == "open" else clock.now()
        case.save(update_fields=["state", "closed_at"])
        if state != "open":
            dossier.note(
                "intercept_ended",
                parcel=parcel,
                key=f"intercept:{case.parcel_id}",
                facts={"case": case.pk, "outcome": state},
            )


def _outcome(dossier: Dossier, parcel: Parcel) -> str:
    about = claims_about(dossier, parcel)
    said = {name for claim in about if claim.system == CauseKind.COURIER for name in claim.seen}
    if parcel.state == ParcelState.RETURNED or said.intersection(_WAY_BACK):
        return "done"
    if parcel.state == ParcelState.SIGNED or said.intersection(_AT_THE_DOOR):
        return "too_late"
    given_up = any(claim.system == CauseKind.WMS and claim.stage == "cancelled" for claim in about)
    return "withdrawn" if given_up and parcel.shipped_at is None else "open"


def wanted(order: Order) -> list[Wanted]:
    """Reads only: the order's parcels that left and are under way although they should come back."""
    (dossier,) = load([order], cause=Cause(kind=CauseKind.SYSTEM))
    return list(_wanted(dossier))


def _wanted(dossier: Dossier) -> Iterator[Wanted]:
    order = dossier.order
    closed = order.closed_at is not None or order.state == OrderState.CANCELLED
    for parcel in dossier.parcels:
        if parcel.state != ParcelState.SHIPPED:
            continue
        if closed:
            yield Wanted(parcel.pk, "closed")
        elif _is_refunded(dossier, parcel):
            yield Wanted(parcel.pk, "refund")


def _is_refunded(dossier: Dossier, parcel: Parcel) -> bool:
    """Everything in it is asked back: one line of several is no reason to stop the others."""
    kinds = (AfterSale.Kind.REFUND_ONLY, AfterSale.Kind.RETURN_REFUND)
    states = (AfterSale.State.OPEN, AfterSale.State.DONE)
    sales = [sale for sale in dossier.aftersales if sale.kind in kinds and sale.state in states]
    if any(sale.line_id is None for sale in sales):
        return True
    asked_back = {sale.line_id for sale in sales} | {line.pk for line in dossier.lines if line.closed}
    inside = set(parcel.lines.values_list("order_line_id", flat=True))
    return bool(sales) and bool(inside) and inside <= asked_back


def label_of(dossier: Dossier, parcel: Parcel) -> Label | None:
    """The label under which it travels: the newest with a number, dead or not, for paper does not die."""
    named = [row for row in dossier.labels if row.parcel_id == parcel.pk and row.waybill]
    return dossier.living_label(parcel) if not named else named[-1]
