"""The past by days, and JD's own list of a day's orders."""

from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Message
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders.clock import FixedClock
from tests.integrations.jd.conftest import SEARCH, Wire, access, ids, poll_all, sell
from tests.integrations.wire import to_the_end


def slice_all(start: datetime, end: datetime, **settings: Any) -> list[Message]:
    return to_the_end(lambda kept: adapter.slice(access(**settings), start, end, kept))[0]


def test_a_slice_holds_what_changed_from_its_start_up_to_but_not_at_its_end(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    first = sell(jd)
    time.advance(days=2)
    second = sell(jd)
    time.advance(days=1)
    end = time.now()
    sell(jd)
    assert ids(slice_all(start, end)) == [*first, *second]
    assert slice_all(end, end) == []
    assert ids(slice_all(start, start + timedelta(seconds=1))) == first


def test_a_slice_brings_the_same_messages_as_the_poll_and_its_refunds(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    sold = sell(jd, 3)
    jd.control("refund", {"order_id": sold[0]})
    polled = poll_all()[0]
    time.advance(minutes=1)
    sliced = slice_all(start, time.now())
    assert {message.key for message in sliced} == {message.key for message in polled}


def test_a_busy_day_is_halved_and_a_far_past_is_read_by_the_orders_own_time(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    start = time.now()
    sold = []
    for _minute in range(12):
        sold += sell(jd, 60)
        time.advance(minutes=2)
    end = time.now()
    assert sorted(ids(slice_all(start, end, page_size=100))) == sold
    time.advance(days=200)
    jd.control("expire_token", {"in_seconds": 60})
    assert sorted(ids(slice_all(start, end, page_size=100))) == sold
    assert {asked["dateType"] for asked in wire.asked(SEARCH)} == {0, 1}


def test_the_numbers_of_a_day_are_the_orders_placed_in_it(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    start = time.now()
    sold = sell(jd, 120)
    time.advance(days=1)
    end = time.now()
    sell(jd)
    unpaid = sell(jd, paid=False)
    jd.control("state", {"order_id": sold[0], "state": "TRADE_CANCELED"})
    assert sorted(adapter.numbers(access(), start, end)) == sold
    assert adapter.numbers(access(), end, end) == []
    assert set(unpaid) <= set(adapter.numbers(access(read_unpaid="是"), end, end + timedelta(hours=1)))
    assert unpaid[0] not in adapter.numbers(access(), end, end + timedelta(hours=1))
    assert {asked["optional_fields"] for asked in wire.asked(SEARCH)} == {"orderId,orderStartTime"}
