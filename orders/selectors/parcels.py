"""Parcels as the API shows them. A parcel of several orders is the caller's only where all of them are."""

from datetime import datetime, timedelta

from orders.lifecycle import LabelState
from orders.models import Order, Parcel, ParcelLine, PrintAttempt
from orders.selectors.access import Access


def member_orders_if_visible(access: Access, parcel_id: int) -> list[Order]:
    """The orders that travel in the parcel, ascending; empty where one of them is not the caller's. Two queries."""
    lines = ParcelLine.objects.filter(parcel=parcel_id)
    ids = set(lines.values_list("order_line__order_id", flat=True))
    orders = Order.objects.select_related("shop", "warehouse").filter(access.to_orders(), pk__in=ids).order_by("pk")
    found = list(orders)
    return found if len(found) == len(ids) else []


def lines_of(parcel: Parcel) -> list[ParcelLine]:
    return list(ParcelLine.objects.select_related("order_line").filter(parcel=parcel.pk).order_by("pk"))


def parcel_of_attempt(attempt_id: int) -> int | None:
    """The parcel of a granted print request; the refused and the observed have no result to report."""
    granted = PrintAttempt.objects.filter(pk=attempt_id, outcome=PrintAttempt.Outcome.GRANTED)
    return granted.values_list("parcel_id", flat=True).first()


def claim_is_fresh(attempt_id: int, *, now: datetime, seconds: int) -> bool:
    """Whether the label that this attempt claimed still waits for its printer."""
    return PrintAttempt.objects.filter(
        pk=attempt_id,
        result=PrintAttempt.Result.PENDING,
        label__state=LabelState.CLAIMED,
        label__claimed_at__gt=now - timedelta(seconds=seconds),
    ).exists()
