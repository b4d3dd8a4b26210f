"""The first page of the back office: where the orders are, what waits for a person, and how the connections do."""

from typing import Any

from alerts.models import Alert
from integrations import health
from orders import clock
from orders.lifecycle import OrderState
from orders.selectors import listing, review
from orders.selectors.scope import within

LATEST = 8


def figures(user: Any) -> dict[str, Any]:
    """Only what the person may open; a fixed number of queries, none of which counts millions."""
    now = clock.now()
    found: dict[str, Any] = {"now": now}
    if user.has_perm("orders.view_order"):
        counts = listing.orders_by_state(user)
        found["states"] = [(state, state.label, shown(counts[state])) for state in OrderState]
    if user.has_perm("orders.view_hold"):
        found["holds_open"] = review.how_many_open(user) or "0"
        found["holds_by_reason"] = review.open_by_reason(user)
        found["urgent_holds"] = review.open_holds(user, now=now, limit=LATEST)[:LATEST]
    if user.has_perm("integrations.view_connection"):
        found["connections"] = health.all_healths(user, now=now)
        found["failed_jobs"] = shown(health.failed_jobs(user), health.COUNT_CAP)
    if user.has_perm("alerts.view_alert"):
        alerts = within(Alert.objects.select_related("order"), user)
        found["alerts"] = list(alerts.order_by("-pk")[:LATEST])
    return found


def shown(count: int, cap: int = listing.COUNT_CAP) -> str:
    return f"{cap:,}+" if count > cap else f"{count:,}"
