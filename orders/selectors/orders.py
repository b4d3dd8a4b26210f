"""Orders, their holds and their timelines as the API lists them: by keyset, never by OFFSET, never counted."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from orders.models import Event, Hold, Order, Shop, settled_mark
from orders.selectors.access import Access
from orders.selectors.search import orders_by_number


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    states: tuple[str, ...] = ()
    shop_id: int | None = None
    held: bool | None = None
    text: str = ""
    # By the order's own time of change; needs `settled`.
    updated_from: datetime | None = None
    # Only what no late commit can come before: rows in commit order, below the mark up to which all is settled.
    settled: bool = False


def visible_orders(access: Access) -> QuerySet[Order]:
    return Order.objects.select_related("shop", "warehouse").filter(access.to_orders())


def find_order(access: Access, order_id: int) -> Order | None:
    return visible_orders(access).filter(pk=order_id).first()


def filtered_orders(access: Access, wanted: OrderFilter) -> QuerySet[Order]:
    rows = visible_orders(access)
    if wanted.states:
        rows = rows.filter(state__in=wanted.states) if len(wanted.states) > 1 else rows.filter(state=wanted.states[0])
    if wanted.shop_id is not None:
        rows = rows.filter(shop=wanted.shop_id)
    if wanted.held is not None:
        rows = rows.filter(held=wanted.held)
    if wanted.text:
        rows = rows.filter(pk__in=orders_by_number(_WorksIn(access), wanted.text))
    if wanted.updated_from is not None:
        rows = rows.filter(updated_at__gte=wanted.updated_from)
    if wanted.settled:
        rows = rows.filter(mark__lt=settled_mark())
    return rows


class _WorksIn:
    """A caller as `orders.selectors.scope` knows one, so that a key can search too."""

    is_superuser = False

    def __init__(self, access: Access) -> None:
        self._tower_companies = sorted(access.all_companies)


def events_of(order: Order) -> QuerySet[Event]:
    return Event.objects.filter(stream=order.stream)


def visible_holds(access: Access, *, reason: str = "", state: str = "") -> QuerySet[Hold]:
    rows = Hold.objects.select_related("order").filter(access.to_orders("order__"))
    if reason:
        rows = rows.filter(reason=reason)
    if state:
        rows = rows.filter(state=state)
    return rows


def find_hold(access: Access, hold_id: int) -> Hold | None:
    return visible_holds(access).filter(pk=hold_id).first()


def is_known(shop: Shop, platform_order_id: str) -> bool:
    return Order.objects.filter(shop=shop, platform_order_id=platform_order_id).exists()
