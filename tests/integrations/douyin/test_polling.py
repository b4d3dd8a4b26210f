"""Reading without being told: nothing is missed, nothing comes twice, and troubles lose nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.errors import ConnectionAtFault, Temporary, Throttled, Unauthorised
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.douyin.conftest import (
    SALES,
    SEARCH,
    Wire,
    access,
    ids,
    orders_in,
    poll_all,
    refunds_in,
    sell,
)


def test_every_order_comes_once_oldest_first_and_then_no_more(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = []
    for _ in range(7):
        sold += sell(douyin)
        time.advance(seconds=1)
    messages, cursor = poll_all(page_size=3, sweep_minutes=0)
    assert ids(messages) == sold
    time.advance(seconds=30)
    again, _ = poll_all(cursor, page_size=3, sweep_minutes=0)
    assert again == []


def test_pages_begin_at_zero_and_the_list_is_read_by_time_not_by_page(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    for _ in range(7):
        sell(douyin)
        time.advance(seconds=1)
    poll_all(page_size=3, sweep_minutes=0)
    asked = wire.asked(SEARCH)
    assert {call["page"] for call in asked} == {0}
    assert {call["order_by"] for call in asked} == {"update_time"}
    starts = [call["update_time_start"] for call in asked]
    assert starts == sorted(starts)
    assert len(set(starts)) == len(starts)


def test_an_order_that_changes_while_pages_are_read_hides_no_other(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = []
    for _ in range(9):
        sold += sell(douyin)
        time.advance(seconds=1)
    # Between two pages the first order leaves its place: all rows behind it move up.
    wire.before[SEARCH, 2] = lambda: douyin.control("finish", {"order_id": sold[0]})
    messages, cursor = poll_all(page_size=3, sweep_minutes=0)
    time.advance(seconds=30)
    messages += poll_all(cursor, page_size=3, sweep_minutes=0)[0]
    assert set(ids(messages)) == set(sold)
    assert [order.status for order in orders_in(messages) if order.platform_order_id == sold[0]][-1] == "finished"


def test_more_orders_in_one_second_than_a_page_holds(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(douyin, 8)
    time.advance(seconds=1)
    sold += sell(douyin, 2)
    time.advance(seconds=1)
    messages, _ = poll_all(page_size=3, sweep_minutes=0)
    assert sorted(set(ids(messages))) == sorted(sold)


def test_a_busy_shop_is_read_in_steps_that_go_on_where_they_stopped(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = []
    for _ in range(30):
        sold += sell(douyin)
        time.advance(seconds=1)
    first = adapter.poll(access(page_size=2, sweep_minutes=0, refund_seconds=3600), {})
    assert first.more
    assert len(ids(list(first.messages))) < 30
    messages, _ = poll_all(dict(first.cursor), page_size=2, sweep_minutes=0)
    assert sorted({*ids(list(first.messages)), *ids(messages)}) == sorted(sold)


def test_the_overlap_catches_what_was_stored_late(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    _, cursor = poll_all(sweep_minutes=0)
    douyin.control("faults", {"delay": 1, "delay_seconds": 60})
    [late] = sell(douyin)
    time.advance(seconds=30)
    messages, cursor = poll_all(cursor, sweep_minutes=0)
    assert messages == []
    time.advance(seconds=40)
    messages, _ = poll_all(cursor, sweep_minutes=0)
    assert ids(messages) == [late]


def test_nothing_older_than_ninety_days_is_asked_for(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    sell(douyin)
    time.advance(days=120)
    douyin.control("expire_token", {"in_seconds": 3600})
    messages, _ = poll_all(start="2026-03-01T00:00:00+08:00")
    assert messages == []
    oldest = (clock.now() - timedelta(days=90)).timestamp()
    asked = wire.asked(SEARCH)
    assert asked
    assert all(call.get("update_time_start", call.get("create_time_start", 0)) >= oldest for call in asked)


# What does not move update_time -------------------------------------------------------------------------------------


def test_a_memo_is_found_by_the_sweep_and_is_newer_than_the_last_picture(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    [sold] = sell(douyin)
    first, cursor = poll_all()
    time.advance(minutes=10)
    _, cursor = poll_all(cursor)
    time.advance(minutes=10)
    douyin.control("memo", {"order_id": sold, "memo": "改发顺丰", "stars": 5})
    nothing, cursor = poll_all(cursor)
    assert nothing == []
    time.advance(minutes=31)
    found, cursor = poll_all(cursor)
    [before], [after] = orders_in(first), orders_in(found)
    assert (after.seller_note, after.seller_flag) == ("改发顺丰", "5")
    assert after.modified_at > before.modified_at
    time.advance(minutes=31)
    assert poll_all(cursor)[0] == []


def test_a_new_address_is_found_by_the_sweep_without_any_push(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    [sold] = sell(douyin)
    first, cursor = poll_all()
    time.advance(minutes=31)
    douyin.control("ask_address", {"order_id": sold, "directly": True, "receiver": {"address": "新华街1号"}})
    found, _ = poll_all(cursor)
    [before], [after] = orders_in(first), orders_in(found)
    assert before.receiver.key != after.receiver.key
    assert after.modified_at > before.modified_at


def test_another_ciphertext_of_the_same_receiver_is_no_change(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    [sold] = sell(douyin)
    one, two = adapter.fetch(access(), sold), adapter.fetch(access(), sold)
    assert (one.key, one.body) == (two.key, two.body)
    assert b"CgYI" not in one.body


def test_the_sweep_reads_one_page_a_step_and_rests_after_the_last(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    for _ in range(5):
        sell(douyin)
        time.advance(seconds=1)
    cursor: dict[str, Any] = {}
    for _ in range(4):
        _, cursor = poll_all(cursor, page_size=2)
        time.advance(seconds=60)
    swept = [call for call in wire.asked(SEARCH) if call["order_by"] == "create_time"]
    assert 2 <= len(swept) <= 4
    assert all(call["combine_status"] == [{"order_status": "2,101,105"}] for call in swept)
    assert cursor["sweep"]["rest_until"] > clock.now().timestamp()


# After-sales --------------------------------------------------------------------------------------------------------


def test_after_sales_come_when_they_change_and_only_then(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    [sold] = sell(douyin)
    sale = douyin.control("refund", {"order_id": sold})["aftersale_id"]
    messages, cursor = poll_all()
    [refund] = refunds_in(messages)
    assert (refund.refund_id, refund.status, refund.kind, str(refund.amount)) == (sale, "open", "refund_only", "128.5")
    time.advance(seconds=61)
    assert poll_all(cursor)[0] == []
    douyin.control("refund_status", {"aftersale_id": sale, "status": 28})
    time.advance(seconds=61)
    messages, _ = poll_all(cursor)
    assert [refund.status for refund in refunds_in(messages)] == ["withdrawn"]


def test_after_sales_rest_between_two_looks(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    _, cursor = poll_all(refund_seconds=300)
    time.advance(seconds=60)
    poll_all(cursor, refund_seconds=300)
    assert wire.count(SALES) == 1


def test_more_than_a_page_of_after_sales(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    asked = []
    for number in sell(douyin, 120):
        asked.append(douyin.control("refund", {"order_id": number})["aftersale_id"])
        time.advance(seconds=1)
    messages, cursor = poll_all(start="2026-03-05T09:08:00+08:00")
    assert sorted(ids(messages, "refund")) == sorted(asked)
    time.advance(seconds=61)
    assert ids(poll_all(cursor)[0], "refund") == []


# Troubles -----------------------------------------------------------------------------------------------------------


def test_after_sales_that_cannot_be_read_stop_no_orders(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    [sold] = sell(douyin)
    douyin.control("refund", {"order_id": sold})
    wire.before[SALES, 1] = lambda: douyin.control("ban", {"seconds": 5})
    messages, cursor = poll_all(sweep_minutes=0)
    assert ids(messages) == [sold]
    assert "限流" in cursor["errors"]["refunds"] or "频繁" in cursor["errors"]["refunds"]
    time.advance(seconds=6)
    messages, cursor = poll_all(cursor, sweep_minutes=0)
    assert len(ids(messages, "refund")) == 1
    assert "errors" not in cursor


def test_orders_that_cannot_be_read_keep_the_cursor_where_it_is(
    douyin: DouyinEmulator, wire: Wire, time: FixedClock
) -> None:
    _, cursor = poll_all()
    [sold] = sell(douyin)
    time.advance(seconds=1)
    douyin.control("ban", {"seconds": 5})
    with pytest.raises(Throttled) as refused:
        poll_all(cursor)
    assert refused.value.retry_after
    time.advance(seconds=6)
    assert ids(poll_all(cursor)[0]) == [sold]


@pytest.mark.parametrize("fault", ["html", "fail"])
def test_nonsense_instead_of_an_answer_is_temporary(douyin: DouyinEmulator, wire: Wire, fault: str) -> None:
    douyin.control("faults", {fault: 1})
    with pytest.raises(Temporary):
        poll_all()


def test_an_expired_token_calls_for_a_person(douyin: DouyinEmulator, wire: Wire) -> None:
    douyin.control("faults", {"expire": 1})
    with pytest.raises(Unauthorised):
        poll_all()


@pytest.mark.parametrize(
    "settings", [{"start": "gestern"}, {"page_size": "many"}, {"flag_tags": "{"}, {"flag_fields": {"biz": {"1": "x"}}}]
)
def test_a_wrong_setting_is_the_connections_fault(douyin: DouyinEmulator, wire: Wire, settings: dict[str, Any]) -> None:
    sell(douyin)
    with pytest.raises(ConnectionAtFault):
        poll_all(**settings)


def test_through_every_fault_at_once_every_order_arrives(douyin: DouyinEmulator, wire: Wire, time: FixedClock) -> None:
    """Rows lost, doubled and out of order, answers lost, throttled: in the end everything is there, as it is."""
    faults = {
        "repeat": 0.2,
        "reorder": 0.3,
        "drop": 0.1,
        "fail": 0.1,
        "throttle": 0.05,
        "lose_answer": 0.1,
        "html": 0.05,
    }
    sold: list[str] = []
    messages: list[Any] = []
    cursor: dict[str, Any] = {}
    for turn in range(40):
        douyin.control("faults", faults if turn < 30 else {})
        if turn < 20:
            sold += sell(douyin, 2)
        time.advance(seconds=20)
        for _step in range(20):
            try:
                polled = adapter.poll(access(page_size=3, sweep_minutes=1), cursor)
            except Temporary:
                break
            messages += polled.messages
            cursor = dict(polled.cursor)
            if not polled.more:
                break
    assert set(sold) == set(ids(messages))
    assert isinstance(datetime.fromtimestamp(cursor["modified"], tz=clock.BEIJING), datetime)
