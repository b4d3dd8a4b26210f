"""Law 1: what was acknowledged is held. A 2xx is said only after its row is committed."""

import pytest
from django.db.utils import OperationalError
from django.test import Client

from integrations import decisions, passages
from integrations.models import Job, Receipt
from integrations.wms.qimen import adapter
from orders.lifecycle import LabelState, Role
from orders.models import Event, FactKey, Label, PrintAttempt
from orders.services.labels import request_print
from tests.integrations.qimen.between import SLOW, standing_between
from tests.laws.cast import Seller, at_once, commits_fail, elsewhere, person, seller, send_report, step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Seller:
    return seller()


def test_law_01_a_webhook_whose_commit_fails_is_answered_5xx_and_claims_nothing(shop):
    wms = shop.qimen()
    honest = Client(raise_request_exception=False)
    body = step("ACCEPT", "T1-1")
    with commits_fail():
        response = send_report(honest, wms, body)
    assert response.status_code == 500
    assert not Receipt.objects.exists()
    assert not FactKey.objects.exists()
    # They send it again, and now it is held.
    assert send_report(honest, wms, body).status_code == 200
    assert Receipt.objects.count() == 1


def test_law_01_the_receipt_is_committed_before_the_reply_is_made(shop, client, monkeypatch):
    wms, seen = shop.qimen(), []
    accepted = adapter.accepted

    def looks_first(incoming):
        seen.append(elsewhere(Receipt.objects.count))
        return accepted(incoming)

    monkeypatch.setattr(adapter, "accepted", looks_first)
    assert send_report(client, wms, step("ACCEPT", "T1-1")).status_code == 200
    assert seen == [1]


def test_law_01_a_parked_message_is_committed_before_its_reply_too(shop):
    wms = shop.qimen()
    honest = Client(raise_request_exception=False)
    with commits_fail():
        assert send_report(honest, wms, b"<request>").status_code == 500
    assert not Receipt.objects.exists()
    assert send_report(honest, wms, b"<request>").status_code == 200
    assert Receipt.objects.get().state == Receipt.State.PARKED


def test_law_01_a_webhook_repeated_ten_times_leaves_one_receipt(shop, client):
    wms, body = shop.qimen(), step("ACCEPT", "T1-1")
    answers = {send_report(client, wms, body).status_code for _ in range(10)}
    assert answers == {200}
    assert Receipt.objects.count() == 1


def test_law_01_ten_repeats_at_the_same_moment_leave_one_receipt(shop):
    wms, body = shop.qimen(), step("ACCEPT", "T1-1")
    responses = at_once([lambda: send_report(Client(), wms, body)] * 10)
    assert {response.status_code for response in responses} == {200}
    assert Receipt.objects.count() == 1


def test_law_01_a_print_whose_commit_fails_was_not_granted(shop):
    label = shop.labelled()
    picker = shop.user(Role.PICKER)
    events = Event.objects.count()
    with commits_fail(), pytest.raises(OperationalError):
        request_print(label.parcel_id, cause=person(picker))
    assert Label.objects.get().state == LabelState.LIVE
    assert not PrintAttempt.objects.exists()
    assert Event.objects.count() == events
    assert request_print(label.parcel_id, cause=person(picker)).ok


def test_law_01_a_cancel_that_went_through_and_could_not_be_recorded_is_recorded_soon(live_server, clock, monkeypatch):
    monkeypatch.setattr(decisions, "SECONDS", SLOW)
    hear = passages._hear

    def fails_once(*arguments: object, **options: object) -> None:
        monkeypatch.setattr(passages, "_hear", hear)
        raise OperationalError("deadlock detected")

    with standing_between(live_server.url) as on:
        order = on.seller.sells()
        on.creates("ERP1", order.platform_order_id)
        on.beat()
        clock.advance(seconds=5)
        monkeypatch.setattr(passages, "_hear", fails_once)
        assert on.cancels("ERP1")["flag"] == "success"
        assert not order.claims.filter(system="erp", stage="cancelled").exists()
        assert Job.objects.get(kind="note_cancel").state == Job.State.READY
        clock.advance(seconds=5)
        on.beat()
        assert order.claims.get(system="erp").stage == "cancelled"
        assert on.passage("ERP1").state == "cancelled"
