"""At the bench: pieces against the pack list, one by one; and whole waves confirmed in one act.

Everything here happens inside open dossiers (law 8): a parcel's pack lines are written under its orders' locks alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orders.lifecycle import Move, ParcelState, Role
from orders.models import PackLine, Parcel
from orders.services.dossier import Dossier
from orders.services.move import decide_parcel_move
from orders.services.policies import Standing

# Who checks goods against a pack list: people at the bench. A program has no hands, so no cause is named.
CHECKERS = frozenset({str(Role.WAREHOUSE_LEAD), str(Role.PICKER), str(Role.SHIPPER)})
LARGEST_WAVE = 500


def pack_lines(parcel: Parcel) -> list[PackLine]:
    """What goes into the box, with everything a bench shows of it. Two queries."""
    rows = PackLine.objects.filter(parcel=parcel.pk).select_related("goods").prefetch_related("goods__barcodes")
    return list(rows.order_by("pk"))


def is_complete(lines: Iterable[PackLine]) -> bool:
    return all(line.checked_quantity >= line.quantity for line in lines)


def check_piece(dossiers: Sequence[Dossier], parcel: Parcel, lines: list[PackLine], goods: Collection[int]) -> str:
    """Count one piece of one of these goods; "" when it is counted, else why not, and then nothing is.

    `not_in_parcel`, `too_many`, or `ambiguous` where one barcode stands for several goods of the same parcel. The
    piece that completes the parcel leaves one event; the others are rows of the scans.
    """
    wanted = [line for line in lines if line.goods_id in goods]
    if not wanted:
        return "not_in_parcel"
    if len({line.goods_id for line in wanted}) > 1:
        return "ambiguous"
    line = next((line for line in wanted if line.checked_quantity < line.quantity), None)
    if line is None:
        return "too_many"
    line.checked_quantity += 1
    line.save(update_fields=["checked_quantity"])
    if is_complete(lines):
        pieces = sum(each.quantity for each in lines)
        for dossier in dossiers:
            facts = {"parcel": parcel.number, "pieces": pieces, "lines": len(lines)}
            dossier.note("lines_checked", parcel=parcel, facts=facts)
    return ""


@dataclass
class Wave:
    """What became of each parcel: `left_out` are those that were not packed, with the reason."""

    packed: list[Parcel] = field(default_factory=list)
    left_out: list[tuple[Parcel, str]] = field(default_factory=list)
    # So many of those left out were packed before.
    done_before: int = 0
    # The first that was refused because of who asks, and why.
    without_right: tuple[Parcel, str] | None = None


def pack_wave(dossiers: Sequence[Dossier], parcels: Collection[int], standings: Mapping[int, Standing]) -> Wave:
    """Confirm each parcel that may be confirmed. One event for each, with the act's id; held and unchecked ones stay.

    Who may not pack in a warehouse is refused there once, not for each of its parcels.
    """
    wave, closed = Wave(), dict[int | None, str]()
    members: dict[int, list[Dossier]] = {}
    for dossier in dossiers:
        for parcel in dossier.parcels:
            members.setdefault(parcel.pk, []).append(dossier)
    for parcel_id in parcels:
        parcel = members[parcel_id][0].parcel(parcel_id)
        if parcel.state != ParcelState.TO_PICK:
            wave.done_before += parcel.is_live
            wave.left_out.append((parcel, str(parcel.get_state_display())))
        elif parcel.warehouse_id in closed:
            wave.left_out.append((parcel, closed[parcel.warehouse_id]))
        else:
            standing = standings[parcel.company_id]
            outcome = decide_parcel_move(members[parcel_id], parcel, Move.PACK, standing=standing)
            if outcome.ok:
                wave.packed.append(parcel)
                continue
            wave.left_out.append((parcel, outcome.detail))
            if outcome.code == "role":
                closed[parcel.warehouse_id] = outcome.detail
                wave.without_right = wave.without_right or (parcel, outcome.detail)
    return wave
