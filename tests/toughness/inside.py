"""What the tower's own rows say, for the rig: run by `manage.py shell` in the tower's environment."""

import json
import sys
from typing import Any

from django.db import connections
from django.db.models import Count, QuerySet

from integrations.models import Job, Receipt
from orders import clock
from orders.models import EventTask, Hold, Label, Order


def tell() -> None:
    """Answer every line that comes in by a line of what the rows say at that moment."""
    for _asked in sys.stdin:
        print(json.dumps(rows(), ensure_ascii=False), flush=True)
        connections.close_all()


WATCHES = ("follow_parcel", "follow_delivery", "waybill_stock")


def rows() -> dict[str, object]:
    held = Order.objects.filter(held=True)
    return {
        "orders": counted(Order.objects.all(), "state"),
        "held": counted(Hold.objects.filter(state=Hold.State.OPEN), "reason"),
        "labels": counted(Label.objects.all(), "state"),
        "receipts": counted(Receipt.objects.all(), "state"),
        "jobs": {f"{kind} {state}": count for kind, state, count in jobs()},
        # What is still to be done, were there all the time in the world. A held order's jobs wait for a person.
        "work": EventTask.objects.count()
        + Receipt.objects.filter(state__in=[Receipt.State.RECEIVED, Receipt.State.WAITING]).count()
        + Job.objects.filter(state__in=[Job.State.READY, Job.State.RUNNING])
        .exclude(order_id__in=held.values("pk"))
        # A watch that sleeps: couriers and warehouses are asked again for weeks, balances every hour.
        .exclude(kind__in=WATCHES, not_before__gt=clock.now())
        .count(),
        "errors": sorted({error[:120] for error in Job.objects.exclude(error="").values_list("error", flat=True)})[:10],
        "held_orders": sorted(held.values_list("platform_order_id", flat=True)),
    }


def counted(rows: QuerySet[Any], name: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(name).annotate(Count("pk")))


def jobs() -> QuerySet[Any]:
    rows = Job.objects.exclude(state=Job.State.DONE).order_by()
    return rows.values_list("kind", "state").annotate(found=Count("pk"))
