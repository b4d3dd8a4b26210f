"""Windows of time: nothing between two of them is missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.adapter import Access
from integrations.preferences import WrongSetting
from integrations.windows import beijing_text, last_second, moment, share_of, since_when, start_of

NOON = datetime(2026, 3, 5, 4, tzinfo=UTC)
ACCESS = Access(connection_id=1, base_url="", settings={}, secrets={}, now=NOON)
MINUTE = timedelta(minutes=1)


def test_a_time_without_a_zone_is_beijings() -> None:
    assert moment("2026-03-05T12:00:00") == moment(NOON.isoformat()) == NOON
    assert moment("") is moment(None) is None
    assert beijing_text(NOON) == "2026-03-05 12:00:00"


def test_a_connection_begins_a_day_ago_or_where_it_is_told() -> None:
    assert start_of(ACCESS) == NOON - timedelta(days=1)
    assert start_of(replace(ACCESS, settings={"start": "2026-03-01"})) == datetime(2026, 2, 28, 16, tzinfo=UTC)
    with pytest.raises(WrongSetting, match="设置 start 不是时间"):
        start_of(replace(ACCESS, settings={"start": "gestern"}))


def test_the_overlap_counts_from_the_last_read_and_is_never_longer_than_itself() -> None:
    assert since_when(NOON, NOON, MINUTE) == NOON - MINUTE
    # Read much later than it reaches: nothing can have come late.
    assert since_when(NOON, NOON + 5 * MINUTE, MINUTE) == NOON
    assert since_when(NOON, NOON - 5 * MINUTE, MINUTE) == NOON - MINUTE


def test_a_window_ends_with_the_second_before_its_end() -> None:
    assert last_second(NOON, NOON + MINUTE) == NOON + timedelta(seconds=59)
    assert last_second(NOON, NOON) == NOON
    assert last_second(NOON, NOON + timedelta(microseconds=5)) == NOON + timedelta(microseconds=5)


def test_how_much_of_a_span_was_read_is_a_share() -> None:
    end = NOON + 4 * MINUTE
    assert [share_of(NOON, end, NOON + place * MINUTE) for place in (-1, 0, 1, 4, 5)] == [0, 0, 0.25, 1, 1]
    assert share_of(NOON, NOON, NOON) == 1
