"""A shop on Douyin seen by the whole tower: pushes and polls make one order; addresses and refunds live and end."""

import json
from typing import Any

import pytest
from django.test import Client

from integrations import jobs, sync
from integrations.adapter import Incoming, Message
from integrations.connecting import Where, connect
from integrations.inbox import keep, process_due
from integrations.models import Connection, Receipt, Trouble
from integrations.platforms.douyin.emulator import DouyinEmulator
from integrations.tokens import plan_refreshes
from orders import clock
from orders.clock import FixedClock
from orders.lifecycle import Role
from orders.models import AddressChange, AddressVersion, AfterSale, Hold, Order
from orders.services.cases import answer_request
from ordertower import dispatch
from tests.integrations.douyin.conftest import APP_KEY, BASE, HOOK, REFRESH, SECRET, SENDER, SHOP_ID, TOKEN, Wire, sell
from tests.integrations.douyin.test_mapping import hostile_bodies
from tests.integrations.douyin.test_webhook import message, pushed
from tests.laws.cast import person
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(time: FixedClock) -> Connection:
    company = factories.company()
    shop = factories.shop(company, platform="douyin", warehouse=factories.warehouse(company))
    values = {
        "app_key": APP_KEY,
        "app_secret": SECRET,
        "access_token": TOKEN,
        "refresh_token": REFRESH,
        "shop_id": SHOP_ID,
        "overlap_seconds": "60",
        "sender": str(SENDER).replace("'", '"'),
    }
    made, _new = connect("douyin", where=Where(company=company, shop=shop), name="抖店", base_url=BASE, values=values)
    return made


class Tower:
    """Listens at its hook, polls, and works off what came."""

    def __init__(self, connection: Connection, time: FixedClock, wire: Wire, douyin: DouyinEmulator) -> None:
        self.connection, self.time, self.wire = connection, time, wire
        self.client = Client()
        wire.reply = self.hears
        douyin.control("push_to", {"url": HOOK})

    def hears(self, incoming: Incoming) -> tuple[int, bytes]:
        headers = {name: value for name, value in incoming.headers.items() if name.lower() != "content-length"}
        answer = self.client.post(
            f"/hooks/douyin/{self.connection.key}/",
            data=incoming.body,
            content_type="application/json",
            headers=headers,
        )
        return answer.status_code, answer.content

    def works(self, *, after: float = 1) -> None:
        """Pushes arrive, and everything that follows from them is done."""
        self.time.advance(seconds=after)
        self.wire.tick()
        for _ in range(4):
            process_due()
            dispatch.drain_all()
            for lane in ("urgent", "ingest", "sync"):
                jobs.run_lane(lane)

    def looks(self, *, after: float = 61) -> int:
        self.time.advance(seconds=after)
        new = sync.poll(Connection.objects.get(pk=self.connection.pk))
        process_due()
        return new

    def order(self, number: str) -> Order:
        return Order.objects.get(platform_order_id=number)

    def holds(self, number: str, reason: str) -> list[str]:
        rows = Hold.objects.filter(order=self.order(number), reason=reason).order_by("pk")
        return list(rows.values_list("state", flat=True))

    def addresses(self, number: str) -> list[str]:
        rows = AddressVersion.objects.filter(order=self.order(number)).order_by("version")
        return list(rows.values_list("receiver_key", flat=True))


@pytest.fixture
def tower(connection: Connection, time: FixedClock, wire: Wire, douyin: DouyinEmulator) -> Tower:
    return Tower(connection, time, wire, douyin)


def test_a_push_brings_the_order_and_the_poll_brings_nothing_more(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    order = tower.order(number)
    assert order.state in ("paid", "to_pick")
    assert order.ship_by is not None
    tower.looks()
    tower.looks()
    assert Order.objects.count() == 1
    assert not Receipt.objects.filter(state__in=[Receipt.State.PARKED, Receipt.State.WAITING]).exists()
    assert len(tower.addresses(number)) == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_an_address_change_from_the_buyers_wish_to_its_end(
    douyin: DouyinEmulator, tower: Tower, accepted: bool
) -> None:
    [number] = sell(douyin)
    tower.works()
    douyin.control("ask_address", {"order_id": number, "receiver": {"address": "新华街1号"}})
    tower.works(after=20)
    assert tower.holds(number, "address_unverified") == ["open"]
    case = AddressChange.objects.get()
    assert case.deadline is not None
    order = tower.order(number)
    cause = person(factories.user(Role.CS, order.company))
    assert answer_request("address", case.pk, accepted=accepted, reason="已核对", cause=cause).ok
    tower.works()
    tower.works()
    assert douyin.control("order", {"order_id": number})["wish"] == ("agreed" if accepted else "refused")
    assert tower.holds(number, "address_unverified") == ["withdrawn"]
    assert AddressChange.objects.get().state == ("done" if accepted else "refused")
    assert len(set(tower.addresses(number))) == (2 if accepted else 1)


def test_an_application_that_the_platform_agrees_to_by_itself_is_over(douyin: DouyinEmulator, tower: Tower) -> None:
    douyin.address_default = "agree"
    [number] = sell(douyin)
    tower.works()
    douyin.control("ask_address", {"order_id": number, "receiver": {"address": "新华街1号"}})
    tower.works(after=20)
    tower.works(after=3601)
    tower.works()
    assert AddressChange.objects.get().state == "done"
    assert tower.holds(number, "address_unverified") == ["withdrawn"]


def test_an_order_cancelled_meanwhile_has_no_address_to_change(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    douyin.control("ask_address", {"order_id": number})
    tower.works(after=20)
    douyin.control("close", {"order_id": number})
    tower.works(after=20)
    assert tower.order(number).state == "cancelled"
    assert AddressChange.objects.get().state == "withdrawn"
    assert tower.holds(number, "address_unverified") == ["withdrawn"]


def test_an_application_that_arrives_after_the_orders_end_is_over_at_once(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    douyin.control("faults", {"delay": 1, "delay_seconds": 100})
    douyin.control("ask_address", {"order_id": number})
    douyin.control("faults", {})
    douyin.control("close", {"order_id": number})
    tower.works(after=20)
    assert not AddressChange.objects.exists()
    tower.works(after=100)
    assert AddressChange.objects.get().state == "withdrawn"
    assert tower.holds(number, "address_unverified") == []


def test_a_second_application_is_a_case_of_its_own(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    for turn in (1, 2):
        douyin.control("ask_address", {"order_id": number, "receiver": {"address": f"新华街{turn}号"}})
        tower.works(after=20)
        case = AddressChange.objects.get(state="open")
        cause = person(factories.user(Role.CS, tower.order(number).company))
        assert answer_request("address", case.pk, accepted=True, reason="已核对", cause=cause).ok
        tower.works()
        tower.works()
    assert list(AddressChange.objects.values_list("state", flat=True)) == ["done", "done"]
    assert len(set(tower.addresses(number))) == 3


def test_an_address_that_changed_at_once_is_a_new_version_by_push_and_by_sweep(
    douyin: DouyinEmulator, tower: Tower
) -> None:
    [number] = sell(douyin)
    tower.works()
    douyin.control("ask_address", {"order_id": number, "directly": True, "receiver": {"address": "新华街1号"}})
    tower.works(after=20)
    assert len(tower.addresses(number)) == 2
    tower.looks()
    douyin.control("push_to", {"url": ""})
    douyin.control("ask_address", {"order_id": number, "directly": True, "receiver": {"address": "新华街2号"}})
    tower.looks(after=31 * 60)
    assert len(set(tower.addresses(number))) == 3
    assert tower.order(number).address_version == 3


def test_a_refund_holds_the_order_until_the_buyer_withdraws_it(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    sale = douyin.control("refund", {"order_id": number})["aftersale_id"]
    tower.works(after=20)
    assert tower.holds(number, "refund_requested") == ["open"]
    douyin.control("refund_status", {"aftersale_id": sale, "status": 28})
    tower.works(after=20)
    assert tower.holds(number, "refund_requested") == ["withdrawn"]
    tower.looks()
    assert AfterSale.objects.count() == 1
    assert AfterSale.objects.get().amount is not None


def test_a_refund_that_is_paid_back_ends_with_a_cancelled_order(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    tower.works()
    sale = douyin.control("refund", {"order_id": number})["aftersale_id"]
    tower.works(after=20)
    douyin.control("refund_status", {"aftersale_id": sale, "status": 12})
    tower.works(after=20)
    assert AfterSale.objects.get().state == "done"
    assert tower.order(number).state == "cancelled"


def test_with_every_push_lost_the_polls_tell_the_same(douyin: DouyinEmulator, tower: Tower) -> None:
    douyin.control("faults", {"drop": 0})
    douyin.control("push_to", {"url": ""})
    [number] = sell(douyin)
    tower.looks()
    sale = douyin.control("refund", {"order_id": number})["aftersale_id"]
    tower.looks()
    assert tower.holds(number, "refund_requested") == ["open"]
    douyin.control("refund_status", {"aftersale_id": sale, "status": 28})
    tower.looks()
    assert tower.holds(number, "refund_requested") == ["withdrawn"]
    douyin.control("memo", {"order_id": number, "memo": "加急"})
    tower.looks(after=31 * 60)
    assert tower.order(number).seller_note == "加急"


def test_pushes_doubled_and_out_of_order_make_the_same_order(douyin: DouyinEmulator, tower: Tower) -> None:
    douyin.control("faults", {"repeat": 1, "reorder": 1})
    numbers = sell(douyin, 3)
    for number in numbers:
        douyin.control("refund", {"order_id": number})
    for _ in range(6):
        tower.works(after=3)
    assert Order.objects.count() == AfterSale.objects.count() == 3
    for number in numbers:
        assert tower.holds(number, "refund_requested") == ["open"]
    assert not Receipt.objects.filter(state=Receipt.State.PARKED).exists()


def test_a_forged_push_is_refused_in_the_platforms_words_and_nothing_is_kept(tower: Tower) -> None:
    status, body = tower.hears(pushed(b"[]", sign="0" * 32))
    assert (status, body) == (401, b'{"code":1,"msg":"fail"}')
    assert not Receipt.objects.exists()
    assert Connection.objects.get().refused_count == 1


def test_hostile_pushes_are_acknowledged_parked_and_disturb_nothing(douyin: DouyinEmulator, tower: Tower) -> None:
    [number] = sell(douyin)
    for body in hostile_bodies():
        if len(body) < 2_000_000:
            status, _ = tower.hears(pushed(body))
            assert status == 200
    tower.works()
    assert tower.order(number).state in ("paid", "to_pick")
    parked = Receipt.objects.filter(state=Receipt.State.PARKED)
    assert parked.count() > 40
    assert not Receipt.objects.filter(reason__contains="出错").exists()


def test_hostile_messages_of_every_kind_are_parked_or_harmless(
    douyin: DouyinEmulator, tower: Tower, connection: Connection
) -> None:
    bodies: list[tuple[str, bytes]] = [
        (kind, body) for kind in ("order", "refund", "push:111") for body in hostile_bodies()[:70]
    ]
    keep(connection, [Message(kind=kind, key=f"hostile:{at}", body=body) for at, (kind, body) in enumerate(bodies)])
    tower.looks()
    process_due(limit=1000)
    states = set(Receipt.objects.filter(key__startswith="hostile:").values_list("state", flat=True))
    assert states <= {Receipt.State.PARKED, Receipt.State.DONE, Receipt.State.WAITING, Receipt.State.IGNORED}
    assert not Receipt.objects.filter(reason__contains="出错").exists()


def test_a_message_of_another_shop_is_parked(tower: Tower) -> None:
    told: list[Any] = [message("101", "m1", shop_id=999)]
    tower.hears(pushed(json.dumps(told).encode()))
    process_due()
    assert "其他店铺" in Receipt.objects.get(state=Receipt.State.PARKED).reason


def test_a_token_is_replaced_in_its_last_hour_without_any_alarm(
    douyin: DouyinEmulator, tower: Tower, time: FixedClock
) -> None:
    plan_refreshes(now=clock.now())
    jobs.run_lane("urgent")
    ends = Connection.objects.get().token_expires_at
    assert ends is not None
    time.moment = ends
    time.advance(minutes=-55)
    assert plan_refreshes(now=clock.now()) == 0
    time.advance(minutes=10)
    assert plan_refreshes(now=clock.now()) == 1
    assert not Trouble.objects.exists()
    jobs.run_lane("urgent")
    assert Connection.objects.get().secrets()["access_token"] != TOKEN
    assert not Trouble.objects.filter(closed_at__isnull=True).exists()
    [number] = sell(douyin)
    tower.looks()
    assert tower.order(number)
