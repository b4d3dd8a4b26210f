"""Reading from the emulated shop: pages from the back, the overlap, the queue, and what breaks off half-way."""

from typing import Any

import pytest

from integrations.adapter import Fetch, Said
from integrations.errors import Temporary, Unreadable
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from integrations.platforms.taobao.emulator_gateway import service_error
from orders.clock import FixedClock
from tests.integrations.taobao.conftest import Wire, access, poll_all, sell, snapshot_of, tids

LIST, DETAIL = "taobao.trades.sold.increment.get", "taobao.trade.fullinfo.get"
CONSUME, CONFIRM = "taobao.tmc.messages.consume", "taobao.tmc.messages.confirm"


def test_a_sale_arrives_whole_through_the_poll(taobao: TaobaoEmulator, wire: Wire) -> None:
    sold = taobao.control(
        "sell",
        {
            "lines": [{"sku": "CREAM-50", "quantity": 2}, {"sku": "LIP-01", "quantity": 1, "price": "9.90"}],
            "receiver": {"name": "王雨桐", "phone": "19900001234", "city": "宁波市"},
            "buyer_message": "请发顺丰",
        },
    )
    messages, cursor = poll_all()
    [trade] = [message for message in messages if message.kind == "trade"]
    [said] = adapter.parse(trade)
    assert isinstance(said, Said)
    order: Any = said.snapshot
    assert (order.platform_order_id, order.status) == (sold["tid"], "paid")
    assert int(sold["tid"]) > 2**53
    assert [(line.sku, line.quantity, str(line.price)) for line in order.lines] == [
        ("CREAM-50", 2, "128.50"),
        ("LIP-01", 1, "9.90"),
    ]
    assert (order.receiver.name, order.receiver.phone, order.receiver.city) == ("王**", "*******1234", "宁波市")
    assert order.receiver.key == taobao.trades.find(sold["tid"]).oaid
    assert order.buyer_note == "请发顺丰"
    assert cursor["modified"] == access().now.isoformat()
    assert [fetch.subject for message in messages if message.kind != "trade" for fetch in adapter.parse(message)] == [
        sold["tid"]
    ] * 2


def test_an_unchanged_trade_in_the_overlap_costs_no_second_detail_call(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(taobao, 3)
    time.advance(seconds=40)
    _messages, cursor = poll_all()
    assert wire.count(DETAIL) == 3
    time.advance(seconds=30)
    messages, _cursor = poll_all(cursor)
    assert (messages, wire.count(DETAIL)) == ([], 3)


def test_a_second_change_within_the_same_second_is_not_missed(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    [tid] = sell(taobao)
    first, cursor = poll_all()
    taobao.control("memo", {"tid": tid, "memo": "加急"})
    time.advance(seconds=30)
    second, _cursor = poll_all(cursor)
    assert tids(first) == tids(second) == [tid]
    keys = {message.key for message in [*first, *second] if message.kind == "trade"}
    assert len(keys) == 2


def test_the_same_content_has_the_same_key(taobao: TaobaoEmulator, wire: Wire) -> None:
    [tid] = sell(taobao)
    assert adapter.fetch(access(), tid) == adapter.fetch(access(), tid)


def test_rows_that_move_while_paging_are_not_missed(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    sold = []
    for _second in range(30):
        sold += sell(taobao)
        time.advance(seconds=1)
    time.advance(seconds=60)
    # The two newest leave the window after the count: everything behind them moves up by two.
    asked = access().now

    def moves() -> None:
        time.advance(seconds=5)
        for tid in sold[-2:]:
            taobao.control("memo", {"tid": tid, "memo": "x"})

    wire.before[LIST, 2] = moves
    polled = adapter.poll(access(page_size=10, now=asked, tmc_group=""), {})
    assert set(sold[:-2]) <= set(tids(list(polled.messages)))
    # The next window brings the two that left.
    rest, _cursor = poll_all(dict(polled.cursor), tmc_group="")
    assert set(sold[-2:]) <= set(tids(rest))


def test_rows_that_come_in_while_paging_push_nothing_out(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    sold = sell(taobao, 20)
    time.advance(seconds=10)
    wire.before[LIST, 2] = lambda: sold.extend(sell(taobao, 3))
    polled = adapter.poll(access(page_size=10, tmc_group=""), {})
    assert set(tids(list(polled.messages))) == set(sold)


def test_the_last_page_is_read_first_and_only_the_first_call_counts(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(taobao, 25)
    adapter.poll(access(page_size=10), {})
    asked = [entry["form"] for entry in taobao.journal.entries("call") if entry["method"] == LIST]
    assert [(form["page_no"], form["use_has_next"]) for form in asked] == [
        ("1", "false"),
        ("3", "true"),
        ("2", "true"),
        ("1", "true"),
    ]


def test_a_long_gap_is_read_in_windows_of_half_an_hour_at_most(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = sell(taobao)
    time.advance(hours=2)
    sold += sell(taobao)
    polled = adapter.poll(access(), {})
    assert polled.more
    messages, cursor = poll_all(dict(polled.cursor))
    assert set(tids([*polled.messages, *messages])) == set(sold)
    assert cursor["modified"] == access().now.isoformat()
    windows = [entry["form"] for entry in taobao.journal.entries("call") if entry["method"] == LIST]
    assert len({form["end_modified"] for form in windows}) == 5


@pytest.mark.parametrize(("window_minutes", "overlap_seconds"), [(1440, 3600), (99999, 99999), ("1440", "180")])
def test_no_setting_makes_a_window_longer_than_the_platform_allows(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock, window_minutes: Any, overlap_seconds: Any
) -> None:
    time.advance(days=3)
    poll_all(window_minutes=window_minutes, overlap_seconds=overlap_seconds)
    assert all(entry["outcome"] == "ok" for entry in taobao.journal.entries("call"))


def test_a_busy_window_is_halved_so_that_a_step_stays_short(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    for _minute in range(8):
        sell(taobao, 50)
        time.advance(minutes=1)
    polled = adapter.poll(access(tmc_group=""), {})
    assert polled.more
    assert len(polled.messages) <= 200
    messages, _cursor = poll_all(dict(polled.cursor), tmc_group="")
    assert len({*tids(list(polled.messages)), *tids(messages)}) == 400
    assert len(polled.messages) + len(messages) == 400


def test_a_trade_that_the_platform_will_not_show_is_parked_and_stops_no_other(
    taobao: TaobaoEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = sell(taobao, 3)
    hidden = taobao.trades.find(second)
    original = type(hidden).shown

    def shown(self: Any) -> dict[str, Any]:
        found = original(self)
        if self is hidden and wire.names[-1] == DETAIL:
            raise service_error("isv.trade-not-exist", "交易订单不存在")
        return found

    monkeypatch.setattr(type(hidden), "shown", shown)
    messages, cursor = poll_all()
    assert tids(messages) == [first, third]
    [missing] = [message for message in messages if message.kind == "trade_missing"]
    with pytest.raises(Unreadable, match=f"{second}.*交易订单不存在"):
        adapter.parse(missing)
    again, _cursor = poll_all(cursor)
    assert missing in again


def test_what_was_read_before_the_platform_broke_off_is_kept(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sold = sell(taobao, 5)
    time.advance(minutes=2)
    wire.before[DETAIL, 4] = lambda: taobao.control("ban", {"seconds": 60})
    polled = adapter.poll(access(tmc_group=""), {})
    assert (len(polled.messages), polled.more) == (3, True)
    with pytest.raises(Temporary) as banned:
        adapter.poll(access(tmc_group=""), polled.cursor)
    assert banned.value.retry_after == 60
    time.advance(seconds=61)
    rest, _cursor = poll_all(dict(polled.cursor), tmc_group="")
    assert sorted(tids([*polled.messages, *rest])) == sorted(sold)


def test_the_memory_of_what_was_seen_stays_small(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    sell(taobao, 520)
    time.advance(minutes=2)
    _messages, cursor = poll_all(tmc_group="")
    assert len(cursor["seen"]) == 500


def test_unconfirmed_messages_come_again_and_confirmed_ones_do_not(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    sell(taobao)
    first, cursor = poll_all(confirm=False)
    time.advance(seconds=10)
    assert not any(message.kind.startswith("tmc:") for message in poll_all(cursor, confirm=False)[0])
    time.advance(seconds=21)
    second, cursor = poll_all(cursor)
    queued = [message for message in first if message.kind.startswith("tmc:")]
    assert [message for message in second if message.kind.startswith("tmc:")] == queued
    assert len(queued) == 2
    time.advance(minutes=5)
    assert not any(message.kind.startswith("tmc:") for message in poll_all(cursor)[0])
    assert wire.count(CONFIRM) == 1


def test_a_full_queue_says_that_there_is_more(taobao: TaobaoEmulator, wire: Wire) -> None:
    sell(taobao, 130)
    messages, _cursor = poll_all()
    assert sum(message.kind.startswith("tmc:") for message in messages) == 260
    assert taobao.queue.backlog("default") == 0


def test_messages_of_another_seller_stay_for_their_own_connection(taobao: TaobaoEmulator, wire: Wire) -> None:
    taobao.control("sell", {"seller": "另一家店"})
    messages, _cursor = poll_all()
    assert messages == []
    assert taobao.queue.backlog("default") == 2


def test_an_empty_group_switches_the_queue_off(taobao: TaobaoEmulator, wire: Wire) -> None:
    sell(taobao)
    messages, _cursor = poll_all(tmc_group="")
    assert wire.count(CONSUME) == 0
    assert len(messages) == 1


def test_a_broken_queue_does_not_stop_the_trades_and_its_reason_is_kept(
    taobao: TaobaoEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    [tid] = sell(taobao)

    def broken(*_arguments: Any) -> list[Any]:
        raise service_error("isp.tmc-service-error", "消息服务不可用")

    monkeypatch.setattr(taobao.queue, "consume", broken)
    polled = adapter.poll(access(), {})
    assert tids(list(polled.messages)) == [tid]
    assert "isp.tmc-service-error" in polled.cursor["queue_error"]
    monkeypatch.undo()
    assert "queue_error" not in adapter.poll(access(), polled.cursor).cursor


def test_lost_messages_are_found_by_the_poll(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    taobao.control("faults", {"drop": 1.0})
    [tid] = sell(taobao)
    messages, cursor = poll_all()
    taobao.control("change_address", {"tid": tid, "receiver": {"address": "新地址1号"}})
    time.advance(seconds=60)
    later, _cursor = poll_all(cursor)
    assert [message.kind for message in [*messages, *later]] == ["trade", "trade"]


@pytest.mark.parametrize("fault", ["repeat", "reorder", "delay"])
def test_repeated_late_or_shuffled_messages_all_arrive(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock, fault: str
) -> None:
    taobao.control("faults", {fault: 1.0, "delay_seconds": 5})
    sold = sell(taobao, 5)
    messages, cursor = poll_all()
    time.advance(seconds=6)
    messages += poll_all(cursor)[0]
    queued = [message for message in messages if message.kind.startswith("tmc:")]
    pointed = {fetch.subject for message in queued for fetch in adapter.parse(message) if isinstance(fetch, Fetch)}
    assert pointed == set(sold)
    assert len({message.key for message in queued}) == 10
    assert len(queued) == (20 if fault == "repeat" else 10)


def test_every_change_of_an_order_is_seen(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid = taobao.control("sell", {"paid": False, "lines": [{"sku": "CREAM-50"}, {"sku": "LIP-01"}]})["tid"]
    assert snapshot_of(tid).status == "unpaid"
    taobao.control("pay", {"tid": tid})
    paid = snapshot_of(tid)
    assert paid.status == "paid"
    taobao.control("change_address", {"tid": tid, "receiver": {"address": "解放大道1号"}})
    assert snapshot_of(tid).receiver.key != paid.receiver.key
    first_line = paid.lines[0].platform_line_id
    taobao.control("refund", {"tid": tid, "oid": first_line})
    assert [(refund.platform_line_id, refund.status) for refund in snapshot_of(tid).refunds] == [(first_line, "open")]
    taobao.control("refund_close", {"tid": tid})
    assert [refund.status for refund in snapshot_of(tid).refunds] == ["withdrawn"]
    taobao.control("refund", {"tid": tid, "oid": first_line})
    taobao.control("refund_success", {"tid": tid})
    after = snapshot_of(tid)
    assert ([line.closed for line in after.lines], after.status) == ([True, False], "paid")
    taobao.control("memo", {"tid": tid, "memo": "加急", "flag": 1})
    assert (snapshot_of(tid).seller_note, snapshot_of(tid).seller_flag) == ("加急", "1")
    taobao.control("finish", {"tid": tid})
    assert snapshot_of(tid).status == "finished"


def test_a_presale_is_paid_in_two_parts_and_a_group_buy_waits(taobao: TaobaoEmulator, wire: Wire) -> None:
    presale = taobao.control("sell", {"presale": True})["tid"]
    assert (snapshot_of(presale).status, snapshot_of(presale).flags) == ("unpaid", {"presale"})
    taobao.control("pay", {"tid": presale})
    assert (snapshot_of(presale).status, snapshot_of(presale).flags) == ("paid", frozenset())
    group_buy = taobao.control("sell", {"group_buy": True})["tid"]
    assert snapshot_of(group_buy).flags == {"group_buy_open"}
    taobao.control("group_buy_done", {"tid": group_buy})
    assert snapshot_of(group_buy).flags == frozenset()
