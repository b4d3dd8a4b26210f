"""The statistics of silence, on edges simulated for weeks: outages are found in time, and hardly anything else."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from integrations.silence.rhythm import (
    HOURS,
    SLOT,
    Rhythm,
    Season,
    chance,
    hour_of_week,
    is_silent,
    learn,
    level,
    recent,
)
from tests.integrations.silence import simulated

MONDAY = datetime(2026, 9, 6, 16, tzinfo=UTC)
STEADY = Rhythm((10.0,) * HOURS, 0.02)
MINUTE = timedelta(minutes=1)
# Busy enough at peak that three minutes can tell: ten messages a minute.
BUSY = 10.0


def steady_slots(until: datetime, count: int = 50) -> list[tuple[datetime, int]]:
    begins = until - timedelta(minutes=90)
    return [(begins + SLOT * place, count) for place in range(18)]


def test_the_week_begins_on_monday_in_beijing():
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(MONDAY - MINUTE) == pytest.approx(HOURS - 1 / 60)


def test_a_rhythm_is_learned_by_hour_of_the_week_from_weeks_of_counts():
    counts = {}
    for hour in range(HOURS * 4):
        for place in range(12):
            counts[MONDAY + timedelta(hours=hour) + SLOT * place] = 50 if hour % 24 == 20 else 5
    found = learn(counts, first=MONDAY, now=MONDAY + timedelta(weeks=4))
    assert found is not None
    assert found.means[20] == pytest.approx(10)
    assert found.means[44] == pytest.approx(10)
    assert found.means[3] == pytest.approx(1)
    assert found.expected(MONDAY + timedelta(hours=20.25), MONDAY + timedelta(hours=20.75)) == pytest.approx(
        285, rel=0.1
    )


def test_a_promotion_and_a_known_silence_do_not_bend_the_rhythm():
    counts = {MONDAY + SLOT * place: 50 for place in range(12 * 24 * 14)}
    evening = MONDAY + timedelta(days=9, hours=20)
    dead = MONDAY + timedelta(days=10)
    for place in range(48):
        counts[evening + SLOT * place] = 250
        counts.pop(dead + SLOT * place)
    now = MONDAY + timedelta(days=14)
    seasons = [Season(evening, evening + timedelta(hours=4), 5.0)]
    silences = [(dead, dead + timedelta(hours=4))]
    told = learn(counts, first=MONDAY, now=now, seasons=seasons, silences=silences)
    untold = learn(counts, first=MONDAY, now=now)
    assert told is not None
    assert untold is not None
    assert all(mean == pytest.approx(10) for mean in told.means)
    assert min(untold.means) < 8


def test_too_short_a_history_is_no_rhythm():
    counts = {MONDAY + SLOT * place: 50 for place in range(12 * 48)}
    assert learn(counts, first=MONDAY, now=MONDAY + timedelta(days=2)) is None


def test_a_wider_spread_makes_a_gap_less_telling():
    assert chance(20, 0.02) < chance(20, 0.3) < chance(20, 1.0)
    assert chance(20, 1e-6) == pytest.approx(2.06e-9, rel=0.01)
    assert chance(0, 0.1) == 1


def test_a_gap_is_silence_when_so_much_is_missing_that_chance_cannot_be_it():
    last_at = MONDAY + timedelta(hours=20)
    found = {
        seconds: is_silent(STEADY, last_at=last_at, now=last_at + timedelta(seconds=seconds), level=1.0)[0]
        for seconds in (20, 40, 60, 120, 180)
    }
    assert found == {20: False, 40: False, 60: False, 120: True, 180: True}


def test_a_quiet_day_is_believed_after_minutes_and_a_busy_one_never_beyond_the_calendar():
    until = MONDAY + timedelta(hours=20)
    usual = recent(STEADY, steady_slots(until), until)
    quiet = recent(STEADY, [*steady_slots(until)[:-2], (until - SLOT * 2, 2), (until - SLOT, 3)], until)
    wild = recent(STEADY, steady_slots(until, 500), until)
    assert level(usual) == pytest.approx(1, abs=0.05)
    assert level(quiet) < 0.3
    assert level(wild) == 1.5
    assert level(wild, factor=5) == 7.5


def test_on_a_day_when_all_edges_are_quiet_one_alone_is_less_conspicuous():
    nothing = recent(Rhythm((0.05,) * HOURS, 0.02), [], MONDAY)
    assert level(nothing, others=0.3) < level(nothing, others=1.0)


def test_a_break_that_people_have_taken_before_is_no_silence():
    counts = {MONDAY + SLOT * place: 10 for place in range(12 * 24 * 14)}
    for day in range(14):
        for place in range(5):
            counts.pop(MONDAY + timedelta(days=day, hours=day % 7 + 9) + SLOT * place)
    now = MONDAY + timedelta(days=14)
    people = learn(counts, first=MONDAY, now=now, rests=True)
    system = learn(counts, first=MONDAY, now=now)
    assert people is not None
    assert system is not None
    gap = {"last_at": now, "now": now + timedelta(minutes=25), "level": 1.0}
    assert not is_silent(people, **gap)[0]
    assert is_silent(system, **gap)[0]
    assert is_silent(people, last_at=now, now=now + timedelta(minutes=45), level=1.0)[0]


def test_weeks_of_a_seller_with_a_promotion_give_at_most_one_false_alarm_a_day_and_outages_at_peak_are_found_in_time():
    """Four weeks learned, four weeks heard, twenty edges; an outage twice an evening on every busy one."""
    false_alarms: list[str] = []
    found: list[float] = []
    for edge in simulated.seller():
        dice = random.Random(f"7 {edge.name}")
        simulated.taught(edge, dice)
        busy = edge.kind in ("webhook", "wms") and edge.by_hour()[20] >= BUSY
        heard = simulated.listen(edge, dice, outage_at=simulated.at_peak if busy else lambda minute: False)
        false_alarms += [edge.name] * len(heard.false_alarms)
        found += [3600.0 if seconds is None else seconds for seconds in heard.found_after]
    assert len(false_alarms) <= simulated.DAYS, false_alarms
    assert len(found) >= 200
    assert simulated.quantile(found, 0.99) <= 180


def test_a_shop_with_two_orders_an_hour_at_night_gives_no_alarm():
    edge = next(edge for edge in simulated.seller() if edge.name == "小店")
    dice = random.Random("night")
    simulated.taught(edge, dice)
    heard = simulated.listen(edge, dice)
    nights = [at for at in heard.false_alarms if 0 <= (at + timedelta(hours=8)).hour < 7]
    assert nights == []
