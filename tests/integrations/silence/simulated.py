"""Twenty edges of a seller as they would speak for weeks: the day's and the week's shape, live streams, a promotion,
shifts with breaks, couriers that come in the evening. Only the statistics listen here, minute by minute; no database.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integrations.silence.rhythm import (
    HIGHEST_LEVEL,
    SLOTS_AN_HOUR,
    Rhythm,
    Season,
    factor_at,
    is_silent,
    learn,
    level,
    recent,
)

MINUTE = timedelta(minutes=1)
# A Monday midnight in Beijing; the promotion is on the third Wednesday of listening, from eight to midnight.
START = datetime(2026, 9, 6, 16, tzinfo=UTC)
DAYS = 28
LISTENED_FROM = START + timedelta(days=DAYS)
PROMOTION = Season(
    LISTENED_FROM + timedelta(days=16, hours=20), LISTENED_FROM + timedelta(days=16, hours=24), factor=5.0
)
# The beat looks so often.
LOOKS = timedelta(seconds=20)
SHOP_DAY = (
    0.55, 0.3, 0.15, 0.08, 0.06, 0.08, 0.2, 0.5, 0.9, 1.2, 1.35, 1.3, 1.2, 1.15, 1.2, 1.25, 1.2, 1.15, 1.2, 1.6, 2.1,
    2.2, 1.7, 1.0,
)  # fmt: skip
SHIFT = (0.0,) * 8 + (0.6, 1.0, 1.0, 1.0, 0.3, 1.0, 1.0, 1.0, 1.0, 0.8, 0.4, 1.0, 1.0, 0.9, 0.4) + (0.0,)
EVENING = (0.0,) * 15 + (0.3, 0.6, 1.5, 3.0, 3.0, 2.0, 0.8, 0.2) + (0.0,)
WEEK = (1.0, 0.95, 0.95, 1.0, 1.05, 1.15, 1.1)


@dataclass
class Edge:
    """`per_minute` is the mean of a day's busiest shape times one; `kind` as in the tower."""

    name: str
    kind: str
    per_minute: float
    day: tuple[float, ...]
    # Live streams an evening, breaks a day.
    streams: float = 0.0
    breaks: float = 0.0
    noise: float = 0.2
    promoted: bool = True
    rhythm: Rhythm | None = None

    def by_hour(self) -> list[float]:
        """The mean per minute of each hour of the week, Monday midnight first."""
        return [self.per_minute * self.day[hour % 24] * WEEK[hour // 24] for hour in range(168)]


def seller() -> list[Edge]:
    shops = [Edge(f"店铺{rate}", "webhook", rate, SHOP_DAY, streams=2, noise=0.25) for rate in (26.0, 12.0, 4.0)]
    night_owl = [Edge("小店", "webhook", 2 / 60 / 0.3, SHOP_DAY)]
    houses = [Edge(f"仓库{rate}", "wms", rate, SHOP_DAY, noise=0.3) for rate in (15.0, 6.0)]
    stations = [Edge(f"工位A{place}", "print", 1.8, SHIFT, breaks=4, promoted=False) for place in range(9)]
    couriers = [Edge(f"快递{place}", "pickup", 1.0 + place, EVENING, noise=0.5) for place in range(5)]
    return [*shops, *night_owl, *houses, *stations, *couriers]


def poisson(dice: random.Random, mean: float) -> int:
    if mean > 14:
        return max(0, int(dice.gauss(mean, math.sqrt(mean)) + 0.5))
    limit, product, found = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        found += 1
    return found


def minutes(edge: Edge, dice: random.Random, days: int, *, step: int = 1) -> Iterator[tuple[int, int]]:
    """(minute, what comes in it), from a Monday midnight on; or in every `step` minutes together."""
    hours, drift, break_left, stream_left, stream, today = edge.by_hour(), 0.0, 0, 0, 1.0, 1.0
    promotion = range(*(int((moment - LISTENED_FROM) / MINUTE) for moment in (PROMOTION.start, PROMOTION.end)))
    # Three times the usual for forty minutes, and nobody put it into the calendar.
    flash = range((9 * 24 + 15) * 60, (9 * 24 + 15) * 60 + 40)
    for minute in range(0, days * 1440, step):
        if minute % 1440 == 0:
            today = math.exp(dice.gauss(0, 0.12))
        if minute % 5 == 0:
            # A slow wave of busyness, as shops have it.
            drift = 0.86 * drift + dice.gauss(0, edge.noise * 0.51)
        rate = hours[minute // 60 % 168] * today * math.exp(drift)
        if edge.streams and stream_left <= 0 and minute // 60 % 24 >= 19 and dice.random() < edge.streams * step / 300:
            stream_left, stream = 15, 1 + dice.expovariate(0.25)
        if stream_left > 0:
            stream_left -= step
            rate *= 1 + stream * math.exp(-(15 - stream_left) / 3)
        if edge.breaks and break_left <= 0 and dice.random() < edge.breaks * step / 840:
            break_left = dice.randrange(5, 26)
        if edge.promoted and days == DAYS and step == 1:
            rate *= PROMOTION.factor if minute in promotion else 3 if minute in flash else 1
        resting = break_left > 0
        break_left -= step
        yield minute, 0 if resting or not rate else poisson(dice, rate * step)


def taught(edge: Edge, dice: random.Random) -> Edge:
    """Four weeks of counts, and the rhythm in them."""
    counts = {START + MINUTE * minute: count for minute, count in minutes(edge, dice, DAYS, step=5) if count}
    edge.rhythm = learn(counts, first=START, now=LISTENED_FROM, rests=edge.kind in ("print", "pickup"))
    return edge


@dataclass
class Heard:
    """What the listener made of one edge."""

    false_alarms: list[datetime] = field(default_factory=list)
    # Seconds from the outage to the alarm, by the hour it began in; `None`: not within an hour.
    found_after: list[float | None] = field(default_factory=list)


def listen(
    edge: Edge, dice: random.Random, *, outage_at: Callable[[int], bool] = lambda minute: False, days: int = DAYS
) -> Heard:
    """Weeks of listening. At a planted outage the edge is asked what it would say if nothing came from then on."""
    heard, rhythm = Heard(), edge.rhythm
    assert rhythm is not None
    highest = [HIGHEST_LEVEL * max(rhythm.means[hour - 1], mean, rhythm.means[(hour + 1) % 168])
               for hour, mean in enumerate(rhythm.means)]  # fmt: skip
    slots: list[tuple[datetime, int]] = []
    last_minute, last_at, mass, silent = 0, LISTENED_FROM, 0.0, False
    for minute, count in minutes(edge, dice, days):
        if minute % 5 == 0:
            slots.append((LISTENED_FROM + MINUTE * minute, 0))
            del slots[: -SLOTS_AN_HOUR - 2]
        if outage_at(minute):
            heard.found_after.append(_found_after(rhythm, slots, last_at))
        if count:
            slots[-1] = (slots[-1][0], slots[-1][1] + count)
            last_at, mass, silent = LISTENED_FROM + MINUTE * (minute + dice.random()), 0.0, False
            last_minute = minute
            continue
        mass += highest[minute // 60 % 168]
        # What no level could make unlikely needs no closer look; a long gap is looked at every ten minutes.
        quiet = minute - last_minute
        if silent or mass * PROMOTION.factor < 5 or (quiet > 30 and minute % 10):
            continue
        moment = LISTENED_FROM + MINUTE * (minute + 1)
        if _silent(rhythm, slots, last_at, moment):
            silent = True
            heard.false_alarms.append(moment)
    return heard


def _silent(rhythm: Rhythm, slots: list[tuple[datetime, int]], last_at: datetime, now: datetime) -> bool:
    busyness = level(recent(rhythm, slots, last_at), factor=factor_at([PROMOTION], now))
    return is_silent(rhythm, last_at=last_at, now=now, level=busyness)[0]


def _found_after(rhythm: Rhythm, slots: list[tuple[datetime, int]], last_at: datetime) -> float | None:
    now = last_at
    while now < last_at + timedelta(hours=1):
        now += LOOKS
        if _silent(rhythm, slots, last_at, now):
            return (now - last_at).total_seconds()
    return None


def at_peak(minute: int) -> bool:
    """An outage now and then in the busiest hours."""
    return minute // 60 % 24 in (20, 21) and minute % 60 == 33


def quantile(values: list[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, math.ceil(share * len(ranked)) - 1)]


__all__ = ["DAYS", "at_peak", "listen", "quantile", "seller", "taught"]
