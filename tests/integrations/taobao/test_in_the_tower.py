"""A shop on Taobao seen by the whole tower: trades, refunds told twice, notes, and numbers that run out."""

from decimal import Decimal
from typing import Any

import pytest

from integrations import jobs, sync, waybills
from integrations.connecting import Where, connect
from integrations.inbox import process_due
from integrations.models import Connection, Job, Receipt, Trouble
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders import clock
from orders.clock import FixedClock
from orders.models import AfterSale, Event, Hold, Order
from ordertower import dispatch
from tests.integrations.taobao.conftest import APP_KEY, GATEWAY, SECRET, SELLER, SENDER, SESSION, Wire, access, sell
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(time: FixedClock) -> Connection:
    company = factories.company()
    shop = factories.shop(company, platform="taobao", warehouse=factories.warehouse(company), stops_on_note=True)
    values = {
        "app_key": APP_KEY,
        "app_secret": SECRET,
        "session": SESSION,
        "seller_nick": SELLER,
        "sender": str(SENDER).replace("'", '"'),
        "template_url": "http://t",
        "user_id": "1",
        "start": "2026-03-05T08:50:00+08:00",
    }
    made, _new = connect(
        "taobao", where=Where(company=company, shop=shop), name="淘宝", base_url=GATEWAY, values=values
    )
    return made


class Tower:
    """Polls, and works off what came."""

    def __init__(self, connection: Connection, time: FixedClock) -> None:
        self.connection, self.time = connection, time

    def looks(self, *, after: float = 61) -> None:
        self.time.advance(seconds=after)
        sync.poll(Connection.objects.get(pk=self.connection.pk))
        for _ in range(4):
            process_due()
            dispatch.drain_all()
            for lane in ("urgent", "ingest", "sync"):
                jobs.run_lane(lane)

    def holds(self, number: str, reason: str) -> list[str]:
        rows = Hold.objects.filter(order__platform_order_id=number, reason=reason, state="open")
        return list(rows.values_list("key", flat=True))


@pytest.fixture
def tower(connection: Connection, time: FixedClock, wire: Wire) -> Tower:
    return Tower(connection, time)


def sales() -> list[tuple[Any, ...]]:
    return list(AfterSale.objects.order_by("pk").values_list("refund_id", "kind", "state", "amount"))


def test_a_refund_told_by_trade_message_and_list_is_one_after_sale(taobao: TaobaoEmulator, tower: Tower) -> None:
    [tid] = sell(taobao)
    tower.looks()
    [refund_id] = taobao.control("refund", {"tid": tid, "kind": "REFUND_AND_RETURN", "fee": "20.00"})["refund_ids"]
    for _ in range(3):
        tower.looks()
    assert sales() == [(refund_id, "return_refund", "open", Decimal("20.00"))]
    assert AfterSale.objects.get().answer_by is not None
    assert tower.holds(tid, "refund_requested") == [f"refund:{refund_id}"]
    taobao.control("memo", {"tid": tid, "memo": "已联系买家"})
    tower.looks()
    assert sales() == [(refund_id, "return_refund", "open", Decimal("20.00"))]
    taobao.control("refund_close", {"tid": tid})
    tower.looks()
    tower.looks()
    assert sales() == [(refund_id, "return_refund", "withdrawn", Decimal("20.00"))]
    assert tower.holds(tid, "refund_requested") == []
    assert not Receipt.objects.filter(state__in=[Receipt.State.PARKED, Receipt.State.WAITING]).exists()


def test_with_the_queue_lost_the_lists_tell_the_same(taobao: TaobaoEmulator, tower: Tower) -> None:
    taobao.control("faults", {"drop": 1.0})
    [tid] = sell(taobao)
    tower.looks()
    [refund_id] = taobao.control("refund", {"tid": tid})["refund_ids"]
    tower.looks()
    assert tower.holds(tid, "refund_requested") == [f"refund:{refund_id}"]
    taobao.control("refund_success", {"tid": tid})
    tower.looks()
    assert [sale[:3] for sale in sales()] == [(refund_id, "refund_only", "done")]
    assert Order.objects.get().state == "cancelled"


def test_a_trade_without_refund_numbers_holds_until_the_list_names_it(taobao: TaobaoEmulator, tower: Tower) -> None:
    [tid] = sell(taobao)
    tower.looks()
    [refund_id] = taobao.control("refund", {"tid": tid})["refund_ids"]
    line = taobao.trades.find(tid).lines[0]
    line.refund_id = ""
    [said] = adapter.parse(adapter.fetch(access(), tid))
    assert said.snapshot.refunds[0].refund_id == f"line:{tid}"  # type: ignore[union-attr]
    tower.looks()
    tower.looks()
    assert [sale[0] for sale in sales()] == [refund_id]
    assert tower.holds(tid, "refund_requested") == [f"refund:{refund_id}"]


def test_notes_follow_the_shop_and_each_change_leaves_an_event(taobao: TaobaoEmulator, tower: Tower) -> None:
    [tid] = sell(taobao, buyer_message="放门口")
    tower.looks()
    assert len(tower.holds(tid, "note_unread")) == 1
    taobao.control("memo", {"tid": tid, "memo": "改发顺丰", "flag": 1})
    tower.looks()
    order = Order.objects.get()
    assert (order.buyer_note, order.seller_note, order.seller_flag) == ("放门口", "改发顺丰", "1")
    [event] = Event.objects.filter(verb="note_changed")
    assert event.facts == {"changed": ["seller_note", "seller_flag"], "flag": "1"}


# Numbers that run out ---------------------------------------------------------------------------------------------


def looks_at_numbers(time: FixedClock) -> dict[str, str]:
    waybills.plan_watches(now=clock.now())
    time.advance(seconds=1)
    jobs.run_lane("bulk")
    rows = Trouble.objects.filter(kind=Trouble.Kind.WAYBILLS, closed_at__isnull=True)
    return {row.facts["carrier"]: row.level for row in rows}


def test_a_person_hears_when_few_numbers_are_left_and_it_ends_when_there_are_more(
    taobao: TaobaoEmulator, tower: Tower, time: FixedClock
) -> None:
    assert looks_at_numbers(time) == {}
    taobao.control("waybills_left", {"cp_code": "YTO", "left": 99})
    assert looks_at_numbers(time) == {}
    time.advance(hours=1)
    assert looks_at_numbers(time) == {"yto": "warning"}
    assert "99 张" in Trouble.objects.get().text
    taobao.control("waybills_left", {"cp_code": "YTO", "left": 5000})
    time.advance(hours=1)
    assert looks_at_numbers(time) == {}


def test_the_watch_goes_on_the_next_day_and_asks_no_shop_without_a_sender(
    taobao: TaobaoEmulator, tower: Tower, wire: Wire, time: FixedClock
) -> None:
    for _day in range(3):
        looks_at_numbers(time)
        time.advance(days=1)
    assert Job.objects.filter(kind="waybill_stock").count() == 3
    assert wire.count("cainiao.waybill.ii.search") == 3
    row = Connection.objects.get()
    row.settings.pop("sender")
    row.save()
    assert waybills.plan_watches(now=clock.now()) == 0
    row.settings |= {"sender": SENDER, "waybill_low": "0"}
    row.save()
    assert waybills.plan_watches(now=clock.now()) == 0
