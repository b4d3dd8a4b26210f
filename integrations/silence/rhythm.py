"""The statistics of one edge: its rhythm by hour of the week, its level today, the chance of a gap. No database.

The rhythm is the mean per minute of each of the week's 168 hours, learned over four weeks; what lies in a promotion is
divided by its factor, what lies in a known silence is left out. A gap is judged by how many messages should have come
in it. Their number is taken as overdispersed (a gamma-mixed Poisson): the chance of none is (1 + a·m)^(-1/a), with `m`
expected and `a` the spread that the edge has shown on its low side; bursts of a live stream say nothing of silence.
People take breaks, which no such law knows: a gap that an edge has shown before is none (`tolerated`).

Everything errs to the low side: a level is believed upwards only after an hour, downwards after five minutes.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

SLOT = timedelta(minutes=5)
SLOTS_AN_HOUR = 12
HOURS = 168
LEARN_FROM = timedelta(days=28)
# With less than this there is no rhythm, and no alarm.
LEAST_HISTORY = timedelta(days=3)
# An hour of the week leans on the same hour of all days as if that were so many weeks.
LEAN = 1.0
WINDOWS = tuple(timedelta(minutes=minutes) for minutes in (60, 15, 5))
# So many expected messages of a window must be outweighed before its ratio counts.
SHRINK = 5.0
# Above the calendar's factor an edge is not believed to be busier than this.
HIGHEST_LEVEL, LOWEST_LEVEL = 1.5, 0.02
LEAST_SPREAD, MOST_SPREAD = 0.02, 1.0
# Twenty edges may give half a false alarm a day: for each edge so many of its gaps in a day.
FALSE_ALARMS_A_DAY = 0.5 / 20
# Above a gap that was seen before.
MARGIN = 1.2
# Deliveries come in batches: a shorter gap is none.
SHORTEST_GAP = timedelta(seconds=60)
# 1970-01-01 was a Thursday; the week begins on Monday, in Beijing.
_WEEK_OFFSET = 3 * 24 * 3600 + 8 * 3600


@dataclass(frozen=True)
class Season:
    """A promotion as far as rates go."""

    start: datetime
    end: datetime
    factor: float


def factor_at(seasons: Sequence[Season], moment: datetime) -> float:
    found = 1.0
    for season in seasons:
        if season.start <= moment < season.end:
            found *= season.factor
    return found


def hour_of_week(moment: datetime) -> float:
    """0.0 is Monday midnight in Beijing."""
    return ((moment.timestamp() + _WEEK_OFFSET) / 3600) % HOURS


@dataclass(frozen=True)
class Rhythm:
    """Messages per minute by hour of the week, how much they spread, and the gaps that are usual, in messages."""

    means: tuple[float, ...]
    spread: float
    tolerated: float = 0.0

    @property
    def per_day(self) -> float:
        return sum(self.means) * 60 / 7

    @property
    def threshold(self) -> float:
        """A gap less likely than this is no accident: rarer where there are more gaps to be judged."""
        return FALSE_ALARMS_A_DAY / max(self.per_day, 24.0)

    def rate(self, moment: datetime) -> float:
        """Per minute: between the middles of two hours it goes straight from one mean to the next."""
        place = hour_of_week(moment) - 0.5
        low = math.floor(place)
        share = place - low
        return self.means[low % HOURS] * (1 - share) + self.means[(low + 1) % HOURS] * share

    def expected(self, start: datetime, end: datetime) -> float:
        """How many messages there usually are in [start, end): by the trapezoid rule, a quarter of an hour a step."""
        minutes = (end - start).total_seconds() / 60
        if minutes <= 0:
            return 0.0
        steps = max(1, math.ceil(minutes / 15))
        rates = [self.rate(start + (end - start) * step / steps) for step in range(steps + 1)]
        return minutes * (sum(rates) - (rates[0] + rates[-1]) / 2) / steps

    def as_json(self) -> dict[str, Any]:
        means = [round(mean, 5) for mean in self.means]
        return {"means": means, "spread": round(self.spread, 4), "tolerated": round(self.tolerated, 2)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Rhythm | None":
        return cls(tuple(told["means"]), told["spread"], told.get("tolerated", 0.0)) if told else None


def learn(
    counts: Mapping[datetime, int],
    *,
    first: datetime,
    now: datetime,
    seasons: Sequence[Season] = (),
    silences: Sequence[tuple[datetime, datetime]] = (),
    rests: bool = False,
) -> Rhythm | None:
    """The rhythm in the counts of five minutes each; a slot without a count had none. `None`: too little to tell.

    `rests`: people are behind this edge, who take breaks; what their longest are like is learned too.
    """
    start = slot_of(max(first, now - LEARN_FROM)) + SLOT
    if now - start < LEAST_HISTORY:
        return None
    known = [(since - SLOT, until) for since, until in silences]
    slots = [
        (moment, counts.get(moment, 0) / max(factor_at(seasons, moment), 0.01))
        for moment in (start + SLOT * place for place in range((slot_of(now) - start) // SLOT))
        if not any(since <= moment < until for since, until in known)
    ]
    found = Rhythm(_means(slots), _spread([count for _, count in slots]))
    return replace(found, tolerated=_usual_gap(found, slots)) if rests else found


def slot_of(moment: datetime) -> datetime:
    """The start of the five minutes that a moment lies in."""
    seconds = SLOT.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, tz=UTC)


def _means(slots: Iterable[tuple[datetime, float]]) -> tuple[float, ...]:
    by_hour: dict[int, dict[int, list[float]]] = {}
    for moment, count in slots:
        place = int(hour_of_week(moment))
        week = int((moment.timestamp() + _WEEK_OFFSET) // (HOURS * 3600))
        by_hour.setdefault(place, {}).setdefault(week, []).append(count)
    # Each week's mean per minute, with a live stream's burst cut down to what the other weeks allow.
    hours = {place: _calm([sum(one) / len(one) / 5 for one in weeks.values()]) for place, weeks in by_hour.items()}
    of_day: dict[int, list[float]] = {}
    for place, means in hours.items():
        of_day.setdefault(place % 24, []).extend(means)
    every_day = {hour: sum(means) / len(means) for hour, means in of_day.items()}
    found = []
    for place in range(HOURS):
        means, usual = hours.get(place, []), every_day.get(place % 24, 0.0)
        found.append((sum(means) + LEAN * usual) / (len(means) + LEAN))
    return tuple(found)


def _calm(means: list[float]) -> list[float]:
    usual = median(means)
    most = 2 * usual + 0.5
    return [min(mean, most) for mean in means]


def _spread(counts: Sequence[float]) -> float:
    """By how much slots fall below their neighbours, beyond what chance does: moments of the low side alone."""
    beyond = squares = 0.0
    for place in range(3, len(counts) - 3):
        around = sorted((*counts[place - 3 : place], *counts[place + 1 : place + 4]))
        usual = (around[2] + around[3]) / 2
        if usual < 2:
            continue
        # The low side stands for both. The neighbours' own noise is a sixth of the slot's, a median's half more.
        below = max(usual - counts[place], 0.0)
        beyond += 2 * below**2 / 1.25 - usual
        squares += usual**2
    return min(max(beyond / squares, LEAST_SPREAD), MOST_SPREAD) if squares else LEAST_SPREAD


def _usual_gap(rhythm: Rhythm, slots: Sequence[tuple[datetime, float]]) -> float:
    """The gap that has come at least twice, in messages that should have come in it, and some more."""
    masses: list[float] = []
    begin: datetime | None = None
    for moment, count in slots:
        if count == 0 and begin is None:
            begin = moment
        elif count and begin is not None:
            # It began in the slot before, and ended in this one.
            masses.append(rhythm.expected(begin - SLOT / 2, moment + SLOT / 2))
            begin = None
    return MARGIN * sorted(masses)[-2] if len(masses) > 1 else 0.0


@dataclass(frozen=True)
class Recent:
    """What came in the windows before a gap, and what usually comes in them."""

    seen: tuple[float, ...]
    usual: tuple[float, ...]


def recent(rhythm: Rhythm, slots: Sequence[tuple[datetime, int]], until: datetime) -> Recent:
    """From ascending slots: whole ones that lie in a window before the gap, the one in which it begins included."""
    begins = slot_of(until)
    starts = [start for start, _ in slots]
    seen, usual = [], []
    for window in WINDOWS:
        since = begins - window
        found = slots[bisect_left(starts, since) : bisect_left(starts, begins + SLOT)]
        seen.append(float(sum(count for _, count in found)))
        usual.append(rhythm.expected(since, until))
    return Recent(tuple(seen), tuple(usual))


def level(own: Recent, *, others: float = 1.0, factor: float = 1.0) -> float:
    """Today's busyness against the rhythm: the lowest of the windows, leaning on how the other edges do today."""
    lean = min(max(others, 0.2), 1.0) * min(factor, 1.0)
    ratios = [(seen + SHRINK * lean) / (usual + SHRINK) for seen, usual in zip(own.seen, own.usual, strict=True)]
    return min(max(min(ratios), LOWEST_LEVEL), HIGHEST_LEVEL * max(factor, 0.01))


def chance(expected: float, spread: float) -> float:
    """Of no message at all where so many are expected."""
    return math.exp(-math.log1p(spread * expected) / spread)


def is_silent(rhythm: Rhythm, *, last_at: datetime, now: datetime, level: float) -> tuple[bool, float, float]:
    """(silent, expected, chance) of the gap since the last message."""
    expected = level * rhythm.expected(last_at, now)
    found = chance(expected, rhythm.spread)
    unlikely = found < rhythm.threshold and expected > rhythm.tolerated
    return unlikely and now - last_at >= SHORTEST_GAP, expected, found
