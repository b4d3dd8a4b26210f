"""Law 2: one fact, one effect, by a unique constraint that outlives the receipts; a cache only makes it faster."""

import pytest
from django.core.cache import cache

from integrations import inbox
from integrations.models import Receipt
from orders.models import Event, FactKey, Order, PrintAttempt
from orders.services.record import record
from orders.vocabulary import PrintReport
from tests.laws.cast import SYSTEM, Seller, at_once, order_of, seller, send_report, step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Seller:
    return seller(printed_by="wms")


def test_law_02_the_same_fact_from_eight_workers_has_one_effect(shop):
    parcel = shop.released()
    order = order_of(parcel)
    printed = PrintReport(order=parcel.number, printed_at=order.placed_at, waybill="YT1")
    fact = shop.fact("print:1", parcel.number, printed)
    outcomes = at_once([lambda: record(fact, cause=SYSTEM)] * 8)
    assert sorted(outcome.code for outcome in outcomes) == ["done", *["repeat"] * 7]
    assert PrintAttempt.objects.count() == 1
    assert Event.objects.filter(stream=order.stream, key="print:1").count() == 1


def test_law_02_an_order_first_seen_by_eight_workers_is_one_order(shop, clock):
    at_once([lambda: shop.sells(order_id="2026111100000001")] * 8)
    order = Order.objects.get()
    assert Event.objects.filter(stream=order.stream, verb="order_seen").count() == 1


def test_law_02_a_repeat_after_the_receipts_expired_and_the_cache_was_flushed_has_no_effect(shop, client):
    parcel, wms = shop.released(), shop.qimen()
    body = step("PRINT", parcel.number, waybill="YT1")
    send_report(client, wms, body)
    inbox.process_due()
    Receipt.objects.all().delete()
    cache.clear()
    events = Event.objects.count()
    assert send_report(client, wms, body).status_code == 200
    inbox.process_due()
    assert PrintAttempt.objects.count() == 1
    assert Event.objects.count() == events


def test_law_02_the_same_key_with_another_body_is_parked_and_changes_nothing(shop, client):
    parcel, wms = shop.released(), shop.qimen()
    at = step("PICK", parcel.number)
    other = at.replace(b"</order>", b"<orderId>another</orderId></order>")
    for body in (at, other, other):
        assert send_report(client, wms, body).status_code == 200
    inbox.process_due()
    assert sorted(Receipt.objects.values_list("state", flat=True)) == ["done", "parked"]
    assert "内容不同" in Receipt.objects.get(state="parked").reason


def test_law_02_a_fact_key_used_for_another_body_raises_an_event_and_moves_nothing(shop):
    parcel = shop.released()
    order = order_of(parcel)
    report = PrintReport(order=parcel.number, printed_at=order.placed_at, waybill="YT1")
    assert record(shop.fact("print:1", parcel.number, report), cause=SYSTEM).ok
    version = Order.objects.get(pk=order.pk).version
    other = PrintReport(order=parcel.number, printed_at=order.placed_at, waybill="YT2")
    outcome = record(shop.fact("print:1", parcel.number, other), cause=SYSTEM)
    assert outcome.code == "conflicting_body"
    assert Event.objects.filter(stream=order.stream, verb="fact_conflict").count() == 1
    assert PrintAttempt.objects.get().waybill == "YT1"
    assert Order.objects.get(pk=order.pk).version == version
    assert FactKey.objects.filter(key="print:1").count() == 1
