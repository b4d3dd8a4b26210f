"""Reading from the emulated shop: windows, pages from the back, the overlap, locks, refunds, the sweep."""

from typing import Any

import pytest

from integrations.errors import Temporary
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders.clock import FixedClock
from tests.integrations.jd.conftest import (
    REFUNDS,
    SEARCH,
    Wire,
    access,
    ids,
    orders_in,
    poll_all,
    refunds_in,
    requests_in,
    sell,
)

# The sweep and the refunds have tests of their own; here they would only cost calls.
QUIET: dict[str, Any] = {"sweep_minutes": 0, "refund_seconds": 3600}


def windows(wire: Wire) -> list[dict[str, Any]]:
    return [asked for asked in wire.asked(SEARCH) if asked["dateType"] == 0]


def test_a_sale_arrives_whole_through_the_poll(jd: JdEmulator, wire: Wire) -> None:
    sold = jd.control(
        "sell",
        {
            "lines": [{"sku": "CREAM-50", "quantity": 2}, {"sku": "LIP-01", "quantity": 1, "price": "9.90"}],
            "receiver": {"name": "王雨桐", "phone": "19900001234", "city": "宁波市"},
            "remark": "请发顺丰",
        },
    )
    messages, cursor = poll_all()
    [order] = orders_in(messages)
    assert (order.platform_order_id, order.status, str(order.amount)) == (sold["order_id"], "paid", "266.90")
    assert {(line.sku, line.quantity, str(line.price)) for line in order.lines} == {
        ("CREAM-50", 2, "128.50"),
        ("LIP-01", 1, "9.90"),
    }
    assert (order.receiver.name, order.receiver.phone, order.receiver.city) == ("王**", "199****1234", "宁波市")
    assert order.receiver.key.startswith("JDOAID")
    assert order.receiver.masked
    assert order.buyer_note == "请发顺丰"
    assert cursor["modified"] == access().now.isoformat()


def test_an_unchanged_order_in_the_overlap_comes_once(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sell(jd, 3)
    first, cursor = poll_all()
    time.advance(seconds=60)
    second, cursor = poll_all(cursor)
    assert (len(first), second) == (3, [])
    assert len(cursor["seen"]) == 3


def test_a_second_change_within_the_same_second_is_newer(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [order_id] = sell(jd)
    first, cursor = poll_all()
    jd.control("remark", {"order_id": order_id, "remark": "加急"})
    second, cursor = poll_all(cursor)
    jd.control("remark", {"order_id": order_id, "remark": "不急"})
    third, cursor = poll_all(cursor)
    seen = orders_in([*first, *second, *third])
    assert [order.seller_note for order in seen] == ["", "加急", "不急"]
    assert seen[0].modified_at < seen[1].modified_at < seen[2].modified_at
    assert poll_all(cursor)[0] == []


def test_the_same_content_has_the_same_key_however_it_was_read(jd: JdEmulator, wire: Wire) -> None:
    [order_id] = sell(jd)
    [polled] = poll_all()[0]
    assert adapter.fetch(access(), order_id) == polled


def test_rows_that_move_while_paging_are_not_missed(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sold = []
    for _second in range(30):
        sold += sell(jd)
        time.advance(seconds=1)
    time.advance(seconds=60)
    asked = access().now

    def moves() -> None:
        time.advance(seconds=5)
        for order_id in sold[:2]:
            jd.control("remark", {"order_id": order_id, "remark": "x"})

    # The two oldest leave the window after the count: everything behind them moves up by two.
    wire.before[SEARCH, 2] = moves
    polled = adapter.poll(access(page_size=10, now=asked, **QUIET), {})
    assert set(sold[2:]) <= set(ids(list(polled.messages)))
    rest, _cursor = poll_all(dict(polled.cursor), **QUIET)
    assert set(sold[:2]) <= set(ids(rest))


def test_the_last_page_is_read_first(jd: JdEmulator, wire: Wire) -> None:
    sell(jd, 25)
    adapter.poll(access(page_size=10, **QUIET), {})
    assert [asked["page"] for asked in windows(wire)] == ["1", "3", "2", "1"]
    assert all(isinstance(asked["page_size"], str) for asked in windows(wire))


def test_a_long_gap_is_read_in_windows_of_the_set_length(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(jd)
    time.advance(hours=2)
    sold += sell(jd)
    polled = adapter.poll(access(window_minutes=30, **QUIET), {})
    assert polled.more
    messages, cursor = poll_all(dict(polled.cursor), window_minutes=30, **QUIET)
    assert ids([*polled.messages, *messages]) == sold
    assert cursor["modified"] == access().now.isoformat()
    assert len({asked["end_date"] for asked in windows(wire)}) == 5


@pytest.mark.parametrize(("window_minutes", "overlap_seconds"), [(1440, 3600), (99999, 99999), ("1440", "120")])
def test_no_setting_makes_a_window_longer_than_jd_allows(
    jd: JdEmulator, wire: Wire, time: FixedClock, window_minutes: Any, overlap_seconds: Any
) -> None:
    time.advance(days=29)
    poll_all(None, window_minutes=window_minutes, overlap_seconds=overlap_seconds, start="2026-01-01T00:00:00+08:00")
    assert all(entry["outcome"] == "ok" for entry in jd.journal.entries("call"))


def test_a_busy_window_is_halved_so_that_a_step_stays_short(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    for _minute in range(6):
        sell(jd, 150)
        time.advance(minutes=1)
    polled = adapter.poll(access(page_size=100, **QUIET), {})
    assert polled.more
    assert len(polled.messages) <= 500
    messages, cursor = poll_all(dict(polled.cursor), page_size=100, **QUIET)
    assert len(polled.messages) + len(messages) == len({*ids(list(polled.messages)), *ids(messages)}) == 900
    assert len(cursor["seen"]) == 900


@pytest.mark.parametrize("fault", ["repeat", "reorder"])
def test_doubled_and_shuffled_rows_change_nothing(jd: JdEmulator, wire: Wire, time: FixedClock, fault: str) -> None:
    sold = sell(jd, 12)
    jd.control("faults", {fault: 1.0})
    messages, _cursor = poll_all(None, page_size=5, **QUIET)
    assert sorted(ids(messages)) == sold


def test_what_jd_shows_late_is_found_by_the_overlap(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    jd.control("faults", {"delay": 1.0, "delay_seconds": 90})
    [order_id] = sell(jd)
    time.advance(seconds=60)
    messages, cursor = poll_all(None, **QUIET)
    time.advance(seconds=60)
    later, _cursor = poll_all(cursor, **QUIET)
    assert (messages, ids(later)) == ([], [order_id])


def test_what_a_listing_dropped_is_found_by_the_sweep(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(jd, 3)
    jd.control("faults", {"drop": 1.0})
    messages, cursor = poll_all()
    jd.control("faults", {})
    time.advance(hours=1)
    later, _cursor = poll_all(cursor)
    assert (messages, sorted(ids(later))) == ([], sold)


def test_a_new_address_that_does_not_move_the_time_of_change_is_found_by_the_sweep(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    [order_id] = sell(jd)
    [before] = orders_in(poll_all()[0])
    _messages, cursor = poll_all()
    jd.control("change_address", {"order_id": order_id, "receiver": {"address": "解放大道1号"}, "silent": True})
    time.advance(minutes=31)
    [after] = orders_in(poll_all(cursor)[0])
    assert after.receiver.key != before.receiver.key
    assert after.modified_at > before.modified_at


def test_the_sweep_reads_one_page_a_step_and_then_rests(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    for _second in range(25):
        sell(jd)
        time.advance(seconds=1)
    cursor: dict[str, Any] = {}
    pages = []
    for _step in range(6):
        before = len(wire.asked(SEARCH))
        _messages, cursor = poll_all(cursor, page_size=10, refund_seconds=3600)
        pages.append(sum(asked["dateType"] == 1 for asked in wire.asked(SEARCH)[before:]))
    assert pages == [1, 1, 1, 0, 0, 0]
    time.advance(minutes=30)
    before = len(wire.asked(SEARCH))
    poll_all(cursor, page_size=10)
    assert any(asked["dateType"] == 1 for asked in wire.asked(SEARCH)[before:])


def test_the_sweep_looks_back_no_further_than_the_connection(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sell(jd)
    time.advance(hours=3)
    messages, _cursor = poll_all(None, start="2026-03-05T11:00:00+08:00")
    assert messages == []


def test_every_change_of_an_order_is_seen(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [order_id] = sell(jd, paid=False)
    assert poll_all()[0] == []
    cursor: dict[str, Any] = {}
    seen = []
    for command, data in (
        ("pay", {}),
        ("state", {"state": "POP_ORDER_PAUSE"}),
        ("state", {"state": "WAIT_SELLER_STOCK_OUT"}),
        ("ship", {"waybill": "SF1234567890123"}),
        ("state", {"state": "FINISHED_L"}),
    ):
        time.advance(seconds=20)
        jd.control(command, {"order_id": order_id, **data})
        messages, cursor = poll_all(cursor)
        seen += orders_in(messages)
    assert [(order.status, set(order.flags)) for order in seen] == [
        ("paid", set()),
        ("paid", {"risk"}),
        ("paid", set()),
        ("shipped", set()),
        ("finished", set()),
    ]


def test_unpaid_orders_are_read_where_the_connection_wants_them(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    unpaid = sell(jd, 3, paid=False)
    messages, cursor = poll_all(None, read_unpaid="是", page_size=2)
    assert sorted(ids(messages)) == unpaid
    assert {order.status for order in orders_in(messages)} == {"unpaid"}
    time.advance(seconds=30)
    jd.control("pay", {"order_id": unpaid[0]})
    later, _cursor = poll_all(cursor, read_unpaid="是", page_size=2)
    assert [order.platform_order_id for order in orders_in(later) if order.status == "paid"] == unpaid[:1]


# Locks and refunds --------------------------------------------------------------------------------------------------


def test_a_refund_is_known_in_the_step_that_sees_the_lock(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [order_id] = sell(jd)
    _messages, cursor = poll_all(None, **QUIET)
    time.advance(seconds=30)
    asked = jd.control("refund", {"order_id": order_id})
    messages, cursor = poll_all(cursor, **QUIET)
    [order], [refund] = orders_in(messages), refunds_in(messages)
    assert (order.platform_status, order.status, order.flags) == ("LOCKED", "paid", frozenset({"risk"}))
    assert (refund.refund_id, refund.status, str(refund.amount)) == (asked["refund_id"], "open", "128.5")
    assert [message.kind for message in messages] == ["order", "refund"]
    assert requests_in(messages) == []
    time.advance(seconds=30)
    jd.control("refund_withdraw", {"order_id": order_id})
    messages, cursor = poll_all(cursor, **QUIET)
    assert [order.flags for order in orders_in(messages)] == [frozenset()]
    assert [(refund.refund_id, refund.status) for refund in refunds_in(messages)] == [(asked["refund_id"], "withdrawn")]
    assert (cursor["locked"], requests_in(messages)) == ({}, [])


def test_a_lock_that_no_application_explains_is_a_request_until_it_is_gone(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    [order_id] = sell(jd)
    jd.control("lock", {"order_id": order_id})
    messages, cursor = poll_all()
    assert [(one.request_id, one.status) for one in requests_in(messages)] == [(f"lock:{order_id}", "open")]
    time.advance(seconds=30)
    jd.control("unlock", {"order_id": order_id})
    messages, cursor = poll_all(cursor)
    assert [(one.request_id, one.status) for one in requests_in(messages)] == [(f"lock:{order_id}", "expired")]
    time.advance(seconds=30)
    jd.control("lock", {"order_id": order_id})
    messages, cursor = poll_all(cursor)
    assert [one.status for one in requests_in(messages)] == ["open"]


def test_a_refund_of_goods_under_way_is_found_though_nothing_locks(
    jd: JdEmulator, wire: Wire, time: FixedClock
) -> None:
    [order_id] = sell(jd)
    jd.control("ship", {"order_id": order_id, "waybill": "SF1234567890123"})
    _messages, cursor = poll_all()
    time.advance(seconds=61)
    jd.control("refund", {"order_id": order_id})
    messages, cursor = poll_all(cursor)
    assert [refund.status for refund in refunds_in(messages)] == ["open"]
    time.advance(seconds=61)
    jd.control("refund_withdraw", {"order_id": order_id})
    messages, cursor = poll_all(cursor)
    assert [refund.status for refund in refunds_in(messages)] == ["withdrawn"]
    assert cursor["refunds"]["open"] == []


def test_an_agreed_refund_is_followed_until_the_money_is_back(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    [order_id] = sell(jd)
    jd.control("refund", {"order_id": order_id})
    first, cursor = poll_all()
    jd.control("refund_status", {"order_id": order_id, "status": "1"})
    time.advance(seconds=61)
    second, cursor = poll_all(cursor)
    jd.tick()
    time.advance(seconds=61)
    third, cursor = poll_all(cursor)
    assert [refund.status for refund in refunds_in([*first, *second, *third])] == ["open", "open", "done"]
    assert orders_in(third)[-1].status == "closed"


def test_many_open_refunds_are_asked_for_in_turn(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(jd, 230)
    for order_id in sold:
        jd.control("state", {"order_id": order_id, "state": "WAIT_GOODS_RECEIVE_CONFIRM"})
        jd.control("refund", {"order_id": order_id})
    _messages, cursor = poll_all(None, sweep_minutes=0, refund_seconds=0)
    assert len(cursor["refunds"]["open"]) == 230
    time.advance(hours=2)
    for order_id in sold:
        jd.control("refund_withdraw", {"order_id": order_id})
    found = []
    for _step in range(2):
        time.advance(minutes=5)
        messages, cursor = poll_all(cursor, sweep_minutes=0, refund_seconds=0)
        found += refunds_in(messages)
    assert {refund.status for refund in found} == {"withdrawn"}
    assert (len(found), cursor["refunds"]["open"]) == (230, [])
    assert max(len(asked["ids"].split(",")) for asked in wire.asked(REFUNDS) if "ids" in asked) == 50


def test_refunds_that_cannot_be_read_stop_no_order_and_the_reason_is_kept(
    jd: JdEmulator, wire: Wire, time: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    [order_id] = sell(jd)
    jd.control("refund", {"order_id": order_id})
    monkeypatch.setattr(jd.gate, "methods", jd.gate.methods - {REFUNDS})
    messages, cursor = poll_all()
    # Nobody knows why it is locked: the lock itself stops it.
    assert [request.status for request in requests_in(messages)] == ["open"]
    assert "15" in cursor["errors"]["refunds"]
    monkeypatch.undo()
    time.advance(seconds=61)
    messages, cursor = poll_all(cursor)
    assert [refund.status for refund in refunds_in(messages)] == ["open"]
    assert "errors" not in cursor


def test_a_step_that_breaks_off_is_read_again_whole(jd: JdEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(jd, 30)
    cursor: dict[str, Any] = {}
    wire.before[SEARCH, 3] = lambda: jd.control("ban", {"seconds": 60})
    with pytest.raises(Temporary):
        adapter.poll(access(page_size=10, **QUIET), cursor)
    time.advance(seconds=61)
    assert sorted(ids(poll_all(cursor, page_size=10, **QUIET)[0])) == sold
