"""Polling: push tells sooner, the poll makes sure. Every connection is claimed by one conditional UPDATE.

A connection's own interval is the ceiling. Where a shop is selling, or its push is not to be trusted, the next poll
comes sooner, so that what a push lost is here within three minutes; never so often that it uses up the connection's
calls.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations import budget
from integrations.errors import OutsideError, Throttled
from integrations.inbox import keep
from integrations.models import Connection, Edge, Promotion
from integrations.registry import adapter_named
from orders import clock
from orders.lifecycle import CauseKind

log = logging.getLogger(__name__)

# Steps of one connection in one go, so that a long back-fill does not starve the others.
STEPS = 20
# A shop that said something this lately is selling.
ACTIVE = timedelta(minutes=10)
# Selling and nobody else to tell: a promotion, or a push that is silent or was never there.
ALONE = timedelta(seconds=30)
# Nothing is heard and the push that should tell is silent, or has never told anything.
LISTENING = timedelta(seconds=60)
# Selling, and the push works: the poll only finds what it lost.
BEHIND_PUSH = timedelta(seconds=120)
# Polls alone may use this share of a connection's calls; the rest is for what people and orders wait for.
SHARE_OF_CALLS = 0.5


@dataclass(frozen=True)
class Season:
    """What the pace of polls depends on besides the connection: promotions that run, pushes that are silent."""

    promoted: Collection[int]
    silent: Collection[int]

    @classmethod
    def at(cls, now: datetime) -> "Season":
        running = Promotion.objects.filter(start__lte=now, end__gt=now)
        silent = Edge.objects.filter(kind=Edge.Kind.WEBHOOK, silent_since__isnull=False)
        return cls(
            frozenset(running.values_list("company_id", flat=True)),
            frozenset(silent.values_list("connection_id", flat=True)),
        )


def interval(connection: Connection, season: Season, *, now: datetime) -> timedelta:
    """How long until the next poll; its own interval at most."""
    ceiling = timedelta(seconds=connection.poll_seconds)
    adapter = adapter_named(connection.adapter)
    if adapter.system != CauseKind.PLATFORM:
        return ceiling
    pushes = adapter.can("webhook", connection.settings)
    heard, pushed = connection.last_message_at, connection.last_push_at
    active = connection.company_id in season.promoted or (heard is not None and now - heard <= ACTIVE)
    works = pushes and pushed is not None and connection.pk not in season.silent
    alive = works and pushed is not None and now - pushed <= ACTIVE
    if active:
        wished = BEHIND_PUSH if alive and connection.company_id not in season.promoted else ALONE
    else:
        wished = LISTENING if pushes and not works else ceiling
    return min(max(wished, _affordable(connection)), ceiling)


def _affordable(connection: Connection) -> timedelta:
    """One poll is a call at least; a step that needs more is held back by the budget itself."""
    if not connection.calls_per_minute:
        return timedelta(0)
    return timedelta(seconds=60 / (connection.calls_per_minute * SHARE_OF_CALLS))


def poll_due(*, now: datetime) -> int:
    """Poll every connection whose time has come; how many were claimed here."""
    rows = Connection.objects.filter(enabled=True, next_poll_at__lte=now).exclude(adapter="")
    rows = rows.exclude(paused_until__gt=now)
    claimed = 0
    season = None
    for connection in rows:
        if not adapter_named(connection.adapter).can("poll", connection.settings):
            continue
        season = season or Season.at(now)
        # Two beats at once: only one moves the time on, and only that one polls.
        taken = Connection.objects.filter(pk=connection.pk, next_poll_at__lte=now).update(
            next_poll_at=now + interval(connection, season, now=now)
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
            new += len(keep(connection, polled.messages, via="poll"))
            connection.cursor = dict(polled.cursor)
            Connection.objects.filter(pk=connection.pk).update(
                cursor=connection.cursor, last_poll_at=clock.now(), last_error="", last_error_at=None
            )
            with budget.spending_for(connection):
                adapter.confirm(access, polled)
            if not polled.more:
                break
        _come_sooner(connection, more=polled.more, new=new)
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


def _come_sooner(connection: Connection, *, more: bool, new: int) -> None:
    """There is more than one go could read: go on at once. Or something was sold: keep pace with it."""
    now = clock.now()
    if not more and not new:
        return
    fresh = Connection.objects.get(pk=connection.pk)
    soon = now if more else now + interval(fresh, Season.at(now), now=now)
    Connection.objects.filter(pk=connection.pk, next_poll_at__gt=soon).update(next_poll_at=soon)
