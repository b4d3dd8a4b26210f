"""Whom a report speaks of: the orders behind a number, by exact match on an index, as far as the caller may see them.

An order that is somebody else's and one that is not there look the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from orders.models import DocumentLink, Label, Order, ParcelLine
from orders.selectors.access import Access

# Documents that gather orders without being about any one of them.
_GATHERING = ("wave", "waybill")


@dataclass(frozen=True)
class Subject:
    """The orders a number means, and the code under which what is said of them is kept."""

    orders: tuple[Order, ...] = ()
    code: str = ""


def subject_by_number(access: Access, number: str) -> Subject:
    """By the tower's number, a parcel's number, the platform's order id, or another system's document, in this order.

    The code does not depend on what else is known of the order, so that facts may come in any order.
    """
    orders = _seen(access, _ids_of(access, number=number)) or _seen(access, _ids_of(access, platform_order_id=number))
    if orders:
        return Subject(orders, orders[0].number)
    lines = ParcelLine.objects.filter(parcel__number=number, parcel__company__in=access.all_companies)
    if orders := _seen(access, lines.values_list("order_line__order_id", flat=True)):
        return Subject(orders, number)
    links = DocumentLink.objects.filter(document__number=number, document__company__in=access.all_companies)
    orders = _seen(access, links.exclude(document__kind__in=_GATHERING).values_list("order_id", flat=True))
    return Subject(orders, orders[0].number) if orders else Subject()


def subject_by_waybill(access: Access, waybill: str) -> Subject:
    """By a label's waybill, else by one that a warehouse told of. The code is the parcel's where there is just one."""
    labels = Label.objects.filter(waybill=waybill, parcel__company__in=access.all_companies)
    parcels = sorted(set(labels.values_list("parcel_id", "parcel__number")))
    if parcels:
        lines = ParcelLine.objects.filter(parcel__in=[pk for pk, _ in parcels])
        orders = _seen(access, lines.values_list("order_line__order_id", flat=True))
        return Subject(orders, parcels[0][1] if len(parcels) == 1 else "") if orders else Subject()
    links = DocumentLink.objects.filter(document__number=waybill, document__company__in=access.all_companies)
    orders = _seen(access, links.filter(document__kind="waybill").values_list("order_id", flat=True))
    return Subject(orders, orders[0].number if len(orders) == 1 else "") if orders else Subject()


def _ids_of(access: Access, **named: str) -> Iterable[int]:
    return Order.objects.filter(**named).filter(access.to_orders()).values_list("pk", flat=True)


def _seen(access: Access, order_ids: Iterable[int]) -> tuple[Order, ...]:
    """Every one of them, ascending; none where one is not the caller's."""
    ids = set(order_ids)
    if not ids:
        return ()
    rows = Order.objects.select_related("shop", "warehouse").filter(access.to_orders(), pk__in=ids)
    found = tuple(rows.order_by("pk"))
    return found if len(found) == len(ids) else ()
