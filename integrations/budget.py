"""A connection's calls per minute, counted over all processes by the shared cache; over it, everybody waits.

The count is a brake, not a truth: where the cache forgets, the platform's own throttle answer pauses the connection.
"""

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

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
    key = f"calls:{connection.pk}:{int(now.timestamp() // 60)}"
    cache.add(key, 0, timeout=120)
    if cache.incr(key) > connection.calls_per_minute:
        raise Throttled("本分钟调用已达上限", code="our_budget", retry_after=60 - now.timestamp() % 60)


def pause(connection_id: int, error: Throttled) -> None:
    """Nothing is sent over this connection until the time they named."""
    wait = timedelta(seconds=error.retry_after) if error.retry_after else PAUSE
    Connection.objects.filter(pk=connection_id).update(paused_until=clock.now() + wait)
