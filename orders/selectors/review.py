"""复核队列: the open holds that wait for a person, the most urgent first."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from orders.lifecycle import HoldReason
from orders.models import Hold
from orders.selectors.scope import within

# What may already have done harm goes before what only waits.
URGENT = (HoldReason.DUPLICATE_PRINT, HoldReason.SHIPPED_WHILE_HELD, HoldReason.PRINT_UNKNOWN)
PAGE = 50
BADGE_CAP = 999


def open_holds(user: Any, *, now: datetime, reason: str = "", limit: int = PAGE) -> list[Hold]:
    """Overdue first, then by harm, then the newest; `limit + 1` rows, so that a page knows whether there are more."""
    holds = _open(user)
    if reason:
        holds = holds.filter(reason=reason)
    return list(
        holds.annotate(
            urgency=Case(
                When(due_at__lte=now, then=Value(0)),
                When(reason__in=URGENT, then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            )
        )
        .select_related("order__shop", "order__company", "parcel", "first_by", "caused_by")
        .order_by("urgency", "-opened_at", "-pk")[: limit + 1]
    )


def how_many_open(user: Any) -> str:
    """For the badge: "" where nothing waits, "999+" where more does than anybody counts."""
    found = _open(user).order_by().values("pk")[: BADGE_CAP + 1].count()
    return "" if not found else str(found) if found <= BADGE_CAP else f"{BADGE_CAP}+"


def open_by_reason(user: Any) -> list[tuple[str, str, int]]:
    """Reason, its words, how many are open; over the index of the open ones."""
    rows = _open(user).order_by().values_list("reason").annotate(found=Count("pk")).order_by("-found", "reason")
    return [(reason, str(HoldReason(reason).label), found) for reason, found in rows]


def _open(user: Any) -> QuerySet[Hold]:
    return within(Hold.objects.filter(state=Hold.State.OPEN), user, "order__company")
