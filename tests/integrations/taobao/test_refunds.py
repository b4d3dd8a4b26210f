"""Refunds of the emulated shop: polled by their own part of the cursor, read whole, fetched, and answered."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.adapter import AnswerWish, Said
from integrations.errors import AlreadyDone, Permanent, Temporary, Unsupported
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from integrations.platforms.taobao.emulator_gateway import service_error
from orders.clock import FixedClock
from orders.vocabulary import RefundSnapshot
from tests.integrations.taobao.conftest import Wire, access, poll_all, sell

LIST, DETAIL = "taobao.refunds.receive.get", "taobao.refund.get"
CANCEL = "taobao.rdc.aligenius.sendgoods.cancel"


def refunds_in(messages: list[Any]) -> list[RefundSnapshot]:
    found = [one for message in messages if message.kind == "refund" for one in adapter.parse(message)]
    return [one.snapshot for one in found if isinstance(one, Said) and isinstance(one.snapshot, RefundSnapshot)]


def asked(taobao: TaobaoEmulator, **data: Any) -> tuple[str, str]:
    [tid] = sell(taobao)
    return tid, taobao.control("refund", {"tid": tid, **data})["refund_ids"][0]


def test_a_refund_is_read_whole_with_kind_sum_times_and_deadline(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    tid, refund_id = asked(taobao, kind="REFUND_AND_RETURN", fee="25.70")
    [refund] = refunds_in(poll_all()[0])
    assert (refund.refund_id, refund.platform_line_id) == (refund_id, tid)
    assert (refund.kind, refund.status, refund.amount) == ("return_refund", "open", Decimal("25.70"))
    assert refund.requested_at == refund.updated_at == time.now().replace(microsecond=0)
    assert refund.answer_by is not None
    assert (refund.answer_by - time.now()).total_seconds() == 48 * 3600
    assert not refund.in_passing


def test_an_unchanged_refund_costs_no_second_call_and_a_changed_one_is_news(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    tid, _ = asked(taobao)
    first, cursor = poll_all()
    time.advance(seconds=61)
    second, cursor = poll_all(cursor)
    assert (len(refunds_in(first)), len(refunds_in(second)), wire.count(DETAIL)) == (1, 0, 1)
    taobao.control("refund_close", {"tid": tid})
    time.advance(seconds=61)
    [closed] = refunds_in(poll_all(cursor)[0])
    assert (closed.status, closed.answer_by) == ("withdrawn", None)


def test_refunds_are_read_at_their_own_pace(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    _, cursor = poll_all()
    time.advance(seconds=30)
    _, cursor = poll_all(cursor)
    assert wire.count(LIST) == 1
    time.advance(seconds=31)
    poll_all(cursor)
    assert wire.count(LIST) == 2


def test_a_long_absence_is_made_up_day_by_day(taobao: TaobaoEmulator, wire: Wire, time: FixedClock) -> None:
    _, cursor = poll_all()
    ids = []
    for _day in range(3):
        ids.append(asked(taobao)[1])
        time.advance(days=1)
    found = refunds_in(poll_all(cursor, window_minutes=1440)[0])
    assert [refund.refund_id for refund in found] == ids
    windows = [entry["form"] for entry in taobao.journal.entries("call") if entry["method"] == LIST]
    for form in windows:
        start, end = (datetime.fromisoformat(form[f"{name}_modified"]) for name in ("start", "end"))
        assert (end - start).total_seconds() < 24 * 3600


def test_many_refunds_come_whole_from_the_last_page_backwards(
    taobao: TaobaoEmulator, wire: Wire, time: FixedClock
) -> None:
    ids = {asked(taobao)[1] for _refund in range(25)}
    found = refunds_in(poll_all(page_size=10)[0])
    assert {refund.refund_id for refund in found} == ids
    pages = [entry["form"]["page_no"] for entry in taobao.journal.entries("call") if entry["method"] == LIST]
    assert pages[:4] == ["1", "3", "2", "1"]


def test_refunds_that_cannot_be_read_do_not_stop_the_trades_and_the_reason_is_kept(
    taobao: TaobaoEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch, time: FixedClock
) -> None:
    tid, refund_id = asked(taobao)

    def broken(self: Any, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        raise service_error("isp.refund-service-error", "退款服务不可用")

    monkeypatch.setattr("integrations.platforms.taobao.emulator_refunds.Refund.listed", broken)
    messages, cursor = poll_all()
    assert [message.key.split(":")[1] for message in messages if message.kind == "trade"] == [tid]
    assert "isp.refund-service-error" in cursor["refunds"]["error"]
    monkeypatch.undo()
    time.advance(seconds=61)
    messages, cursor = poll_all(cursor)
    assert [refund.refund_id for refund in refunds_in(messages)] == [refund_id]
    assert "error" not in cursor["refunds"]


def test_a_refund_whose_detail_is_refused_is_known_from_the_list(
    taobao: TaobaoEmulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refund_id = asked(taobao, kind="REFUND_AND_RETURN")
    shown = taobao.trades.refunds[refund_id].listed()
    monkeypatch.setattr("integrations.platforms.taobao.emulator_refunds.Refund.listed", lambda self: shown)
    wire.before[DETAIL, 1] = lambda: setattr(taobao.trades.refunds[refund_id].trade, "seller", "别人")
    [refund] = refunds_in(poll_all()[0])
    assert (refund.refund_id, refund.kind, refund.answer_by) == (refund_id, "return_refund", None)


def test_a_message_about_a_refund_fetches_the_trade_and_the_refund(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid, refund_id = asked(taobao)
    messages, _ = poll_all()
    created = next(message for message in messages if message.kind == "tmc:taobao_refund_RefundCreated")
    subjects = [fetch.subject for fetch in adapter.parse(created)]
    assert subjects == [tid, f"refund:{refund_id}"]
    [refund] = refunds_in([adapter.fetch(access(), subjects[1])])
    assert refund.refund_id == refund_id
    with pytest.raises(Permanent):
        adapter.fetch(access(), "refund:89' OR 1")


def test_a_trade_mentions_its_refund_in_passing_under_the_same_number(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid, refund_id = asked(taobao)
    [said] = adapter.parse(adapter.fetch(access(), tid))
    [mentioned] = said.snapshot.refunds  # type: ignore[union-attr]
    assert (mentioned.refund_id, mentioned.in_passing, mentioned.amount) == (refund_id, True, None)


# Answers ----------------------------------------------------------------------------------------------------------


def answer(tid: str, refund_id: str, *, accepted: bool = True, kind: str = "refund") -> None:
    wish = AnswerWish(kind=kind, request_id=refund_id, platform_order_id=tid, accepted=accepted)
    adapter.answer(access(), wish)


def test_stopped_in_time_gives_the_money_back_and_said_again_is_done_already(
    taobao: TaobaoEmulator, wire: Wire
) -> None:
    tid, refund_id = asked(taobao)
    answer(tid, refund_id)
    assert taobao.trades.refunds[refund_id].status == "SUCCESS"
    with pytest.raises(AlreadyDone):
        answer(tid, refund_id)
    assert wire.count(CANCEL) == 1


def test_an_answer_whose_reply_was_lost_is_done_already(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid, refund_id = asked(taobao)

    def loses() -> None:
        taobao.control("faults", {"lose_answer": 1.0})

    wire.before[CANCEL, 1] = loses
    with pytest.raises(Temporary):
        answer(tid, refund_id)
    taobao.control("faults", {})
    with pytest.raises(AlreadyDone):
        answer(tid, refund_id)


def test_too_late_leaves_the_refund_to_people(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid, refund_id = asked(taobao)
    answer(tid, refund_id, accepted=False)
    [entry] = taobao.journal.entries("sendgoods_cancel")
    assert (entry["status"], taobao.trades.refunds[refund_id].status) == ("FAIL", "WAIT_SELLER_AGREE")


def test_what_only_people_may_answer_is_refused_by_name(taobao: TaobaoEmulator, wire: Wire) -> None:
    tid, refund_id = asked(taobao)
    [other] = sell(taobao)
    for kind, number, order, error in (
        ("address", refund_id, tid, Unsupported),
        ("refund", refund_id, other, Permanent),
        ("refund", "1", tid, Permanent),
    ):
        with pytest.raises(error):
            answer(order, number, kind=kind)
    taobao.control("refund_close", {"tid": tid})
    with pytest.raises(AlreadyDone):
        answer(tid, refund_id)
    taobao.control("finish", {"tid": tid})
    [late] = taobao.control("refund", {"tid": tid})["refund_ids"]
    with pytest.raises(Permanent, match="发货前"):
        answer(tid, late)
    assert wire.count(CANCEL) == 0
