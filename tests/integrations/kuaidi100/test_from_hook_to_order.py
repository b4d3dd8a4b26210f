"""From the push to the order: through the real door, the inbox and the services."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses
from django.test import Client

from integrations import inbox, jobs
from integrations.carriers.kuaidi100.emulator import DEFAULTS
from integrations.models import Connection, Job, Receipt
from orders import clock as tower_clock
from orders.clock import FixedClock
from orders.lifecycle import ParcelState, Role
from orders.models import Claim, Event, Label, Parcel
from orders.services.labels import print_result, request_print, request_waybill, waybill_issued
from ordertower import dispatch
from tests.integrations.kuaidi100.street import BASE, SALT, Street, built, envelope, form, param_of, row
from tests.integrations.kuaidi100.test_hostile_bodies import REFUSED, params
from tests.laws.cast import SYSTEM, Seller, person, seller

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def shop(clock: FixedClock) -> Seller:
    return seller()


@pytest.fixture
def courier(shop: Seller) -> Connection:
    made = Connection.objects.create(
        company_id=shop.company_id,
        adapter="kuaidi100",
        name="快递100",
        base_url=BASE,
        settings={"customer": DEFAULTS["customer"]},
    )
    made.set_secrets({"key": DEFAULTS["key"], "salt": SALT})
    made.save()
    return made


@pytest.fixture
def caller() -> Client:
    """A caller who sees a 500 as the sender would."""
    return Client(raise_request_exception=False)


def push(client: Client, to: Connection, content: Any, **signature: Any) -> Any:
    """Posted to the hook, and worked off."""
    body = form(content if isinstance(content, bytes) else param_of(content), **signature)
    response = client.post(f"/hooks/kuaidi100/{to.key}/", data=body, content_type=FORM)
    inbox.process_due()
    return response


def receipts() -> list[tuple[str, str]]:
    return list(Receipt.objects.order_by("id").values_list("kind", "state"))


def state_of(label: Label) -> str:
    return str(Parcel.objects.get(pk=label.parcel_id).state)


def way(label: Label, *codes: str, until: Any = None) -> list[dict[str, Any]]:
    end = until or tower_clock.now()
    return [row(code, end - (len(codes) - place) * HOUR, f"第 {place} 步") for place, code in enumerate(codes)]


def of(label: Label, *rows: Any, **more: Any) -> dict[str, Any]:
    return envelope(*rows, nu=label.waybill, **more)


# What moves ---------------------------------------------------------------------------------------------------------
def test_a_push_brings_the_parcel_from_the_bench_to_the_signature(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    response = push(caller, courier, of(label, *way(label, "101", "103", "1002")))
    assert response.content.decode() == '{"result":true,"returnCode":"200","message":"成功"}'
    assert state_of(label) == ParcelState.SHIPPED
    push(caller, courier, of(label, *way(label, "101", "103", "1002", "5", "301"), status="shutdown"))
    assert state_of(label) == ParcelState.SIGNED
    assert receipts() == [("push", "done"), ("push", "done")]


def test_rows_that_were_told_before_have_no_second_effect(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    end = clock.now()
    known = way(label, "101", "103", "1002", until=end)
    push(caller, courier, of(label, *known))
    before = Event.objects.count()
    for _ in range(3):
        push(caller, courier, of(label, *known))
    assert Event.objects.count() == before
    assert len(receipts()) == 1
    push(caller, courier, of(label, *known, row("1001", end, "到达")))
    facts = Event.objects.filter(verb="fact").order_by("id").values_list("facts__stage", flat=True)
    assert [stage for stage in facts if stage] == ["label_created", "picked_up", "in_transit", "in_transit"]
    assert not Event.objects.filter(verb="fact_conflict").exists()


def test_pushes_in_any_order_end_in_the_same_parcel(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    steps = way(label, "101", "103", "5", "301")
    for count in (4, 2, 3, 1):
        push(caller, courier, of(label, *steps[:count]))
    parcel = Parcel.objects.get(pk=label.parcel_id)
    assert parcel.state == ParcelState.SIGNED
    assert parcel.shipped_at == clock.now() - 3 * HOUR
    assert parcel.signed_at == clock.now() - HOUR
    assert Claim.objects.get(system="courier").stage == "signed"


def test_an_ordered_courier_and_a_cancelled_one_move_nothing(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    push(caller, courier, of(label, *way(label, "101", "102", "401")))
    assert state_of(label) == ParcelState.PACKED


# What does not ------------------------------------------------------------------------------------------------------
def test_a_row_from_the_future_moves_nothing_is_shown_once_and_counts_when_its_time_has_come(
    shop, courier, caller, clock
):
    label = shop.labelled()
    clock.advance(hours=9)
    steps = [*way(label, "101"), row("301", clock.now() + 2 * HOUR, "已签收")]
    for _ in range(3):
        push(caller, courier, of(label, *steps))
    assert state_of(label) == ParcelState.PACKED
    assert Claim.objects.get(system="courier").stage == "label_created"
    parked = Receipt.objects.get(state=Receipt.State.PARKED)
    assert "晚于收到时间" in parked.reason
    push(caller, courier, of(label, *steps, billstatus="check"))
    assert Receipt.objects.filter(state=Receipt.State.PARKED).count() == 1
    # A person's replay changes nothing either.
    assert inbox.replay(parked.pk) == Receipt.State.PARKED
    clock.advance(hours=3)
    push(caller, courier, of(label, *steps))
    assert state_of(label) == ParcelState.SIGNED


def test_an_abort_waits_for_a_person_and_moves_nothing(shop, courier, caller):
    label = shop.labelled()
    events = Event.objects.count()
    push(caller, courier, of(label, status="abort", message="3天查询无记录"))
    assert receipts() == [("push", "ignored"), ("notice", "parked")]
    assert "3天查询无记录" in Receipt.objects.get(kind="notice").reason
    assert Event.objects.count() == events


def test_a_forged_push_is_refused_counted_and_not_kept(shop, courier, caller):
    label = shop.labelled()
    for signature in ({"salt": "forged"}, {"salt": None}, {"salt": ""}):
        response = push(caller, courier, of(label, row("301")), **signature)
        assert response.json() == {"result": False, "returnCode": "500", "message": "签名错误"}
    courier.refresh_from_db()
    assert courier.refused_count == 3
    assert receipts() == []
    assert state_of(label) == ParcelState.PACKED


# An unknown parcel --------------------------------------------------------------------------------------------------
def test_a_push_for_an_unknown_parcel_waits_and_is_taken_when_its_label_is_there(shop, courier, caller, clock):
    parcel = shop.packed()
    clock.advance(hours=9)
    content = envelope(row("103", clock.now() - HOUR), nu="YT7777777777777")
    assert push(caller, courier, content).status_code == 200
    assert receipts() == [("push", "waiting")]
    asked = request_waybill(parcel.pk, cause=SYSTEM)
    assert waybill_issued(asked.made["label"], carrier="yto", waybill="YT7777777777777", cause=SYSTEM).ok
    clock.advance(minutes=11)
    inbox.retry_waiting()
    assert receipts() == [("push", "done")]
    assert Parcel.objects.get(pk=parcel.pk).state == ParcelState.SHIPPED


def test_a_push_for_a_parcel_that_never_becomes_known_is_parked_after_a_day(shop, courier, caller, clock):
    push(caller, courier, envelope(row("103", clock.now()), nu="YT7777777777777"))
    for _ in range(30):
        clock.advance(hours=1)
        inbox.retry_waiting()
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.subject) == (Receipt.State.PARKED, "YT7777777777777")
    assert "YT7777777777777" in receipt.reason
    assert not Event.objects.filter(verb="fact").exists()


def test_another_companys_courier_moves_no_parcel_of_ours(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    Connection.objects.update(company=seller().shop.company)
    push(caller, courier, of(label, *way(label, "103", "301")))
    assert receipts() == [("push", "waiting")]
    assert state_of(label) == ParcelState.PACKED


# Hostile bodies -----------------------------------------------------------------------------------------------------
def test_a_good_push_behind_every_hostile_one_is_processed(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    for body in (*REFUSED.values(), *params(60)):
        assert push(caller, courier, body).status_code == 200
    assert not Receipt.objects.filter(state=Receipt.State.RECEIVED).exists()
    parked = Receipt.objects.filter(state=Receipt.State.PARKED)
    assert parked.count() > 50
    assert all(parked.values_list("reason", flat=True))
    assert not parked.filter(reason__startswith="映射出错").exists()
    assert not parked.filter(reason__startswith="记录出错").exists()
    push(caller, courier, of(label, *way(label, "103", "301")))
    assert state_of(label) == ParcelState.SIGNED


# The whole street ---------------------------------------------------------------------------------------------------
@pytest.fixture
def street(clock: FixedClock, courier: Connection, caller: Client) -> Iterator[Street]:
    """The emulated 快递100 before the tower's own door."""

    def door(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        response = caller.post(urlsplit(str(request.url)).path, data=body, content_type=FORM)
        return response.status_code, {}, response.content

    with built(clock) as street:
        street.mock.add_callback(responses.POST, courier.hook_url, callback=door)
        yield street


def test_a_printed_parcel_is_subscribed_pushed_and_signed_for(shop, street):
    label = shop.labelled()
    granted = request_print(label.parcel_id, cause=person(shop.user(Role.SHIPPER)))
    assert print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM).ok
    follow = following(label)
    street.emulator.control("ship", {"waybill": label.waybill})
    street.live(60)
    inbox.process_due()
    assert state_of(label) == ParcelState.SIGNED
    street.clock.advance(hours=5)
    assert jobs.run(follow.pk)
    assert Job.objects.get(pk=follow.pk).state == Job.State.DONE


def test_where_every_push_is_lost_the_parcel_is_asked_for(shop, street):
    label = shop.labelled()
    granted = request_print(label.parcel_id, cause=person(shop.user(Role.SHIPPER)))
    assert print_result(granted.made["attempt"], outcome="printed", cause=SYSTEM).ok
    follow = following(label)
    street.emulator.control("faults", {"drop": 1.0})
    street.clock.advance(hours=5)
    # Nobody has scanned it yet: that is no failure, and it is asked for again.
    assert jobs.run(follow.pk)
    assert Job.objects.get(pk=follow.pk).state == Job.State.READY
    street.emulator.control("ship", {"waybill": label.waybill})
    street.live(60)
    assert not Receipt.objects.filter(kind="push").exists()
    street.clock.advance(hours=5)
    assert jobs.run(follow.pk)
    assert state_of(label) == ParcelState.SIGNED


def following(label: Label) -> Job:
    """The job that follows this parcel, after its first run."""
    dispatch.drain_all()
    job = Job.objects.get(kind="follow_parcel")
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.READY, "")
    return job


def test_a_parcel_that_turned_back_is_returned_when_its_sender_signs(shop, courier, caller, clock):
    label = shop.labelled()
    clock.advance(hours=9)
    push(caller, courier, of(label, *way(label, "103", "6", "301")))
    assert state_of(label) == ParcelState.RETURNED
    assert Parcel.objects.get(pk=label.parcel_id).signed_at is None
