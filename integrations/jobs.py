"""The one outbox engine: claim, commit, call, record (law 10). Everything that touches the network is a job.

A handler is registered by kind. It gets the job's plain data, makes its calls outside any transaction, and may be run
again after a crash at any line: a job is at least once, its effect is made single by the other side's own key or by
the service that records the result.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from integrations import budget
from integrations.errors import AlreadyDone, OutsideError, Permanent, Temporary, Throttled
from integrations.models import Attempt, Connection, Job
from orders import clock
from orders.services.dossier import wake

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
# Seconds before the next try; after the last the job rests in `failed` until a person retries it.
BACKOFF = (1, 3, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 3600, 3600)


@dataclass(frozen=True)
class Task:
    """What a handler gets to see of its job."""

    id: int
    key: str
    payload: Mapping[str, Any]
    order_id: int | None
    connection: Connection | None
    # How often it has come again by its own wish.
    turn: int = 0

    @property
    def through(self) -> Connection:
        """The connection, for a handler that can do nothing without one."""
        if self.connection is None:
            raise Permanent("没有可用的系统连接")
        return self.connection


@dataclass(frozen=True)
class Again:
    """A handler's answer that all went well and that it wants to run again then: a watch, not a retry."""

    at: datetime


Handler = Callable[[Task], Mapping[str, Any] | Again | None]
# What to do when a job failed for good, so that the order hears of it.
_handlers: dict[str, Handler] = {}
_mourners: dict[str, Callable[[Task, str], None]] = {}


def handles(kind: str, *, failed: Callable[[Task, str], None] | None = None) -> Callable[[Handler], Handler]:
    """Register a handler; two for one kind is a mistake that stops startup."""

    def register(handler: Handler) -> Handler:
        if _handlers.get(kind, handler) is not handler:
            raise RuntimeError(f"two handlers for job kind {kind}")
        _handlers[kind] = handler
        if failed:
            _mourners[kind] = failed
        return handler

    return register


def plan(
    kind: str,
    key: str,
    *,
    lane: str = Job.Lane.SYNC,
    connection_id: int | None = None,
    order_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
) -> None:
    """Write the wish, once per key. Runs in the caller's transaction."""
    Job.objects.bulk_create(
        [
            Job(
                kind=kind,
                key=key,
                lane=lane,
                connection_id=connection_id,
                order_id=order_id,
                payload=dict(payload or {}),
                not_before=not_before or clock.now(),
            )
        ],
        ignore_conflicts=True,
    )
    transaction.on_commit(lambda: wake(lane))


def due(lane: str, *, now: datetime, limit: int) -> list[int]:
    """Jobs that may run now: ready ones whose time has come, and running ones whose lease ran out with their worker."""
    ready = Q(state=Job.State.READY)
    lost = Q(state=Job.State.RUNNING, leased_until__lt=now)
    # A running one was due when it was claimed; said of both, so that no heap of sleeping watches is read through.
    rows = Job.objects.filter(ready | lost, lane=lane, not_before__lte=now).order_by("not_before", "id")
    rows = rows.exclude(connection__paused_until__gt=now)
    return list(rows.values_list("pk", flat=True)[:limit])


def run_lane(lane: str, *, limit: int = 50) -> int:
    """Run what is due in one lane; how many jobs were claimed here."""
    done = 0
    for job_id in due(lane, now=clock.now(), limit=limit):
        done += run(job_id)
    return done


def run(job_id: int) -> bool:
    """Claim and run one job; False where another worker has it."""
    now = clock.now()
    with transaction.atomic(durable=True):
        free = Q(state=Job.State.READY, not_before__lte=now) | Q(state=Job.State.RUNNING, leased_until__lt=now)
        claimed = Job.objects.filter(free, pk=job_id).update(state=Job.State.RUNNING, leased_until=now + LEASE)
        if not claimed:
            return False
        job = Job.objects.select_related("connection").get(pk=job_id)
        lost_for_good = job.tries_left == 0
        job.attempts += 1
        job.tries_left = max(job.tries_left - 1, 0)
        job.save(update_fields=["attempts", "tries_left"])
        # Written before anything is sent, so that a crash leaves its trace.
        attempt = Attempt.objects.create(job=job, number=job.attempts, started_at=now)
    task = Task(job.pk, job.key, job.payload, job.order_id, job.connection, int(job.result.get("turn", 0)))
    if lost_for_good:
        # Its lease ran out on the last try: whatever it does to its worker, it shall not do it for ever.
        _give_up(job, attempt, task, Permanent("执行多次都中断，没有结果", code="lost"))
        return True
    try:
        assert_no_transaction()
        with budget.spending_for(job.connection):
            result = _handlers[job.kind](task)
    except AlreadyDone as error:
        _finish(job, attempt, Job.State.DONE, "already_done", error=str(error))
    except Throttled as error:
        _wait_outside(job, attempt, error)
    except Temporary as error:
        _again(job, attempt, task, error, error.retry_after)
    except Permanent as error:
        _give_up(job, attempt, task, error)
    except DatabaseError as error:
        # Our own trouble (a deadlock, a lost connection): the same job may succeed in a moment.
        _again(job, attempt, task, error, None)
    except Exception as error:
        # A mistake in a handler must neither be lost nor stop the other jobs.
        log.exception("job %s failed in its handler", job.pk)
        _again(job, attempt, task, error, None)
    else:
        if isinstance(result, Again):
            _come_again(job, attempt, task, result)
        else:
            _finish(job, attempt, Job.State.DONE, "done", result=dict(result or {}))
    return True


def assert_no_transaction() -> None:
    """Law 10: no network inside a transaction (a test case's own wrapping does not count)."""
    if connection.in_atomic_block and not getattr(connection.atomic_blocks[0], "_from_testcase", False):
        raise RuntimeError("a job's handler was started inside a transaction")


def _finish(
    job: Job, attempt: Attempt, state: str, outcome: str, *, error: str = "", result: dict[str, Any] | None = None
) -> None:
    now = clock.now()
    with transaction.atomic():
        # Only the claim that is still ours may end the job: a lease that ran out was taken by another worker.
        Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
            state=state, error=error[:500], result=result or {}, done_at=now, leased_until=None
        )
        _close(attempt, outcome, error)


def _come_again(job: Job, attempt: Attempt, task: Task, wish: Again) -> None:
    """Its tries are full again, and a turn that went well leaves no row behind: a watch may have a hundred."""
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
            state=Job.State.READY,
            tries_left=len(BACKOFF),
            not_before=wish.at,
            leased_until=None,
            error="",
            result={"turn": task.turn + 1},
        )
        attempt.delete()


def _close(attempt: Attempt, outcome: str, error: str) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=clock.now(), outcome=outcome, error=error[:500])


def _again(job: Job, attempt: Attempt, task: Task, error: Exception, retry_after: float | None) -> None:
    if job.tries_left <= 0:
        _give_up(job, attempt, task, error)
        return
    wait = max(retry_after or 0, BACKOFF[len(BACKOFF) - 1 - job.tries_left])
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
            state=Job.State.READY,
            not_before=clock.now() + timedelta(seconds=wait),
            leased_until=None,
            error=_words(error)[:500],
        )
        _close(attempt, "retry", _words(error))
    _tell_connection(job, error)


def _wait_outside(job: Job, attempt: Attempt, error: Throttled) -> None:
    """They are busy, which is nobody's failure: the try is given back, and the whole connection waits."""
    wait = timedelta(seconds=error.retry_after) if error.retry_after else budget.PAUSE
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
            state=Job.State.READY,
            tries_left=job.tries_left + 1,
            not_before=clock.now() + wait,
            leased_until=None,
            error=_words(error)[:500],
        )
        _close(attempt, "throttled", _words(error))
    _tell_connection(job, error)


def _give_up(job: Job, attempt: Attempt, task: Task, error: Exception) -> None:
    if mourn := _mourners.get(job.kind):
        mourn(task, _words(error))
    _finish(job, attempt, Job.State.FAILED, "failed", error=_words(error))
    _tell_connection(job, error)


def _words(error: Exception) -> str:
    code = f"[{error.code}] " if isinstance(error, OutsideError) and error.code else ""
    return f"{code}{error}" if isinstance(error, OutsideError) else f"{type(error).__name__}: {error}"


def _tell_connection(job: Job, error: Exception) -> None:
    if job.connection_id:
        if isinstance(error, Throttled):
            budget.pause(job.connection_id, error)
        Connection.objects.filter(pk=job.connection_id).update(
            last_error=_words(error)[:500], last_error_at=clock.now()
        )


def retry(*job_ids: int) -> int:
    """A second chance for failed jobs; how many there were. A person's wish goes through `replaying`."""
    return Job.objects.filter(pk__in=job_ids, state=Job.State.FAILED).update(
        state=Job.State.READY, tries_left=len(BACKOFF), not_before=clock.now(), error="", done_at=None
    )


def kinds() -> Iterable[str]:
    return _handlers.keys()
