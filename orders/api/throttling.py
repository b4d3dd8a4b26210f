"""So many requests a minute for each caller: a program in a loop must not slow the warehouse down."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from orders.api.authentication import owner_of

log = logging.getLogger(__name__)

WINDOW = 60
# Generous: a peak of 400 webhooks a second comes by the hooks, not by here.
PER_MINUTE = 6000


class PerCaller(BaseThrottle):
    """A counter a minute and caller. It guards the machine, so it counts in the machine's time, not the tower's."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = getattr(settings, "TOWER_API_PER_MINUTE", PER_MINUTE)
        name = f"api:{owner_of(request)}:{int(time.time()) // WINDOW}"
        try:
            if cache.add(name, 1, WINDOW * 2):
                return limit >= 1
            return cache.incr(name) <= limit
        except ValueError:
            # The counter was thrown out of the cache between the two calls.
            return True
        except RedisError as error:
            # The cache is no truth: while it is away nobody is counted, and the warehouse prints on.
            log.warning("callers are not counted: no cache (%s)", type(error).__name__)
            return True

    def wait(self) -> float:
        return WINDOW - time.time() % WINDOW
