"""A shop on JD seen by the whole tower: refunds and locks hold an order and let it go, addresses are versions, and
what cannot be read is parked and disturbs nothing."""

from typing import Any

import pytest

from integrations import sync
from integrations.adapter import AnswerWish, Message
from integrations.connecting import Where, connect
from integrations.inbox import keep, process_due
from integrations.models import Connection, Receipt
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from integrations.platforms.jd.reading import order_message
from orders.clock import FixedClock
from orders.models import AddressVersion, AfterSale, Hold, Order
from tests.integrations.jd.conftest import APP_KEY, BASE, SECRET, TOKEN, Wire, sell
from tests.integrations.jd.test_mapping import hostile_bodies, row
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(time: FixedClock) -> Connection:
    company = factories.company()
    shop = factories.shop(company, platform="jd", warehouse=factories.warehouse(company))
    values = {"app_key": APP_KEY, "app_secret": SECRET, "access_token": TOKEN, "overlap_seconds": "60"}
    made, _new = connect("jd", where=Where(company=company, shop=shop), name="京东", base_url=BASE, values=values)
    return made


class Tower:
    """Polls and works off what came."""

    def __init__(self, connection: Connection, time: FixedClock) -> None:
        self.connection, self.time = connection, time

    def looks(self, *, after: float = 61) -> int:
        self.time.advance(seconds=after)
        new = sync.poll(Connection.objects.get(pk=self.connection.pk))
        process_due()
        return new

    def order(self, number: str) -> Order:
        return Order.objects.get(platform_order_id=number)

    def holds(self, number: str, *reasons: str) -> list[tuple[str, str]]:
        rows = Hold.objects.filter(order=self.order(number), reason__in=reasons).order_by("pk")
        return list(rows.values_list("reason", "state"))


@pytest.fixture
def tower(connection: Connection, time: FixedClock, wire: Wire) -> Tower:
    return Tower(connection, time)


def test_a_refund_holds_the_order_until_the_buyer_withdraws_it(jd: JdEmulator, tower: Tower) -> None:
    [number] = sell(jd)
    tower.looks()
    jd.control("refund", {"order_id": number})
    tower.looks()
    assert tower.holds(number, "refund_requested") == [("refund_requested", "open")]
    jd.control("refund_withdraw", {"order_id": number})
    tower.looks()
    assert tower.holds(number, "refund_requested") == [("refund_requested", "withdrawn")]
    assert tower.order(number).flags == []
    assert Receipt.objects.exclude(state=Receipt.State.DONE).count() == 0
    assert tower.looks() == 0


def test_a_refund_that_the_seller_agrees_to_ends_with_a_cancelled_order(jd: JdEmulator, tower: Tower) -> None:
    [number] = sell(jd)
    asked = jd.control("refund", {"order_id": number})
    tower.looks()
    access = tower.connection.open()
    wish = AnswerWish(kind="refund", request_id=asked["refund_id"], platform_order_id=number, accepted=True)
    adapter.answer(access, wish)
    tower.time.advance(seconds=10)
    jd.tick()
    tower.looks()
    assert AfterSale.objects.get(order=tower.order(number)).state == "done"
    assert tower.order(number).state == "cancelled"


def test_a_lock_without_application_holds_the_order_each_time_until_it_is_gone(jd: JdEmulator, tower: Tower) -> None:
    [number] = sell(jd)
    tower.looks()
    for _time in range(2):
        jd.control("lock", {"order_id": number})
        tower.looks()
        assert tower.holds(number, "cancel_requested")[-1] == ("cancel_requested", "open")
        jd.control("unlock", {"order_id": number})
        tower.looks()
        assert ("cancel_requested", "open") not in tower.holds(number, "cancel_requested")


@pytest.mark.parametrize(("silent", "wait"), [(False, 61), (True, 31 * 60)])
def test_a_new_address_is_a_new_version_though_jd_does_not_say_that_it_changed(
    jd: JdEmulator, tower: Tower, silent: bool, wait: float
) -> None:
    [number] = sell(jd)
    tower.looks()
    data: dict[str, Any] = {"order_id": number, "silent": silent}
    for place in ("解放大道1号", "学院路2号"):
        jd.control("change_address", {**data, "receiver": {"address": place}})
        tower.looks(after=wait)
    order = tower.order(number)
    keys = list(AddressVersion.objects.filter(order=order).order_by("version").values_list("receiver_key", flat=True))
    assert len(set(keys)) == order.address_version == 3
    assert keys[-1] == jd.orders.find(number).receiver.oaid(jd.vender_id)


def test_what_cannot_be_read_is_parked_and_everything_else_arrives(
    jd: JdEmulator, tower: Tower, connection: Connection
) -> None:
    [number] = sell(jd)
    bodies = hostile_bodies()
    keep(connection, [Message(kind="order", key=f"hostile:{place}", body=body) for place, body in enumerate(bodies)])
    keep(connection, [order_message(row(orderId="309999999999"))])
    tower.looks()
    assert {tower.order(number).state, tower.order("309999999999").state} == {"paid"}
    hostile = Receipt.objects.filter(key__startswith="hostile:")
    assert hostile.count() == 100
    assert hostile.filter(state=Receipt.State.PARKED).count() > 40
    assert set(hostile.values_list("state", flat=True)) <= {Receipt.State.PARKED, Receipt.State.DONE}
    assert not hostile.filter(reason__contains="映射出错").exists()
    assert not Receipt.objects.filter(reason__contains="记录出错").exists()
