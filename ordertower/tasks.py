"""Celery's doors: five lines each, an idempotent call behind it, safe to run twice at once and to be killed."""

from celery import shared_task

from alerts import intake
from integrations import inbox, jobs, sync, tokens
from orders import clock
from orders.models.partitions import ensure_partitions
from orders.services import anchors, deadlines, keys
from ordertower import dispatch


@shared_task
def drain() -> int:
    return dispatch.drain()


@shared_task
def process_receipts() -> int:
    return inbox.process_due() + inbox.retry_waiting()


@shared_task
def run_urgent_jobs() -> int:
    return jobs.run_lane("urgent")


@shared_task
def run_ingest_jobs() -> int:
    return jobs.run_lane("ingest")


@shared_task
def run_sync_jobs() -> int:
    return jobs.run_lane("sync")


@shared_task
def run_bulk_jobs() -> int:
    return jobs.run_lane("bulk")


@shared_task
def poll_connections() -> int:
    return sync.poll_due(now=clock.now())


@shared_task
def watch_connections() -> int:
    return tokens.plan_refreshes(now=clock.now()) + intake.take_troubles()


@shared_task
def sweep_deadlines() -> int:
    keys.forget_answers(now=clock.now())
    return deadlines.sweep(now=clock.now())


@shared_task
def anchor_trail() -> int:
    made = 0
    while anchors.anchor(now=clock.now()):
        made += 1
    return made


@shared_task
def prepare_partitions() -> list[str]:
    return ensure_partitions(clock.now())
