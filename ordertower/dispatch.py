"""The drain: events to their consumers, order by order (DESIGN 3).

One short database-only transaction per order: lock the order, take its tasks by sequence, a savepoint per consumer.
A failing task waits and blocks only that consumer for that order; everything else moves on.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.module_loading import import_string

from orders import clock
from orders.models import Event, EventTask, Order

log = logging.getLogger(__name__)

# On SQLite there is one writer: let others in between.
BUDGET_SECONDS = 0.05 if connection.vendor == "sqlite" else 5.0
BACKOFF_SECONDS = (1, 5, 30, 120, 600)


def drain(*, limit: int = 500, budget_seconds: float | None = None) -> int:
    """Take due tasks; how many were done. Safe to run twice at once and to be killed at any line."""
    budget = BUDGET_SECONDS if budget_seconds is None else budget_seconds
    started, done = time.monotonic(), 0
    now = clock.now()
    due = EventTask.objects.filter(not_before__lte=now).order_by("id").values_list("order_id", flat=True)[:limit]
    for order_id in dict.fromkeys(due):
        done += drain_order(order_id)
        if time.monotonic() - started > budget:
            break
    return done


def drain_all(*, rounds: int = 100) -> int:
    """For tests and tools: until nothing is due."""
    total = 0
    for _ in range(rounds):
        done = drain(budget_seconds=60)
        total += done
        if not done:
            break
    return total


def drain_order(order_id: int) -> int:
    """The tasks of one order, under its lock; 0 where another drain has it."""
    with transaction.atomic(durable=True):
        locked = Order.objects.select_for_update(of=("self",), skip_locked=connection.features.has_select_for_update)
        order = locked.select_related("shop", "warehouse").filter(pk=order_id).first()
        if order is None:
            return 0
        tasks = list(EventTask.objects.filter(order_id=order_id).order_by("seq", "id"))
        events = {
            event.pk: event for event in Event.objects.filter(stream=order.stream, pk__in=[t.event_id for t in tasks])
        }
        finished = []
        blocked: dict[str, datetime] = {}
        now = clock.now()
        for task in tasks:
            if task.consumer in blocked:
                continue
            again_at = task.not_before if task.not_before > now else _take(task, events[task.event_id], order)
            if again_at is None:
                finished.append(task.pk)
            else:
                blocked[task.consumer] = again_at
        EventTask.objects.filter(pk__in=finished).delete()
        for consumer, until in blocked.items():
            # What waits behind is not due either: else it would stand at the head of every drain, and the rest starve.
            behind = EventTask.objects.filter(order_id=order_id, consumer=consumer, not_before__lt=until)
            behind.update(not_before=until)
    return len(finished)


def _take(task: EventTask, event: Event, order: Order) -> datetime | None:
    """Let the consumer take the event; where it failed, when it is tried again."""
    try:
        with transaction.atomic():
            import_string(task.consumer)(event, order)
    except Exception as error:
        # Set aside with its error and a later time; shown in admin; the line moves on.
        log.exception("consumer %s failed on event %s", task.consumer, task.event_id)
        wait = BACKOFF_SECONDS[min(task.attempts, len(BACKOFF_SECONDS) - 1)]
        until = clock.now() + timedelta(seconds=wait)
        EventTask.objects.filter(pk=task.pk).update(
            attempts=task.attempts + 1, error=f"{type(error).__name__}: {error}"[:2000], not_before=until
        )
        return until
    return None
