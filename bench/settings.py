"""The real settings, without the two things that would measure something else: hints to a broker, and a rate limit."""

from ordertower.settings import *  # noqa: F403

TOWER_WAKE = "ordertower.wake.silent"
TOWER_API_PER_MINUTE = 10_000_000
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "WARNING"}}
