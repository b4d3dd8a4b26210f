"""The past by days, and Taobao's own list of a day's trades."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.adapter import Message
from integrations.errors import Permanent
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from tests.integrations.taobao.conftest import Wire, access, poll_all, sell, tids
from tests.integrations.wire import to_the_end


def slice_all(start: datetime, end: datetime, **settings: Any) -> list[Message]:
    return to_the_end(lambda kept: adapter.slice(access(**settings), start, end, kept))[0]


def test_a_slice_holds_what_changed_from_its_start_up_to_but_not_at_its_end(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    first = sell(taobao)
    time.advance(days=2)
    second = sell(taobao)
    time.advance(days=1)
    end = time.now()
    sell(taobao)
    assert tids(slice_all(start, end)) == [*first, *second]
    assert slice_all(end, end) == []
    assert tids(slice_all(start, start + timedelta(seconds=1))) == first


def test_a_slice_brings_the_same_messages_as_the_poll_and_its_refunds(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    [tid] = sell(taobao)
    taobao.control("refund", {"tid": tid})
    time.advance(minutes=5)
    polled, _ = poll_all(tmc_group="")
    assert {message.key for message in slice_all(start, time.now())} == {message.key for message in polled}
    assert {message.kind for message in polled} == {"trade", "refund"}


def test_a_busy_hour_is_read_in_parts_and_nothing_is_missed(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    start, sold = time.now(), []
    for _minute in range(6):
        sold += sell(taobao, 50)
        time.advance(minutes=10)
    assert sorted(tids(slice_all(start, time.now()))) == sorted(sold)


def test_a_slice_that_broke_off_goes_on_where_it_was(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    start, sold = time.now(), sell(taobao, 5)
    time.advance(minutes=5)
    wire.before["taobao.trade.fullinfo.get", 3] = lambda: taobao.control("ban", {"seconds": 60})
    first = adapter.slice(access(), start, time.now(), {})
    assert (len(first.messages), first.more) == (2, True)
    time.advance(seconds=61)
    found, cursor, more = list(first.messages), dict(first.cursor), True
    while more:
        polled = adapter.slice(access(), start, start + timedelta(minutes=5), cursor)
        found, cursor, more = [*found, *polled.messages], dict(polled.cursor), polled.more
    assert tids(found) == sold


def test_the_numbers_are_those_placed_in_the_span_paid_or_not(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(taobao)
    time.advance(minutes=10)
    start = time.now()
    placed = sell(taobao, 3) + sell(taobao, 1, paid=False)
    time.advance(minutes=5)
    end = time.now()
    sell(taobao)
    taobao.control("memo", {"tid": placed[0], "memo": "改天发"})
    assert sorted(adapter.numbers(access(), start, end)) == sorted(placed)
    assert adapter.numbers(access(), start - timedelta(minutes=5), start) == []


def test_more_numbers_than_a_page_are_listed_in_the_order_of_their_placing(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    start, placed = time.now(), []
    for _second in range(25):
        placed += sell(taobao)
        time.advance(seconds=1)
    assert adapter.numbers(access(page_size=10), start, time.now()) == placed


def test_what_lies_before_three_months_is_refused_and_a_span_across_is_cut(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = sell(taobao)
    now = time.now()
    with pytest.raises(Permanent):
        slice_all(now - timedelta(days=200), now - timedelta(days=100))
    with pytest.raises(Permanent):
        adapter.numbers(access(), now - timedelta(days=200), now - timedelta(days=100))
    assert list(adapter.numbers(access(), now - timedelta(days=100), now + timedelta(seconds=1))) == sold
