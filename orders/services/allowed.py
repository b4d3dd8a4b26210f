"""Which acts a person may ask for now, and why not the others: for the buttons of a page, never for the decision.

It asks the same policies, needs and graph as `decide.judge`, of a dossier loaded for reading, in a fixed number of
queries however many parcels and holds there are. The act itself is judged again, under the lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django_fsm import can_proceed

from orders.lifecycle import (
    MOVE_LABELS,
    ORDER_MOVES,
    PARCEL_MOVES,
    LabelState,
    Move,
    Need,
    ParcelState,
)
from orders.models import Check, Hold, Order, PackLine, Parcel
from orders.services import goods
from orders.services.conditions import Asked, unmet
from orders.services.decide import METHODS
from orders.services.dossier import Dossier
from orders.services.gates import ask_gates
from orders.services.holds import who_caused
from orders.services.policies import Standing, is_allowed, required_needs

BEFORE_HAND_OVER = (ParcelState.TO_PICK, ParcelState.PACKED)


@dataclass(frozen=True, kw_only=True)
class Act:
    """One button. `reasons` say why it cannot be done now; `roles` who else may, where this person may not."""

    subject: str
    move: str
    parcel: Parcel | None = None
    hold: Hold | None = None
    needs_reason: bool = False
    reasons: tuple[str, ...] = ()
    permitted: bool = True
    roles: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        return f"{self.subject}.{self.move}"

    @property
    def slug(self) -> str:
        """Tells this button from the others of a page."""
        ids = [str(row.pk) for row in (self.parcel, self.hold) if row is not None]
        return "-".join(["act", self.subject, self.move, *ids])

    @property
    def label(self) -> str:
        return str(MOVE_LABELS[Move(self.move)])

    @property
    def possible(self) -> bool:
        return self.permitted and not self.reasons


def allowed_acts(dossier: Dossier, standing: Standing | None = None) -> list[Act]:
    """Every act that the graph allows now on the order, its parcels, labels and open holds, each with its answer."""
    user_id = dossier.cause.user_id
    if user_id is None:
        return []
    standing = standing or Standing.of(user_id, dossier.order.company_id)
    return list(_Asking(dossier, standing).acts())


class _Asking:
    def __init__(self, dossier: Dossier, standing: Standing) -> None:
        self.dossier, self.standing = dossier, standing
        # Conditions look at each parcel's warehouse: one query for all of them.
        prefetch_related_objects(dossier.parcels, "warehouse")
        self.gates: dict[str, list[str]] = {}
        # Only a paid order asks for the maps of its goods, only a checking warehouse for its pack lines.
        self.unmapped = goods.unmapped_skus(dossier) if _legal(dossier.order, Move.RELEASE) else ()
        self.unchecked = _unchecked(dossier)

    def acts(self) -> Iterator[Act]:
        order = self.dossier.order
        for move in ORDER_MOVES:
            if _legal(order, move):
                yield self._act("order", move, instance=order)
        for parcel in self.dossier.live_parcels:
            for move in PARCEL_MOVES:
                if _legal(parcel, move):
                    yield self._act("parcel", move, parcel=parcel, instance=parcel)
            yield from self._label_acts(parcel)
        yield self._act("hold", Move.HOLD)
        for hold in self.dossier.open_holds:
            named = next((row for row in self.dossier.parcels if row.pk == hold.parcel_id), None)
            yield self._act("hold", Move.LIFT, parcel=named, hold=hold)
            yield self._act("hold", Move.CONFIRM, parcel=named, hold=hold)

    def _label_acts(self, parcel: Parcel) -> Iterator[Act]:
        label = self.dossier.living_label(parcel)
        if label is None and parcel.state in BEFORE_HAND_OVER:
            yield self._act("label", Move.WAYBILL, parcel=parcel)
        if label is not None and label.state == LabelState.LIVE:
            yield self._act("label", Move.PRINT, parcel=parcel)

    def _act(
        self,
        subject: str,
        move: str,
        *,
        parcel: Parcel | None = None,
        hold: Hold | None = None,
        instance: Order | Parcel | None = None,
    ) -> Act:
        order, cause = self.dossier.order, self.dossier.cause
        warehouse_id = (parcel.warehouse_id if parcel else None) or order.warehouse_id or order.shop.warehouse_id
        policy = self.standing.policy(subject, move, warehouse_id)
        state = str(instance.state) if instance is not None else ""
        permitted = bool(is_allowed(cause, self.standing.roles(warehouse_id), policy, subject, move, state))
        needs = required_needs(policy, move)
        return Act(
            subject=subject,
            move=str(move),
            parcel=parcel,
            hold=hold,
            needs_reason=Need.REASON_GIVEN in needs,
            reasons=(*self._missing(needs, parcel), *self._against(move), *self._barred(hold)),
            permitted=permitted,
            roles=policy.roles,
        )

    def _missing(self, needs: list[str], parcel: Parcel | None) -> tuple[str, ...]:
        asked = Asked(
            dossier=self.dossier,
            parcel=parcel,
            # The form will ask for it.
            reason="…",
            by_person=True,
            unmapped=self.unmapped,
            unchecked=self.unchecked.get(parcel.pk, ()) if parcel else (),
        )
        return tuple(unmet(asked, needs).values())

    def _against(self, move: str) -> list[str]:
        if move not in self.gates:
            self.gates[move] = [reason.text for reason in ask_gates(self.dossier.order, move)]
        return self.gates[move]

    def _barred(self, hold: Hold | None) -> tuple[str, ...]:
        me = self.dossier.cause.user_id
        barred = hold is not None and hold.four_eyes and me in who_caused(self.dossier, hold)
        return ("双人复核：引起锁单的人不能自己处理，请找另一位同事",) if barred else ()


def _legal(instance: Order | Parcel, move: str) -> bool:
    """By the graph alone; what it needs is asked apart, so that every reason can be shown."""
    instance.check_of_move = Check(observed=True, allowed=True)  # type: ignore[misc]
    return bool(can_proceed(getattr(instance, METHODS.get(Move(move), str(move)))))


def _unchecked(dossier: Dossier) -> dict[int, tuple[str, ...]]:
    """Parcel → names of the goods that are not checked yet, for parcels to pick in warehouses that check them."""
    asked = [
        parcel.pk
        for parcel in dossier.live_parcels
        if parcel.state == ParcelState.TO_PICK and parcel.warehouse and parcel.warehouse.checks_lines
    ]
    found: dict[int, tuple[str, ...]] = {}
    for row in PackLine.objects.select_related("goods").filter(parcel__in=asked).order_by("pk") if asked else ():
        if row.checked_quantity < row.quantity:
            found[row.parcel_id] = (*found.get(row.parcel_id, ()), row.goods.name)
    return found
