"""What a page of the order list shows beside the rows: open holds and how far the parcels are. Two queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from orders.lifecycle import OrderState, ParcelState
from orders.models import Hold, Order, Parcel
from orders.selectors.scope import within

# Beyond this a number is shown as "10,000+": exact counts of millions of rows are not worth their wait.
COUNT_CAP = 10_000
_PROGRESS = (ParcelState.TO_PICK, ParcelState.PACKED, ParcelState.SHIPPED, ParcelState.SIGNED)


@dataclass
class Progress:
    """How many of the live parcels are at least as far as the furthest one, such as 2/3 已发货."""

    total: int = 0
    furthest: str = ""
    reached: int = 0


@dataclass
class Beside:
    holds: list[Hold] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)


def beside(orders: Iterable[Order]) -> dict[int, Beside]:
    """By order id, what the list shows beside each."""
    found = {order.pk: Beside() for order in orders}
    for hold in Hold.objects.filter(order__in=found, state=Hold.State.OPEN).order_by("opened_at"):
        found[hold.order_id].holds.append(hold)
    states: dict[int, dict[int, str]] = defaultdict(dict)
    rows = Parcel.objects.filter(lines__order_line__order__in=found).exclude(
        state__in=[ParcelState.VOIDED, ParcelState.RETURNED]
    )
    for order_id, parcel_id, state in rows.values_list("lines__order_line__order_id", "pk", "state"):
        states[order_id][parcel_id] = state
    for order_id, parcels in states.items():
        found[order_id].progress = _progress(list(parcels.values()))
    return found


def _progress(states: list[str]) -> Progress:
    ranks = [_PROGRESS.index(ParcelState(state)) for state in states]
    furthest = max(ranks)
    return Progress(len(ranks), str(_PROGRESS[furthest]), sum(1 for rank in ranks if rank == furthest))


def capped(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> int:
    """How many rows, up to `cap + 1`, which then means more than `cap`."""
    return queryset.order_by().values("pk")[: cap + 1].count()


def orders_by_state(user: Any) -> dict[str, int]:
    """State → how many of the person's orders are there, capped. One bounded index read per state."""
    mine = within(Order.objects.all(), user)
    return {state: capped(mine.filter(state=state)) for state in OrderState.values}
