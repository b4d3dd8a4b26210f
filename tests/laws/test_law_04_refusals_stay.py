"""Law 4: commands may be refused, and the refusal stays; observations are recorded, whatever they break."""

import pytest
from django.db import transaction

from integrations import inbox
from integrations.models import Receipt
from orders.lifecycle import HoldReason, Move, ParcelState, Role
from orders.models import Event, FactKey, Hold, Order, Parcel, PrintAttempt
from orders.services.holds import place_hold
from orders.services.labels import request_print
from orders.services.move import move, move_parcel
from orders.services.outcome import Refused
from tests.laws.cast import SYSTEM, Seller, elsewhere, order_of, person, seller, send_report, step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Seller:
    return seller()


def test_law_04_a_refusal_is_committed_though_the_door_raises_afterwards(shop):
    order = shop.sells("NO-SUCH-SKU")
    before = Order.objects.get(pk=order.pk)
    with pytest.raises(Refused) as raised:
        move(order.pk, Move.RELEASE, cause=SYSTEM).event_or_raise()
    assert raised.value.outcome.code == "held"
    refusal = elsewhere(lambda: Event.objects.get(stream=order.stream, result="refused"))
    assert (refusal.verb, refusal.key) == ("release", "held")
    after = Order.objects.get(pk=order.pk)
    assert (after.state, after.version) == (before.state, before.version)


def test_law_04_a_refused_second_print_keeps_its_hold_though_the_door_raises(shop):
    label = shop.labelled()
    assert request_print(label.parcel_id, cause=person(shop.user(Role.PICKER))).ok
    with pytest.raises(Refused):
        request_print(label.parcel_id, cause=person(shop.user(Role.SHIPPER))).event_or_raise()
    assert elsewhere(lambda: Hold.objects.get().reason) == HoldReason.DUPLICATE_PRINT
    assert elsewhere(lambda: Order.objects.get().held)


def test_law_04_no_door_can_wrap_a_command_in_a_transaction_of_its_own(shop):
    order = shop.sells()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        move(order.pk, Move.RELEASE, cause=SYSTEM)
    assert Order.objects.get().state == "paid"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda order, cause: move(order.pk, Move.RELEASE, cause=cause), "role"),
        (lambda order, cause: move(order.pk, Move.CANCEL, cause=SYSTEM), "role"),
        (lambda order, cause: move(order.pk, Move.RELEASE, cause=SYSTEM, version=0), "stale"),
        (lambda order, cause: move(order.pk, Move.PACK, cause=SYSTEM), "which_parcel"),
        (lambda order, cause: move(order.pk, "fly", cause=SYSTEM), "illegal_move"),
    ],
    ids=["role", "cause", "stale", "which_parcel", "no such act"],
)
def test_law_04_each_refusal_leaves_one_event_and_no_change(shop, act, code):
    order = shop.sells()
    before = Order.objects.get(pk=order.pk)
    outcome = act(order, person(shop.user(Role.FINANCE)))
    assert (outcome.ok, outcome.code) == (False, code)
    [refusal] = Event.objects.filter(stream=order.stream, result="refused")
    assert refusal.key == code
    after = Order.objects.get(pk=order.pk)
    assert (after.state, after.version, after.held) == (before.state, before.version, before.held)


def test_law_04_an_unauthenticated_message_leaves_no_row(shop, client):
    wms = shop.qimen()
    before = (Event.objects.count(), FactKey.objects.count())
    send_report(client, wms, step("ACCEPT", "T1-1"), secret="forged")
    assert not Receipt.objects.exists()
    assert (Event.objects.count(), FactKey.objects.count()) == before


@pytest.mark.parametrize("headers", [{}, {"HTTP_AUTHORIZATION": "Bearer forged"}], ids=["no key", "a forged key"])
def test_law_04_an_unauthenticated_request_of_the_api_leaves_no_row(shop, client, headers):
    label = shop.labelled()
    before = (Event.objects.count(), PrintAttempt.objects.count())
    url = f"/api/v1/parcels/{label.parcel_id}/print-requests/"
    response = client.post(url, {"station": "A3"}, content_type="application/json", **headers)
    assert response.status_code in (401, 403)
    assert (Event.objects.count(), PrintAttempt.objects.count()) == before


def test_law_04_what_a_warehouse_reports_of_a_held_order_is_recorded_and_becomes_a_breach(shop, client):
    parcel, wms = shop.packed(), shop.qimen()
    order = order_of(parcel)
    assert place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS))).ok
    body = step("DELIVERED", parcel.number, waybill="YT1", minute=1)
    assert send_report(client, wms, body).status_code == 200
    inbox.process_due()
    assert Parcel.objects.get().state == ParcelState.SHIPPED
    assert Event.objects.filter(stream=order.stream, verb="ship", result="observed").count() == 1
    assert HoldReason.SHIPPED_WHILE_HELD in set(Hold.objects.filter(state="open").values_list("reason", flat=True))


def test_law_04_the_same_act_as_a_command_is_refused_while_held(shop):
    label = shop.labelled()
    order = order_of(label.parcel)
    assert place_hold(order.pk, note="买家来电", cause=person(shop.user(Role.CS))).ok
    outcome = move_parcel(label.parcel_id, Move.SHIP, cause=person(shop.user(Role.SHIPPER)))
    assert outcome.code == "held"
    assert Parcel.objects.get().state == ParcelState.PACKED
