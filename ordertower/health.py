"""Is it alive, is it ready, how far behind is it: three small pages for machines. No personal data, no login."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import GaugeMetricFamily, Metric

from ordertower.backlog import backlogs

BROKER_SECONDS = 2
# The last good answer of the broker stands for a few seconds, so that probes cost nothing.
BROKER_MEMORY_SECONDS = 5


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a slow database gets no web process killed."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Can work be taken and done: database, broker, and no queue older than `TOWER_READY_LAG` seconds. Else 503."""
    checks = {"database": failure_of(ask_database), "broker": failure_of(ask_broker)}
    waiting = {} if checks["database"] else {backlog.name: backlog for backlog in backlogs()}
    limit = timedelta(seconds=settings.TOWER_READY_LAG)
    for backlog in waiting.values():
        checks[backlog.name] = "lagging" if backlog.age > limit else None
    return JsonResponse(
        {
            "ready": not any(checks.values()),
            "checks": {name: problem or "ok" for name, problem in checks.items()},
            "lag_seconds": {name: round(backlog.age.total_seconds(), 1) for name, backlog in waiting.items()},
        },
        status=503 if any(checks.values()) else 200,
    )


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, computed at the scrape, so that it is the same whichever process answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(TowerCollector())
    return HttpResponse(exposition.generate_latest(registry), content_type=exposition.CONTENT_TYPE_LATEST)


class TowerCollector:
    """What the queues hold. The rows are the queues (law 9), so the database is asked, not the broker."""

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("tower_up", "1 where the part answers", labels=["part"])
        database_problem = failure_of(ask_database)
        up.add_metric(["database"], 0.0 if database_problem else 1.0)
        up.add_metric(["broker"], 0.0 if failure_of(ask_broker) else 1.0)
        yield up
        depth = GaugeMetricFamily("tower_queue_rows", "Rows that wait to be worked", labels=["queue"])
        age = GaugeMetricFamily("tower_queue_age_seconds", "Age of the oldest row that is due", labels=["queue"])
        for backlog in [] if database_problem else backlogs():
            depth.add_metric([backlog.name], backlog.rows)
            age.add_metric([backlog.name], backlog.age.total_seconds())
        yield from (depth, age)


def failure_of(ask: Callable[[], None]) -> str | None:
    """None where it answers, else the kind of failure: never its text, which may name hosts and users."""
    try:
        ask()
    except (DatabaseError, OperationalError, OSError) as error:
        return type(error).__name__
    return None


def ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


_broker_answered_at = float("-inf")


def ask_broker() -> None:
    """The memory transport is this very process; Redis is asked over a connection of its own."""
    global _broker_answered_at
    if not settings.REDIS_URL or time.monotonic() - _broker_answered_at < BROKER_MEMORY_SECONDS:
        return
    with Connection(settings.REDIS_URL, connect_timeout=BROKER_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    _broker_answered_at = time.monotonic()
