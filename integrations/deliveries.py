"""What was sent to a warehouse is asked for when the warehouse falls silent: a watch that repairs lost reports.

A step that is read this way is the same fact as the one that was reported, so asking too often does no harm to orders.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import jobs
from integrations.errors import Permanent, Unauthorised
from integrations.inbox import keep, process
from integrations.jobs import Again, Task, handles
from integrations.models import Connection, Job, Trouble
from integrations.registry import adapter_named
from integrations.troubles import end_trouble, raise_trouble
from orders import clock
from orders.lifecycle import CauseKind, ParcelState
from orders.models import Claim, Order, Parcel

# The connection's setting: minutes without a word; 0 asks never.
SETTING, USUAL_MINUTES = "ask_minutes", 10.0
# A warehouse that stays silent is asked less and less often, at last so often.
LONGEST_PAUSE = timedelta(hours=6)
# A parcel that left by our own scan, and whose warehouse never confirmed it, is asked for so long.
AFTER_LEAVING = timedelta(days=2)
LONGEST_WATCH = timedelta(days=30)


def silence_of(connection: Connection) -> timedelta | None:
    """How long this warehouse may say nothing of a parcel; `None` where it is never asked."""
    try:
        minutes = float(connection.settings.get(SETTING, USUAL_MINUTES) or 0)
    except (TypeError, ValueError):
        minutes = USUAL_MINUTES
    return timedelta(minutes=max(minutes, 1)) if minutes > 0 else None


def plan_watch(connection: Connection, order_id: int | None, parcel_id: int) -> None:
    """The parcel is with its warehouse: watch it, once."""
    silence = silence_of(connection)
    if silence is None or not adapter_named(connection.adapter).can("fetch", connection.settings):
        return
    with transaction.atomic():
        jobs.plan(
            "follow_delivery",
            f"follow-delivery:{parcel_id}",
            lane=Job.Lane.BULK,
            connection_id=connection.pk,
            order_id=order_id,
            payload={"parcel": parcel_id},
            not_before=clock.now() + silence,
        )


@handles("follow_delivery")
def follow_delivery(task: Task) -> Mapping[str, Any] | Again:
    """Ask when no word came for a while, and again after twice as long, until the parcel has left and was confirmed."""
    connection = task.through
    parcel = Parcel.objects.get(pk=task.payload["parcel"])
    silence = silence_of(connection)
    if silence is None or not connection.enabled or _is_over(parcel):
        _known_there(connection, parcel)
        return {"code": "not_wanted", "state": parcel.state}
    now, heard = clock.now(), _heard_at(parcel)
    if now < heard + silence:
        _known_there(connection, parcel)
        return Again(heard + silence)
    _ask(connection, parcel, task.order_id)
    parcel.refresh_from_db()
    if _is_over(parcel):
        return {"code": "done", "state": parcel.state}
    quiet = now - _heard_at(parcel)
    return Again(now + min(max(quiet, silence), max(LONGEST_PAUSE, silence)))


def _ask(connection: Connection, parcel: Parcel, order_id: int | None) -> None:
    """Read the order there. That it is unknown there after it was sent is for a person to know."""
    try:
        message = adapter_named(connection.adapter).fetch(connection.open(), parcel.number)
    except Unauthorised:
        raise
    except Permanent as error:
        raise_trouble(
            connection.company_id,
            Trouble.Kind.DELIVERY,
            f"delivery:{parcel.pk}",
            f"{connection.name} 查不到已推送的单 {parcel.number}：{error}",
            connection=connection,
            order_id=order_id,
        )
        return
    _known_there(connection, parcel)
    for receipt_id in keep(connection, [message], via="fetch"):
        process(receipt_id)


def _known_there(connection: Connection, parcel: Parcel) -> None:
    end_trouble(connection.company_id, Trouble.Kind.DELIVERY, f"delivery:{parcel.pk}")


def _is_over(parcel: Parcel) -> bool:
    now = clock.now()
    if not parcel.is_live or parcel.state == ParcelState.SIGNED or parcel.created_at < now - LONGEST_WATCH:
        return True
    if parcel.shipped_at is None:
        return False
    # Only a confirmation names the packages; "shipped" alone may be a step whose confirmation was lost.
    confirmed = any(name.startswith("package:") for claim in _claims(parcel) for name in claim.seen)
    return confirmed or parcel.shipped_at < now - AFTER_LEAVING


def _heard_at(parcel: Parcel) -> datetime:
    """When the warehouse last said something new of this parcel; before the first word, when the parcel was made."""
    return max((claim.received_at for claim in _claims(parcel)), default=parcel.created_at)


def _claims(parcel: Parcel) -> list[Claim]:
    orders = Order.objects.filter(lines__parcel_lines__parcel=parcel)
    return list(Claim.objects.filter(order__in=orders, system=CauseKind.WMS, subject=parcel.number))
