"""Polling: push tells sooner, the poll makes sure. Every connection is claimed by one conditional UPDATE."""

import logging
from datetime import datetime, timedelta

from integrations import budget
from integrations.errors import OutsideError, Throttled
from integrations.inbox import keep
from integrations.models import Connection
from integrations.registry import adapter_named
from orders import clock

log = logging.getLogger(__name__)

# Steps of one connection in one go, so that a long back-fill does not starve the others.
STEPS = 20


def poll_due(*, now: datetime) -> int:
    """Poll every connection whose time has come; how many were claimed here."""
    rows = Connection.objects.filter(enabled=True, next_poll_at__lte=now).exclude(adapter="")
    rows = rows.exclude(paused_until__gt=now)
    claimed = 0
    for connection in rows:
        if "poll" not in adapter_named(connection.adapter).capabilities:
            continue
        # Two beats at once: only one moves the time on, and only that one polls.
        taken = Connection.objects.filter(pk=connection.pk, next_poll_at__lte=now).update(
            next_poll_at=now + timedelta(seconds=connection.poll_seconds)
        )
        if taken:
            _poll_by_itself(connection)
            claimed += 1
    return claimed


def _poll_by_itself(connection: Connection) -> None:
    """A mistake of ours with one connection is shown there, and the others are polled all the same."""
    try:
        poll(connection)
    except Exception as error:
        log.exception("poll of connection %s failed", connection.pk)
        values = {"last_error": f"轮询出错 {type(error).__name__}", "last_error_at": clock.now()}
        Connection.objects.filter(pk=connection.pk).update(**values)


def poll(connection: Connection) -> int:
    """Read what is new, commit it, move the cursor, confirm; how many messages were new.

    The cursor moves only after its messages are committed: a crash in between reads them again, without effect.
    """
    adapter = adapter_named(connection.adapter)
    new = 0
    try:
        for _ in range(STEPS):
            access = connection.open(clock.now())
            with budget.spending_for(connection):
                polled = adapter.poll(access, connection.cursor)
            new += len(keep(connection, polled.messages))
            connection.cursor = dict(polled.cursor)
            Connection.objects.filter(pk=connection.pk).update(
                cursor=connection.cursor, last_poll_at=clock.now(), last_error="", last_error_at=None
            )
            with budget.spending_for(connection):
                adapter.confirm(access, polled)
            if not polled.more:
                break
    except OutsideError as error:
        code = f"[{error.code}] " if error.code else ""
        log.warning("poll of connection %s: %s%s", connection.pk, code, error)
        values = {"last_error": f"{code}{error}"[:500], "last_error_at": clock.now()}
        if isinstance(error, Throttled):
            budget.pause(connection.pk, error)
        if error.retry_after:
            values["next_poll_at"] = clock.now() + timedelta(seconds=error.retry_after)
        Connection.objects.filter(pk=connection.pk).update(**values)
    return new
