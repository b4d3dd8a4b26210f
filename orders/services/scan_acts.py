"""What a scan does: look, count a piece, confirm, print, hand over; the moves decide every no by themselves."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from orders.lifecycle import Move, ParcelState
from orders.models import Check, Hold, Order, Parcel
from orders.selectors import codes
from orders.selectors.codes import Found
from orders.services import packing, scan_words
from orders.services.decide import Question, Verdict, answer, in_one_transaction, refuse
from orders.services.dossier import Dossier, load
from orders.services.labels import decide_print
from orders.services.move import decide_parcel_move
from orders.services.outcome import Outcome, Reason
from orders.services.scan_answers import MOVES, WATCHED_NEEDS, Answer, Picture, label_match, picture_of, plain
from orders.services.scan_hints import of_unknown
from orders.services.scan_rows import Taking
from orders.services.scan_waves import look_at_wave, take_collected, take_wave
from orders.services.scan_words import ATTENTION, PASS, SAME, STOP, WRONG

Told = tuple[Answer, Outcome]
_LEFT = (ParcelState.SHIPPED, ParcelState.SIGNED)
_GONE = {ParcelState.VOIDED: "voided", ParcelState.RETURNED: "returned"}


def take(taking: Taking) -> dict[str, Any]:
    asked = taking.asked
    if asked.codes:
        return take_collected(taking)
    if asked.act == "check":
        return _take_goods(taking)
    taking.found = found = codes.find(taking.access, asked.code)
    if found.kind == "unknown":
        return _unknown(taking)
    if not found.parcels or found.kind == "wave":
        return _take_other(taking)
    parcels = found.parcels
    if asked.parcel is not None:
        parcels = {pk: orders for pk, orders in parcels.items() if pk == asked.parcel}
    if not parcels:
        return taking.keep(plain(WRONG, "other_parcel"))
    if len(parcels) > 1:
        return taking.keep(plain(ATTENTION, "which_parcel", choices=_choices(parcels)))
    [(parcel_id, orders)] = parcels.items()
    # Half of what a hand-over has to prove is that the label was scanned: without it there is nothing to decide.
    if asked.act == "look" or (asked.act == "ship" and found.kind != "waybill"):
        return _look(taking, parcel_id, orders)
    return _under_lock(taking, parcel_id, orders, _command)


# Without a parcel ----------------------------------------------------------------------------------------------------


def _unknown(taking: Taking) -> dict[str, Any]:
    """The same words for what is not there and for what is somebody else's; what the code itself shows is told."""
    taking.found = Found("unknown", taking.found.code)
    if codes.is_part(taking.access, taking.asked.code):
        return taking.keep(plain(WRONG, "incomplete_code"))
    return taking.keep(of_unknown(taking.asked, taking.access))


def _take_other(taking: Taking) -> dict[str, Any]:
    found, act = taking.found, taking.asked.act
    if found.kind == "order":
        return taking.keep(_without_parcel(found.orders))
    if found.kind == "wave" and act == "pack":
        return take_wave(taking, found.parcels)
    if act == "ship":
        return taking.keep(plain(WRONG, "not_waybill"))
    if act != "look":
        return taking.keep(plain(WRONG, "not_parcel"))
    if found.kind == "wave":
        return look_at_wave(taking)
    return taking.keep(Answer(verdict=PASS, reason=scan_words.of_goods(codes.goods_names(found.goods))))


def _without_parcel(orders: Collection[int]) -> Answer:
    """An order of which nothing lies in the warehouse: why it stands is all that can be said."""
    holds = Hold.objects.filter(order__in=orders, state=Hold.State.OPEN).order_by("pk")
    told = plain(STOP, "no_parcel_yet")
    if words := "、".join(dict.fromkeys(str(hold.get_reason_display()) for hold in holds)):
        return replace(told, code="held", reason=f"{told.reason}：{words}")
    return told


def _choices(parcels: Collection[int]) -> list[dict[str, Any]]:
    rows = Parcel.objects.filter(pk__in=parcels).order_by("pk")
    return [{"parcel": row.pk, "label": f"{row.number} {row.get_state_display()}"} for row in rows]


# One parcel ----------------------------------------------------------------------------------------------------------


def _look(taking: Taking, parcel_id: int, orders: Collection[int]) -> dict[str, Any]:
    rows = Order.objects.select_related("shop", "warehouse").filter(pk__in=orders).order_by("pk")
    picture = picture_of(load(list(rows), cause=taking.cause), parcel_id, taking.standing)
    return taking.keep(_as_it_stands(taking, picture), picture)


def _as_it_stands(taking: Taking, picture: Picture) -> Answer:
    if (stopped := _stopped(picture)) is not None:
        return stopped
    if label_match(picture, taking.found.code) == "dead":
        return plain(STOP, "old_label", **picture.shown())
    if taking.asked.act == "ship":
        return plain(WRONG, "not_waybill", **picture.shown())
    lacks = {} if picture.parcel.state in _LEFT else picture.unmet(WATCHED_NEEDS)
    if lacks:
        what = scan_words.help_for_needs(lacks)
        return Answer(verdict=ATTENTION, reason="；".join(lacks.values()), help=what, **picture.shown())
    return Answer(verdict=PASS, **picture.shown())


def _stopped(picture: Picture) -> Answer | None:
    """What stops the parcel whatever is asked."""
    if picture.holds:
        return picture.held()
    gone = _GONE.get(ParcelState(picture.parcel.state))
    return plain(STOP, gone, **picture.shown()) if gone else None


def _under_lock(
    taking: Taking, parcel_id: int, orders: Collection[int], act: Callable[[Taking, Picture], Told]
) -> dict[str, Any]:
    """The act and the row of its scan in one transaction."""
    said: list[dict[str, Any]] = []

    def together(dossiers: list[Dossier]) -> Outcome:
        picture = picture_of(dossiers, parcel_id, taking.standing)
        told, outcome = act(taking, picture)
        said.append(taking.keep(told, picture))
        return outcome

    in_one_transaction(orders, taking.cause, together)
    return said[0]


def _command(taking: Taking, picture: Picture) -> Told:
    asked, parcel, dossiers = taking.asked, picture.parcel, list(picture.dossiers)
    subject, move = MOVES[asked.act]
    match = label_match(picture, taking.found.code)
    done = None if picture.holds else _done_before(asked.act, parcel, match)
    if done is not None:
        return plain(SAME, done, **picture.shown()), answer(dossiers[0], code="repeat")
    if match == "dead" or (asked.act == "ship" and match != "living"):
        outcome = refuse(dossiers[0], Question(subject=subject, move=move, parcel=parcel), _no("old_label"))
    elif asked.act == "print":
        outcome = decide_print(
            dossiers, parcel, station=asked.station, printer=asked.printer, standing=picture.standing
        )
    else:
        outcome = decide_parcel_move(dossiers, parcel, move, standing=picture.standing)
    return _told(picture, outcome, subject, move), outcome


def _done_before(act: str, parcel: Parcel, match: str) -> str | None:
    if act == "pack" and match != "dead" and parcel.state in (ParcelState.PACKED, *_LEFT):
        return "already_packed"
    return "already_shipped" if act == "ship" and match == "living" and parcel.state in _LEFT else None


def _told(picture: Picture, outcome: Outcome, subject: str, move: Move) -> Answer:
    if outcome.ok:
        granted = picture.granted(outcome.made["attempt"]) if move == Move.PRINT else None
        return Answer(verdict=PASS, print=granted, **picture.shown())
    if outcome.code == "duplicate_print":
        return picture.held(outcome.code)
    if (stopped := _stopped(picture)) is not None:
        return stopped
    if outcome.code == "old_label":
        return plain(STOP, outcome.code, **picture.shown())
    what = scan_words.help_for_needs(reason.code for reason in outcome.reasons)
    if outcome.code == "role":
        what = scan_words.help_for_role(picture.roles_for(subject, move))
    return Answer(verdict=STOP, code=outcome.code, reason=outcome.detail, help=what, **picture.shown())


def _no(code: str) -> Verdict:
    why, _ = scan_words.sentences(code)
    return Verdict(Check(), code, why, (Reason(code, why),))


# Pieces --------------------------------------------------------------------------------------------------------------


def _take_goods(taking: Taking) -> dict[str, Any]:
    """One piece into the open parcel. A code of goods counts as goods, whatever else it may be."""
    asked = taking.asked
    goods = codes.goods_by_code(taking.access, asked.code)
    code = taking.found.code
    taking.found = Found("goods", code, goods=goods) if goods else codes.find(taking.access, asked.code)
    if taking.found.kind == "unknown":
        return _unknown(taking)
    if asked.parcel is None:
        return taking.keep(plain(WRONG, "no_parcel"))
    opened = codes.parcel_if_visible(taking.access, asked.parcel)
    if not opened:
        return _unknown(taking)
    if goods:
        return _under_lock(taking, asked.parcel, opened[asked.parcel], _piece)
    own = taking.found.kind != "wave" and asked.parcel in taking.found.parcels
    return taking.keep(plain(ATTENTION, "own_code") if own else plain(WRONG, "not_goods"))


def _piece(taking: Taking, picture: Picture) -> Told:
    told = _stopped(picture) or _not_to_check(picture)
    if told is None:
        wrong = packing.check_piece(picture.dossiers, picture.parcel, picture.lines, taking.found.goods)
        told = plain(WRONG, wrong, **picture.shown()) if wrong else Answer(verdict=PASS, **picture.shown())
    return told, answer(picture.dossiers[0])


def _not_to_check(picture: Picture) -> Answer | None:
    state = picture.parcel.state
    if not picture.may_check:
        what = scan_words.help_for_role(packing.CHECKERS)
        return replace(plain(STOP, "role", **picture.shown()), help=what)
    if state in _LEFT:
        return plain(STOP, "left", **picture.shown())
    if state == ParcelState.PACKED:
        return plain(SAME, "already_packed", **picture.shown())
    return None if picture.lines else plain(ATTENTION, "no_pack_lines", **picture.shown())
