"""The drain: events to their consumers (write-back plan, alerts), one process."""

from datetime import timedelta

from django.conf import settings
from django.db import connection

from bench.report import Figure
from bench.stage import Stage, timed
from orders import clock
from orders.models import Event, EventTask
from orders.selectors.timeline import VERBS
from orders.services.dossier import wants
from ordertower.dispatch import drain
from ordertower.filler.fill import fill

TITLE = "Drain of events"
# 87,000 orders a day of about ten events, spread like the peak of the day: five times the mean.
GOAL = 50


def run(stage: Stage) -> list[Figure]:
    fill(stage.size["drain_orders"], now=clock.now(), spread=timedelta(days=2))
    with connection.cursor() as cursor:
        for consumer in settings.TOWER_CONSUMERS:
            cursor.execute(
                "INSERT INTO orders_eventtask (order_id, event_id, seq, consumer, not_before, attempts, error)"
                " SELECT order_id, id, seq, %s, at, 0, '' FROM orders_event"
                " WHERE order_id IS NOT NULL AND verb = ANY(%s) ORDER BY at, id",
                [consumer, [verb for verb in VERBS if wants(consumer, verb)]],
            )
        cursor.execute("ANALYZE orders_eventtask")
    done = 0

    def work() -> None:
        nonlocal done
        while took := drain():
            done += took

    seconds = timed(work)
    events = Event.objects.filter(order_id__isnull=False).count()
    left = EventTask.objects.count()
    rate = events / seconds
    return [
        Figure("events of orders", f"{events:.0f} of {stage.size['drain_orders']}"),
        Figure("drained", round(rate, 1), "events/s", f"≥ {GOAL}/s (peak of an 87,000-order day)", rate >= GOAL),
        Figure("orders", round(stage.size["drain_orders"] / seconds, 1), "orders/s"),
        Figure("tasks left", left, "", "0", left == 0),
    ]
