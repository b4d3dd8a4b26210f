"""Which moves the caller may make now, by right, graph and holds, for a whole page of orders at a fixed cost.

An offer, not a decision: the service judges again under the lock, and asks for goods, stock and rules as well.
"""

from collections.abc import Iterable, Iterator

from django_fsm import can_proceed

from orders.lifecycle import ORDER_MOVES, PARCEL_MOVES, Move, Need
from orders.models import OBSERVED, Order, Parcel
from orders.services.allowed import Standing
from orders.services.conditions import Asked, unmet
from orders.services.decide import METHODS
from orders.services.dossier import Dossier
from orders.services.policies import is_allowed, required_needs

# Asked when the move is made: these read more rows than a list may.
_ASKED_LATER = frozenset({Need.GOODS_MAPPED, Need.STOCK_RESERVED, Need.LINES_CHECKED})


class AllowedMoves:
    """Policies and roles are read once for each company on the page."""

    def __init__(self) -> None:
        self._standings: dict[int, Standing] = {}

    def of_order(self, dossier: Dossier) -> list[str]:
        """The moves that `POST orders/{id}/moves/` would take: a parcel's too where there is just one."""
        order, live = dossier.order, dossier.live_parcels
        found = [move for move in ORDER_MOVES if self._may(dossier, "order", move, order, None)]
        if len(live) == 1:
            found += [move for move in self._of_parcel(dossier, live[0]) if move not in ORDER_MOVES]
        return [str(move) for move in found]

    def of_parcel(self, dossiers: Iterable[Dossier], parcel: Parcel) -> list[str]:
        """A parcel moves only where every one of its orders lets it."""
        every = [set(self._of_parcel(dossier, parcel)) for dossier in dossiers]
        return [str(move) for move in PARCEL_MOVES if every and all(move in mine for mine in every)]

    def _of_parcel(self, dossier: Dossier, parcel: Parcel) -> Iterator[Move]:
        return (move for move in PARCEL_MOVES if self._may(dossier, "parcel", move, parcel, parcel))

    def _may(self, dossier: Dossier, subject: str, move: Move, instance: Order | Parcel, parcel: Parcel | None) -> bool:
        instance.check_of_move = OBSERVED  # type: ignore[misc]
        if not can_proceed(getattr(instance, METHODS.get(move, str(move)))):
            return False
        order, cause = dossier.order, dossier.cause
        standing = self._standing(order.company_id, cause.user_id)
        warehouse_id = (parcel.warehouse_id if parcel else None) or order.warehouse_id or order.shop.warehouse_id
        policy = standing.policy(subject, move, warehouse_id)
        if not is_allowed(cause, standing.roles(warehouse_id), policy, subject, move, str(instance.state)):
            return False
        needs = [need for need in required_needs(policy, move) if need not in _ASKED_LATER]
        by_person = cause.user_id is not None
        return not unmet(Asked(dossier=dossier, parcel=parcel, reason="…", by_person=by_person), needs)

    def _standing(self, company_id: int, user_id: int | None) -> Standing:
        if company_id not in self._standings:
            # Nobody has the id 0: a program has no roles, but the company's policies hold for it too.
            self._standings[company_id] = Standing.of(user_id or 0, company_id)
        return self._standings[company_id]
