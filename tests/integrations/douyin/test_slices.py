"""The past: a span of days read in steps, and the platform's own list of numbers."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.errors import Permanent
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import Wire, access, ids, sell
from tests.integrations.wire import to_the_end


def slice_all(start: datetime, end: datetime, **settings: Any) -> list[Message]:
    return to_the_end(lambda kept: adapter.slice(access(**settings), start, end, kept))[0]


def test_a_slice_holds_what_changed_in_it_orders_and_after_sales(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(douyin)
    time.advance(hours=1)
    start = clock.now()
    sold = []
    for _ in range(13):
        sold += sell(douyin)
        time.advance(seconds=7)
    sale = douyin.control("refund", {"order_id": sold[0]})["aftersale_id"]
    time.advance(seconds=1)
    end = clock.now()
    sell(douyin)
    messages = slice_all(start, end, page_size=2)
    assert sorted(set(ids(messages))) == sorted(sold)
    assert ids(messages, "refund") == [sale]
    assert slice_all(end - timedelta(hours=9), end - timedelta(hours=8)) == []


def test_a_slice_read_twice_says_the_same(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    start = clock.now()
    sell(douyin, 3)
    time.advance(minutes=1)
    once, twice = (slice_all(start, clock.now()) for _ in range(2))
    assert [(message.key, message.body) for message in once] == [(message.key, message.body) for message in twice]


def test_numbers_are_the_orders_placed_whatever_became_of_them(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(douyin)
    time.advance(seconds=1)
    start = clock.now()
    placed = sell(douyin, 4) + sell(douyin, paid=False)
    douyin.control("close", {"order_id": placed[0]})
    time.advance(seconds=5)
    placed += sell(douyin, 2)
    time.advance(seconds=1)
    end = clock.now()
    sell(douyin)
    assert sorted(adapter.numbers(access(page_size=2), start, end)) == sorted(placed)
    assert adapter.numbers(access(), end + timedelta(minutes=1), end + timedelta(minutes=2)) == []


def test_what_lies_before_ninety_days_cannot_be_listed(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    end = clock.now() - timedelta(days=91)
    for read in (slice_all, lambda start, end: adapter.numbers(access(), start, end)):
        with pytest.raises(Permanent) as refused:
            read(end - timedelta(days=1), end)
        assert refused.value.code == "20022"


def test_a_span_that_begins_before_ninety_days_is_read_as_far_as_it_can_be(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = sell(douyin)
    time.advance(days=89)
    douyin.control("expire_token", {"in_seconds": 3600})
    messages = slice_all(clock.now() - timedelta(days=120), clock.now())
    assert ids(messages) == sold
