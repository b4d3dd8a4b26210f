"""A hint that there is work. It may be lost: beat finds what it left (law 9)."""

import logging
import threading
import time

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

TASKS = {
    "drain": "ordertower.tasks.drain",
    "receipts": "ordertower.tasks.process_receipts",
    "urgent": "ordertower.tasks.run_urgent_jobs",
    "ingest": "ordertower.tasks.run_ingest_jobs",
    "sync": "ordertower.tasks.run_sync_jobs",
    "bulk": "ordertower.tasks.run_bulk_jobs",
}
# One hint of a kind in this time is enough: the task takes all the work there is.
QUIET_SECONDS = 0.2
_last: dict[str, float] = {}
_lock = threading.Lock()


def wake(what: str) -> None:
    from ordertower.celery import app

    now = time.monotonic()
    with _lock:
        if now - _last.get(what, 0) < QUIET_SECONDS:
            return
        _last[what] = now
    try:
        app.send_task(TASKS[what], expires=30, retry=False)
    except OperationalError:
        log.warning("no broker for the hint %s; beat will find the work", what)


def silent(what: str) -> None:
    """For tests and tools that drain by themselves."""
