"""The steps themselves, shared by commands and observations: what a move does to the rows besides the state.

A step never decides; its caller has judged it, or it was observed. Each writes one event.
"""

from datetime import datetime
from typing import Any

from orders import clock
from orders.lifecycle import Move, OrderState, ParcelState
from orders.models import OBSERVED, Check, Event, OrderLine, Parcel, ParcelLine
from orders.services import goods
from orders.services.dossier import Dossier, least_advanced, void_labels


def _act(instance: Any, method: str, check: Check, *arguments: Any) -> tuple[str, str]:
    before = str(instance.state)
    instance.check_of_move = check
    getattr(instance, method)(*arguments)
    return before, str(instance.state)


def _result(check: Check) -> str:
    return Event.Result.OBSERVED if check.observed else Event.Result.OK


def pay(dossier: Dossier, check: Check, *, reason: str = "", at: datetime | None = None) -> None:
    order = dossier.order
    before, after = _act(order, "pay", check)
    if not check.observed:
        order.paid_at = order.paid_at or clock.now()
    dossier.note(Move.PAY, result=_result(check), from_state=before, to_state=after, reason=reason, source_at=at)


def release(dossier: Dossier, check: Check, *, reason: str = "", at: datetime | None = None) -> Parcel:
    """Give the order to its warehouse: one parcel with every open line."""
    order = dossier.order
    order.warehouse_id = order.warehouse_id or order.shop.warehouse_id
    order.warehouse = order.warehouse or order.shop.warehouse
    before, after = _act(order, "release", check)
    parcel = make_parcel(dossier, [(line, line.quantity) for line in dossier.lines if not line.closed])
    dossier.note(
        Move.RELEASE,
        result=_result(check),
        from_state=before,
        to_state=after,
        parcel=parcel,
        reason=reason,
        facts={"parcel": parcel.number, "warehouse": order.warehouse.code if order.warehouse else ""},
        source_at=at,
    )
    return parcel


def make_parcel(dossier: Dossier, lines: list[tuple[OrderLine, int]]) -> Parcel:
    order = dossier.order
    warehouse = order.warehouse or order.shop.warehouse
    parcel = Parcel.objects.create(
        company_id=order.company_id,
        warehouse=warehouse,
        number=f"{order.number}-{len(dossier.parcels) + 1}",
        carrier=warehouse.default_carrier if warehouse else "",
    )
    ParcelLine.objects.bulk_create(
        ParcelLine(parcel=parcel, order_line=line, quantity=quantity) for line, quantity in lines
    )
    goods.write_pack_lines(dossier, parcel, lines)
    dossier.parcels.append(parcel)
    return parcel


def pack(dossier: Dossier, parcel: Parcel, check: Check, *, at: datetime | None = None, **facts: Any) -> None:
    before, after = _act(parcel, "pack", check)
    parcel.packed_at = at or clock.now()
    if not check.observed:
        parcel.packed_by_id = dossier.cause.user_id
    _moved(dossier, parcel, Move.PACK, check, before, after, at, facts)


def unpack(dossier: Dossier, parcel: Parcel, check: Check, **facts: Any) -> None:
    before, after = _act(parcel, "unpack", check)
    parcel.packed_at = parcel.packed_by = None
    _moved(dossier, parcel, Move.UNPACK, check, before, after, None, facts)


def ship(dossier: Dossier, parcel: Parcel, check: Check, *, at: datetime | None = None, **facts: Any) -> None:
    before, after = _act(parcel, "ship", check)
    parcel.shipped_at = at or clock.now()
    label = dossier.living_label(parcel)
    proof = {
        "waybill": label.waybill if label else "",
        "address_version": label.address_version if label else None,
        "order_address_version": dossier.order.address_version,
    }
    _moved(dossier, parcel, Move.SHIP, check, before, after, at, {**proof, **facts})


def sign(dossier: Dossier, parcel: Parcel, check: Check, *, at: datetime | None = None, **facts: Any) -> None:
    before, after = _act(parcel, "sign", check)
    parcel.signed_at = at or clock.now()
    _moved(dossier, parcel, Move.SIGN, check, before, after, at, facts)


def void(dossier: Dossier, parcel: Parcel, check: Check, **facts: Any) -> None:
    before, after = _act(parcel, "void", check)
    void_labels(dossier, parcel)
    _moved(dossier, parcel, Move.VOID, check, before, after, None, facts)


def return_parcel(dossier: Dossier, parcel: Parcel, check: Check, *, at: datetime | None = None, **facts: Any) -> None:
    before, after = _act(parcel, "return_", check)
    _moved(dossier, parcel, Move.RETURN, check, before, after, at, facts)


def reappear(dossier: Dossier, parcel: Parcel, *, at: datetime | None = None) -> None:
    before, after = _act(parcel, "reappear", OBSERVED)
    _moved(dossier, parcel, "reappear", OBSERVED, before, after, at, {})


def _moved(
    dossier: Dossier,
    parcel: Parcel,
    verb: str,
    check: Check,
    before: str,
    after: str,
    at: datetime | None,
    facts: dict[str, Any],
) -> None:
    dossier.touch(parcel)
    reason = str(facts.pop("reason", ""))
    dossier.note(
        verb,
        result=_result(check),
        from_state=before,
        to_state=after,
        parcel=parcel,
        reason=reason,
        facts={"parcel": parcel.number, **facts},
        source_at=at,
    )


def cancel(dossier: Dossier, check: Check, *, reason: str = "", at: datetime | None = None) -> None:
    """Cancel the whole order: its unshipped parcels and their labels die, its reservations go back."""
    before, after = _act(dossier.order, "cancel", check)
    for parcel in dossier.live_parcels:
        if parcel.state in (ParcelState.TO_PICK, ParcelState.PACKED):
            void(dossier, parcel, check, reason=reason)
    goods.release_reservations(dossier)
    dossier.note(Move.CANCEL, result=_result(check), from_state=before, to_state=after, reason=reason, source_at=at)


def return_order(dossier: Dossier, check: Check, *, reason: str = "", at: datetime | None = None) -> None:
    """The whole order came back: every parcel that left is returned, and the order follows them."""
    for parcel in dossier.live_parcels:
        if parcel.state in (ParcelState.SHIPPED, ParcelState.SIGNED):
            return_parcel(dossier, parcel, check, at=at, reason=reason)
    before, after = _act(dossier.order, "return_", check)
    dossier.note(Move.RETURN, result=_result(check), from_state=before, to_state=after, reason=reason, source_at=at)


def follow(dossier: Dossier) -> None:
    """Let the order's derived state follow its parcels; all void → back at paid, with a new generation."""
    order = dossier.order
    if order.state in (OrderState.PENDING_PAYMENT, OrderState.PAID):
        return
    target = least_advanced(dossier)
    if order.state == OrderState.CANCELLED:
        left = (ParcelState.SHIPPED, ParcelState.SIGNED)
        if target is None or not any(parcel.state in left for parcel in dossier.live_parcels):
            return
        before, after = _act(order, "reappear", OBSERVED)
        dossier.note("reappear", result=Event.Result.OBSERVED, from_state=before, to_state=after)
    if target is None:
        order.generation += 1
        target = str(OrderState.PAID)
        goods.release_reservations(dossier)
    if target != order.state:
        before, after = _act(order, "follow_parcels", OBSERVED, target)
        dossier.note("follow_parcels", from_state=before, to_state=after)
