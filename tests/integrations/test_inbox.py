"""The inbox: what is kept, what becomes of it, and how what was set aside comes back with one effect."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import inbox
from integrations.adapter import Message
from integrations.models import Connection, DayKey, Job, Receipt
from integrations.wms.qimen import adapter
from orders import sealing
from orders.models import Event, Label, Order, Parcel, PrintAttempt
from orders.services.move import move
from orders.services.record import record
from tests.integrations.qimen.street import messages
from tests.laws.cast import SYSTEM, Seller, at_once, seller, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    return seller(printed_by="wms")


@pytest.fixture
def wms(shop) -> Connection:
    return shop.qimen()


def kept(wms: Connection, body: bytes) -> Receipt:
    [receipt_id] = inbox.keep(wms, messages(body))
    return Receipt.objects.get(pk=receipt_id)


def processed(receipt: Receipt) -> Receipt:
    inbox.process(receipt.pk)
    return Receipt.objects.get(pk=receipt.pk)


def test_a_report_is_kept_processed_and_linked_to_its_order(shop, wms):
    parcel = shop.released()
    receipt = processed(kept(wms, step("PICK", parcel.number)))
    assert (receipt.state, receipt.subject, receipt.attempts) == ("done", parcel.number, 1)
    assert receipt.order_id == Order.objects.get().pk
    event = Event.objects.get(key__startswith="report:")
    assert (event.cause, event.actor_name) == (f"receipt:{receipt.pk}", "奇门 杭州仓")


def test_processing_the_same_receipt_again_has_no_effect(shop, wms):
    receipt = kept(wms, step("PRINT", shop.released().number, waybill="YT1"))
    for _ in range(5):
        processed(receipt)
    assert PrintAttempt.objects.count() == 1


def test_the_lag_of_a_connection_is_that_of_its_newest_message(shop, wms, clock):
    receipt = kept(wms, step("PICK", shop.released().number))
    clock.advance(seconds=7)
    processed(receipt)
    wms.refresh_from_db()
    assert wms.lag_milliseconds == 7000
    assert wms.last_message_at is not None


def test_what_is_kept_around_midnight_can_be_opened(wms, monkeypatch):
    """The clock goes on while a message is being kept."""
    moments = iter(range(100))
    midnight = datetime(2026, 11, 11, tzinfo=UTC)
    monkeypatch.setattr("orders.clock.now", lambda: midnight + timedelta(microseconds=next(moments) - 3))
    body = step("ACCEPT", "T1-1")
    for number in range(4):
        [receipt_id] = inbox.keep(wms, [Message(kind="orderprocess.report", key=f"k{number}", body=body)])
        assert inbox.open_receipt(Receipt.objects.get(pk=receipt_id)) == body


# What cannot be used ------------------------------------------------------------------------------------------------


def test_a_mapping_that_fails_parks_the_message_and_the_next_goes_on(shop, wms, monkeypatch):
    parcel, parse = shop.released(), adapter.parse

    def fails_on_pick(message: Message) -> Any:
        if b"PICK" in message.body:
            raise KeyError("a mistake of ours")
        return parse(message)

    monkeypatch.setattr(adapter, "parse", fails_on_pick)
    bad, good = kept(wms, step("PICK", parcel.number)), kept(wms, step("CHECK", parcel.number))
    assert inbox.process_due() == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.reason) == ("parked", "映射出错 KeyError")
    assert good.state == "done"


def test_a_replay_after_the_mapping_was_mended_has_one_effect(shop, wms, monkeypatch):
    parcel = shop.released()
    with monkeypatch.context() as patch:
        patch.setattr(adapter, "parse", lambda message: [][1])
        receipt = processed(kept(wms, step("PRINT", parcel.number, waybill="YT1")))
    assert receipt.state == "parked"
    assert [inbox.replay(receipt.pk), inbox.replay(receipt.pk)] == ["done", ""]
    assert PrintAttempt.objects.count() == 1
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("done", "")


def test_replaying_an_unreadable_message_parks_it_again(wms):
    inbox.park(wms, Message(kind="unreadable", key="k", body=b"<request"), "XML 格式错误")
    receipt = Receipt.objects.get()
    assert inbox.replay(receipt.pk) == "parked"
    receipt.refresh_from_db()
    assert receipt.reason


def test_parking_the_same_message_again_leaves_one_row(wms):
    for _ in range(3):
        inbox.park(wms, Message(kind="unreadable", key="k", body=b"<request"), "XML 格式错误")
    assert Receipt.objects.count() == 1


def test_the_same_key_with_another_body_is_parked_and_its_replay_moves_nothing(shop, wms):
    parcel = shop.released()
    [message] = messages(left(parcel.number, "YT1"), "deliveryorder.confirm")
    [other] = messages(left(parcel.number, "YT2"), "deliveryorder.confirm")
    assert message.key == other.key
    assert len(inbox.keep(wms, [message])) == 1
    assert inbox.keep(wms, [other]) == inbox.keep(wms, [other]) == []
    inbox.process_due()
    parked = Receipt.objects.get(state="parked")
    assert parked.reason == "同一编号收到内容不同的报文"
    assert inbox.replay(parked.pk) == "parked"
    assert Label.objects.get().waybill == "YT1"


def left(order: str, waybill: str) -> bytes:
    return (
        f"<request><deliveryOrder><deliveryOrderCode>{order}</deliveryOrderCode><outBizCode>M-1</outBizCode>"
        f"<orderConfirmTime>2026-11-11 01:00:00</orderConfirmTime></deliveryOrder><packages><package>"
        f"<logisticsCode>YTO</logisticsCode><expressCode>{waybill}</expressCode></package></packages></request>"
    ).encode()


def test_our_own_trouble_is_tried_again_and_parked_in_the_end(shop, wms, monkeypatch, clock):
    receipt = kept(wms, step("PICK", shop.released().number))
    with monkeypatch.context() as patch:

        def fails(*arguments: Any, **options: Any) -> None:
            raise RuntimeError("a mistake of ours")

        patch.setattr(inbox, "record", fails)
        states = []
        for _ in range(inbox.OUR_TRIES):
            inbox.process_due()
            states.append(Receipt.objects.get().state)
            clock.advance(minutes=1)
    assert states == ["received"] * (inbox.OUR_TRIES - 1) + ["parked"]
    assert Receipt.objects.get().reason == "记录出错 RuntimeError"
    assert inbox.replay(receipt.pk) == "done"


def test_trouble_with_one_receipt_does_not_stop_the_others(shop, wms, monkeypatch):
    parcels = [shop.released() for _ in range(3)]
    for parcel in parcels:
        kept(wms, step("PICK", parcel.number))

    def fails_on_first(fact: Any, *, cause: Any) -> Any:
        if fact.subject == parcels[0].number:
            raise RuntimeError("a mistake of ours")
        return record(fact, cause=cause)

    monkeypatch.setattr(inbox, "record", fails_on_first)
    assert inbox.process_due() == 3
    assert sorted(Receipt.objects.values_list("state", flat=True)) == ["done", "done", "received"]


@pytest.mark.django_db(transaction=True)
def test_readers_at_the_same_moment_take_different_receipts(shop, wms, monkeypatch):
    """Else all of them would wait for the lock of the same order, one message after the other."""
    parcels = [shop.released() for _ in range(3)]
    for parcel, minute in itertools.product(parcels, range(8)):
        kept(wms, step("PICK", parcel.number, minute=minute))
    process, read = inbox.process, []

    def noted(receipt_id: int) -> str:
        read.append(receipt_id)
        return process(receipt_id)

    monkeypatch.setattr(inbox, "process", noted)
    assert sum(at_once([inbox.process_due] * 3)) == 24
    assert sorted(read) == sorted(Receipt.objects.values_list("pk", flat=True))
    assert set(Receipt.objects.values_list("state", flat=True)) == {"done"}


def test_a_shredded_day_parks_what_was_not_processed(wms):
    receipt = kept(wms, step("PICK", "T1-1"))
    DayKey.objects.update(wrapped=sealing.wrap(sealing.new_key(), context="another connection"))
    assert processed(receipt).state == "parked"


# What comes before its order ----------------------------------------------------------------------------------------


def test_a_report_of_a_parcel_that_is_not_here_waits_and_is_taken_when_it_comes(shop, wms, clock):
    code = f"T{shop.shop.pk}-2026111100000009-1"
    receipt = processed(kept(wms, step("DELIVERED", code, waybill="YT1", minute=1)))
    assert (receipt.state, receipt.subject) == ("waiting", code)
    assert "还没有订单" in receipt.reason
    order = shop.sells(order_id="2026111100000009")
    assert move(order.pk, "release", cause=SYSTEM).ok
    clock.advance(seconds=10)
    assert inbox.retry_waiting() == 1
    assert Parcel.objects.get().state == "shipped"
    receipt.refresh_from_db()
    assert (receipt.state, receipt.order_id) == ("done", order.pk)


def test_a_report_under_the_orders_number_moves_the_order_when_it_comes(shop, wms, clock):
    code = f"T{shop.shop.pk}-2026111100000009"
    receipt = processed(kept(wms, step("DELIVERED", code, waybill="YT1")))
    assert receipt.state == "waiting"
    clock.advance(seconds=3)
    order = shop.sells(order_id="2026111100000009")
    clock.advance(seconds=3)
    assert inbox.retry_waiting() == 1
    order.refresh_from_db()
    assert order.state == "shipped"
    assert Parcel.objects.count() == 1
    receipt.refresh_from_db()
    assert (receipt.state, receipt.order_id) == ("done", order.pk)


def test_a_report_that_waits_is_looked_at_ever_more_rarely_and_shown_after_a_day(shop, wms, clock):
    processed(kept(wms, step("PICK", "T1-nobody")))
    looked = 0
    for _minute in range(24 * 60):
        clock.advance(minutes=1)
        looked += inbox.retry_waiting()
    assert 24 * 6 * 0.8 <= looked <= 24 * 6 * 1.3
    clock.advance(minutes=11)
    inbox.retry_waiting()
    receipt = Receipt.objects.get()
    assert receipt.state == "parked"
    assert "还没有订单" in receipt.reason


def test_a_message_that_only_points_to_an_order_plans_one_reading_of_it(wms):
    [message] = messages(step("PICK", "T1-1").replace(b"operateTime", b"otherTime"))
    inbox.keep(wms, [message])
    for _ in range(2):
        inbox.process_due()
        Receipt.objects.update(state="received")
    job = Job.objects.get()
    assert (job.kind, job.payload, job.connection_id) == ("fetch_order", {"subject": "T1-1"}, wms.pk)


def test_a_message_that_says_nothing_of_an_order_is_ignored(wms):
    body = b"<request><waveNum>W1</waveNum></request>"
    [receipt_id] = inbox.keep(wms, messages(body, "wavenum.report"))
    assert inbox.process(receipt_id) == "ignored"


def test_what_is_recorded_from_a_replay_is_a_repeat_for_the_order(shop, wms):
    parcel = shop.released()
    receipt = processed(kept(wms, step("PICK", parcel.number)))
    Receipt.objects.filter(pk=receipt.pk).update(state="ignored")
    version = Order.objects.get().version
    assert inbox.replay(receipt.pk) == "done"
    assert Order.objects.get().version == version
