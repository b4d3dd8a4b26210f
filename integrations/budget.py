"""A connection's calls per minute, counted over all processes by the shared cache; over it, everybody waits.

The count is a brake, not a truth: where the cache forgets, the platform's own throttle answer pauses the connection.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

from django.core.cache import cache

from integrations import http
from integrations.errors import Throttled
from integrations.models import Connection
from orders import clock

# Where they name no time.
PAUSE = timedelta(seconds=30)


def spending_for(connection: Connection | None) -> AbstractContextManager[None]:
    """Calls made within count against this connection; `Throttled` where the minute's budget is used up."""
    if connection is None or not connection.calls_per_minute:
        return nullcontext()
    return http.paying(lambda: _spend(connection))


def _spend(connection: Connection) -> None:
    now = clock.now()
    key = _key(connection.pk, now)
    cache.add(key, 0, timeout=120)
    if cache.incr(key) > connection.calls_per_minute:
        raise Throttled("本分钟调用已达上限", code="our_budget", retry_after=60 - now.timestamp() % 60)


def _key(connection_id: int, now: datetime) -> str:
    return f"calls:{connection_id}:{int(now.timestamp() // 60)}"


def used(connection_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Connection → calls made in this minute, of those whose calls are counted."""
    keys = {_key(connection_id, now): connection_id for connection_id in connection_ids}
    return {keys[key]: int(count) for key, count in cache.get_many(keys).items()}


def pause(connection_id: int, error: Throttled) -> None:
    """Nothing is sent over this connection until the time they named."""
    wait = timedelta(seconds=error.retry_after) if error.retry_after else PAUSE
    Connection.objects.filter(pk=connection_id).update(paused_until=clock.now() + wait)
