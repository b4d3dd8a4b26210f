"""From an event to the alert: which rule wants it, what it says, and once."""

import pytest

from alerts.intake import link_to, take
from alerts.models import Alert, Channel, Rule
from integrations.models import Job
from orders.lifecycle import HoldReason, Role
from orders.models import Event, Order
from orders.services.holds import place_hold
from orders.services.labels import request_print
from ordertower import dispatch
from tests.laws.cast import RECEIVER, SYSTEM, Seller, person, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def channel(shop) -> Channel:
    return Channel.objects.create(company=shop.shop.company, kind="wecom", name="运营群", role=Role.OPS_MANAGER)


def rule(shop: Seller, **fields: object) -> Rule:
    return Rule.objects.create(**{"company": shop.shop.company, "name": "锁单", **fields})


def held(shop: Seller, reason: str = HoldReason.MANUAL) -> Order:
    order = shop.sells()
    assert place_hold(order.pk, reason=reason, note="买家来电", cause=SYSTEM).ok
    return order


def test_a_hold_becomes_one_alert_and_one_message_per_channel_of_the_role(shop, channel):
    rule(shop)
    Channel.objects.create(company=shop.shop.company, kind="wecom", name="仓库群", role=Role.WAREHOUSE_LEAD)
    Channel.objects.create(company=shop.shop.company, kind="wecom", name="旧群", role=Role.OPS_MANAGER, enabled=False)
    order = held(shop)
    dispatch.drain_all()
    alert = Alert.objects.get()
    assert (alert.order, alert.level) == (order, "critical")
    assert alert.title == f"人工锁单 · {order.platform_order_id}"
    job = Job.objects.get(kind="send_alert")
    assert job.payload == {"alert": alert.pk, "channel": channel.pk}
    assert job.lane == Job.Lane.URGENT


def test_the_same_event_taken_again_makes_nothing_new(shop, channel):
    rule(shop)
    order = held(shop)
    event = Event.objects.get(verb="hold_opened")
    for _ in range(3):
        take(event, order)
    assert (Alert.objects.count(), Job.objects.filter(kind="send_alert").count()) == (1, 1)


def test_a_rule_for_one_reason_leaves_the_others_alone(shop, channel):
    rule(shop, hold_reason=HoldReason.DUPLICATE_PRINT)
    held(shop, HoldReason.MANUAL)
    dispatch.drain_all()
    assert not Alert.objects.exists()
    held(shop, HoldReason.DUPLICATE_PRINT)
    dispatch.drain_all()
    assert Alert.objects.get().title.startswith("重复打单")


@pytest.mark.parametrize(("mode", "alerts", "messages"), [("on", 1, 1), ("shadow", 1, 0), ("off", 0, 0)])
def test_a_rule_on_trial_writes_down_and_tells_nobody(shop, channel, mode, alerts, messages):
    rule(shop, mode=mode)
    held(shop)
    dispatch.drain_all()
    assert (Alert.objects.count(), Job.objects.filter(kind="send_alert").count()) == (alerts, messages)


def test_another_companys_rules_and_channels_are_not_asked(shop, channel):
    rule(seller())
    held(shop)
    dispatch.drain_all()
    assert not Alert.objects.exists()


def test_a_second_print_tells_who_where_and_when_of_both_attempts(shop, channel, clock):
    rule(shop, hold_reason=HoldReason.DUPLICATE_PRINT)
    label = shop.labelled()
    first, second = shop.user(Role.PICKER), shop.user(Role.SHIPPER)
    request_print(label.parcel_id, cause=person(first), station="工位A3", printer="P1")
    clock.advance(seconds=90)
    request_print(label.parcel_id, cause=person(second), station="工位B7", printer="P2")
    dispatch.drain_all()
    lines = Alert.objects.get().lines
    order = Order.objects.get()
    assert lines[0] == f"订单：{order.platform_order_id}（{shop.shop.name}）"
    assert lines[1] == f"第一次：{first.username}，工位A3 P1，11-11 00:00:00，{label.waybill}"
    assert lines[2] == f"第二次：{second.username}，工位B7 P2，11-11 00:01:30，{label.waybill}"
    assert link_to(order.pk) == f"http://localhost:8000/admin/orders/order/{order.pk}/change/"


def test_no_persons_data_is_in_an_alert(shop, channel):
    rule(shop)
    held(shop)
    dispatch.drain_all()
    alert, job = Alert.objects.get(), Job.objects.get(kind="send_alert")
    text = f"{alert.title} {alert.lines} {job.payload}"
    assert not any(word in text for word in (RECEIVER.name, RECEIVER.phone, RECEIVER.address))


def test_a_refusal_wakes_a_rule_that_asks_for_refusals(shop, channel):
    rule(shop, verb="print")
    label = shop.labelled()
    request_print(label.parcel_id, cause=SYSTEM)
    dispatch.drain_all()
    assert Alert.objects.count() == 1
