"""A wave in one scan: by its number, or parcels that were collected one by one and are confirmed together."""

from collections.abc import Sequence
from typing import Any

from orders.lifecycle import Move, ParcelState
from orders.models import Parcel
from orders.selectors import codes
from orders.selectors.codes import Parcels
from orders.services import packing, scan_words
from orders.services.decide import answer, in_one_transaction
from orders.services.dossier import Dossier
from orders.services.outcome import Outcome
from orders.services.policies import Standing, is_allowed
from orders.services.scan_answers import Answer, plain
from orders.services.scan_rows import Taking
from orders.services.scan_words import ATTENTION, PASS, SAME, STOP, WRONG

# A code of the list that is no parcel of the caller's: its entry among those left out.
Strange = dict[str, Any]


def look_at_wave(taking: Taking) -> dict[str, Any]:
    """What it is, and whether this person may confirm it in any of its warehouses."""
    found = taking.found
    rows = Parcel.objects.filter(pk__in=found.parcels).order_by()
    places = list(rows.values_list("company_id", "warehouse_id").distinct())
    standings = {company: taking.standing(company) for company in {company for company, _ in places}}
    allowed = any(
        is_allowed(
            taking.cause,
            standings[company].roles(warehouse),
            standings[company].policy("parcel", Move.PACK, warehouse),
            "parcel",
            Move.PACK,
            ParcelState.TO_PICK,
        )
        for company, warehouse in places
    )
    reason = scan_words.of_wave(found.code, len(found.parcels))
    return taking.keep(Answer(verdict=PASS, reason=reason, allowed=["look", "pack"] if allowed else ["look"]))


def take_collected(taking: Taking) -> dict[str, Any]:
    parcels: Parcels = {}
    strange = []
    for found in codes.find_many(taking.access, taking.asked.codes):
        if len(found.parcels) == 1:
            parcels |= found.parcels
        else:
            why, _ = scan_words.sentences("which_parcel" if found.parcels else "unknown_code")
            strange.append({"parcel": None, "number": found.code, "reason": why})
    return take_wave(taking, parcels, strange)


def take_wave(taking: Taking, parcels: Parcels, strange: Sequence[Strange] = ()) -> dict[str, Any]:
    """Every parcel that may be confirmed, in one act and one transaction; the others are named with the reason."""
    if len(parcels) > packing.LARGEST_WAVE:
        return taking.keep(plain(STOP, "wave_too_large"))
    if not parcels:
        left_out = _wave_json([], [], strange)
        return taking.keep(plain(WRONG if strange else ATTENTION, "wave_empty", wave=left_out))
    said: list[dict[str, Any]] = []

    def together(dossiers: list[Dossier]) -> Outcome:
        company_id = dossiers[0].order.company_id
        standings = {pk: taking.standing(pk) for pk in {dossier.order.company_id for dossier in dossiers}}
        done = packing.pack_wave(dossiers, parcels, standings)
        said.append(taking.keep(_told(done, strange, standings), company_id=company_id))
        return answer(dossiers[0])

    in_one_transaction({order for orders in parcels.values() for order in orders}, taking.cause, together)
    return said[0]


def _told(done: packing.Wave, strange: Sequence[Strange], standings: dict[int, Standing]) -> Answer:
    shown = _wave_json(done.packed, done.left_out, strange)
    if not shown["left_out"]:
        return Answer(verdict=PASS, wave=shown)
    if done.packed:
        return plain(ATTENTION, "wave_in_part", wave=shown)
    if done.done_before == len(shown["left_out"]):
        return plain(SAME, "already_packed", wave=shown)
    if done.without_right is not None:
        parcel, why = done.without_right
        policy = standings[parcel.company_id].policy("parcel", Move.PACK, parcel.warehouse_id)
        what = scan_words.help_for_role(policy.roles)
        return Answer(verdict=STOP, code="role", reason=why, help=what, wave=shown)
    return plain(STOP, "wave_refused", wave=shown)


def _wave_json(
    packed: Sequence[Parcel], left_out: Sequence[tuple[Parcel, str]], strange: Sequence[Strange]
) -> dict[str, Any]:
    left = [{"parcel": parcel.pk, "number": parcel.number, "reason": reason} for parcel, reason in left_out]
    return {"packed": [{"parcel": row.pk, "number": row.number} for row in packed], "left_out": [*left, *strange]}
