"""Celery's doors: five lines each, an idempotent call behind it, safe to run twice at once and to be killed."""

import functools
import threading
from collections.abc import Callable

from celery import shared_task
from django.db import connection

from alerts import intake
from integrations import contradictions, inbox, jobs, ledger, silence, sync, tokens, waybills
from orders import clock
from orders.models.partitions import ensure_partitions
from orders.services import anchors, deadlines, keys
from ordertower import dispatch


def side_by_side(count: int) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """So many at once in one process; one more ends at once, because its work is being done already.

    A heap of hints for one kind of work would else take every thread of a lane, and the other kinds starve. What a
    skipped hint stood for and the running ones just missed is found by beat (law 9). SQLite has one writer: one is
    enough there.
    """
    places = threading.Semaphore(1 if connection.vendor == "sqlite" else count)

    def limited(work: Callable[[], int]) -> Callable[[], int]:
        @functools.wraps(work)
        def at_most() -> int:
            if not places.acquire(blocking=False):
                return 0
            try:
                return work()
            finally:
                places.release()

        return at_most

    return limited


@shared_task
@side_by_side(2)
def drain() -> int:
    return dispatch.drain()


@shared_task
@side_by_side(3)
def process_receipts() -> int:
    return inbox.process_due() + inbox.retry_waiting()


@shared_task
@side_by_side(2)
def run_urgent_jobs() -> int:
    return jobs.run_lane("urgent")


@shared_task
@side_by_side(2)
def run_ingest_jobs() -> int:
    return jobs.run_lane("ingest")


@shared_task
@side_by_side(4)
def run_sync_jobs() -> int:
    return jobs.run_lane("sync")


@shared_task
@side_by_side(2)
def run_bulk_jobs() -> int:
    return jobs.run_lane("bulk")


@shared_task
@side_by_side(2)
def poll_connections() -> int:
    return sync.poll_due(now=clock.now())


@shared_task
@side_by_side(1)
def watch_connections() -> int:
    now = clock.now()
    return tokens.plan_refreshes(now=now) + waybills.plan_watches(now=now) + intake.take_troubles()


@shared_task
@side_by_side(1)
def keep_ledger() -> int:
    return ledger.run(now=clock.now())


@shared_task
@side_by_side(1)
def watch_contradictions() -> int:
    return contradictions.sweep(now=clock.now())


@shared_task
@side_by_side(1)
def listen_for_silence() -> int:
    return silence.listen(now=clock.now())


@shared_task
@side_by_side(1)
def sweep_deadlines() -> int:
    keys.forget_answers(now=clock.now())
    return deadlines.sweep(now=clock.now())


@shared_task
@side_by_side(1)
def anchor_trail() -> int:
    made = 0
    while anchors.anchor(now=clock.now()):
        made += 1
    return made


@shared_task
def prepare_partitions() -> list[str]:
    return ensure_partitions(clock.now())
