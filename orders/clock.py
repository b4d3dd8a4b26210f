"""The one clock. Time is an argument (law 14): services, jobs and emulators ask here, never the operating system.

`TOWER_CLOCK="2026-11-11T00:00:00+08:00 x60"` starts the tower's time at that instant and lets it run sixty times
as fast, so that a day can be rehearsed in minutes. Without the variable the clock is the real one.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FastClock:
    """A clock that starts at `origin` when it is made and runs `speed` times as fast as the real one."""

    origin: datetime
    speed: float = 1.0
    _started: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.origin + timedelta(seconds=(time.monotonic() - self._started) * self.speed)


@dataclass
class FixedClock:
    """A clock that stands still until a test moves it."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def advance(self, **units: float) -> None:
        self.moment += timedelta(**units)


def from_environment(text: str | None) -> Clock:
    """The clock that `TOWER_CLOCK` describes; `ValueError` where it cannot be read."""
    if not text:
        return SystemClock()
    moment, _, speed = text.partition(" x")
    origin = datetime.fromisoformat(moment)
    if origin.tzinfo is None:
        raise ValueError("TOWER_CLOCK needs a time with an offset, such as 2026-11-11T00:00:00+08:00 x60")
    return FastClock(origin.astimezone(UTC), float(speed or 1))


_clock: Clock = from_environment(os.environ.get("TOWER_CLOCK"))


def now() -> datetime:
    """The tower's present, in UTC."""
    return _clock.now()


@contextmanager
def running_on(clock: Clock) -> Iterator[Clock]:
    """Let the whole process run on another clock, for a test or a rehearsal."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = before
