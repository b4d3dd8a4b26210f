"""From the push to the order, and from the label to 丰桥: through the real door, inbox, jobs and services."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from integrations import inbox, jobs
from integrations.carriers.sf.emulator import DEFAULTS
from integrations.models import Connection, Job, Receipt, Trouble
from orders.clock import FixedClock
from orders.lifecycle import Move, ParcelState, Role
from orders.models import Event, InterceptRequest, Label, Parcel
from orders.services.labels import print_result, request_print, request_waybill
from orders.services.move import move_parcel
from orders.services.record import record
from ordertower import dispatch
from tests.integrations.sf.street import BASE, SETTINGS, Street, body_of, built, pushed, row
from tests.integrations.sf.test_hostile_bodies import REFUSED, SET_ASIDE, bodies
from tests.laws.cast import SYSTEM, Seller, order_of, person, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(clock: FixedClock) -> Seller:
    return seller()


@pytest.fixture
def courier(shop: Seller) -> Connection:
    made = Connection.objects.create(
        company_id=shop.company_id,
        adapter="sf",
        name="顺丰月结",
        base_url=BASE,
        settings={**SETTINGS, "issues_waybills": "是"},
    )
    made.set_secrets({"check_word": DEFAULTS["check_word"]})
    made.save()
    return made


@pytest.fixture
def street(clock: FixedClock) -> Iterator[Street]:
    with built(clock, push_url="") as found:
        yield found


@pytest.fixture
def caller() -> Client:
    """A caller who sees a 500 as the sender would."""
    return Client(raise_request_exception=False)


def push(client: Client, to: Connection, content: Any, query: str = "") -> Any:
    """Posted to the hook, and worked off."""
    body = content if isinstance(content, bytes) else body_of(content)
    response = client.post(f"/hooks/sf/{to.key}/{query}", data=body, content_type="application/json")
    inbox.process_due()
    return response


def work() -> None:
    for _ in range(4):
        dispatch.drain_all()
        for lane in ("urgent", "ingest", "sync"):
            jobs.run_lane(lane)


def sent_by_sf(shop: Seller) -> Label:
    """A packed parcel whose label was asked for at 丰桥 and printed."""
    parcel = shop.packed()
    asked = request_waybill(parcel.pk, carrier="sf", cause=SYSTEM)
    assert asked.ok, asked
    work()
    label = Label.objects.get(pk=asked.made["label"])
    attempt = request_print(parcel.pk, cause=SYSTEM).made["attempt"]
    assert print_result(attempt, outcome="printed", cause=SYSTEM).ok
    return label


def state_of(label: Label) -> str:
    return str(Parcel.objects.get(pk=label.parcel_id).state)


def test_a_number_from_sf_travels_and_is_signed_for(shop, courier, street, caller, clock):
    label = sent_by_sf(shop)
    assert (label.carrier, label.state) == ("sf", "live")
    assert [entry["waybill"] for entry in street.journal("ordered")] == [label.waybill]
    clock.advance(hours=9)
    now = clock.now()
    response = push(caller, courier, pushed(row("50", now - timedelta(hours=2), mailno=label.waybill)))
    assert response.json() == {"return_code": "0000", "return_msg": "成功"}
    assert state_of(label) == ParcelState.SHIPPED
    push(caller, courier, pushed(row("80", now - timedelta(hours=1), mailno=label.waybill)))
    assert state_of(label) == ParcelState.SIGNED


def test_a_repeat_of_a_row_has_no_second_effect(shop, courier, street, caller, clock):
    label = sent_by_sf(shop)
    clock.advance(hours=9)
    one = row("50", clock.now() - timedelta(hours=1), mailno=label.waybill)
    push(caller, courier, pushed(one))
    before = Event.objects.count()
    for place in range(4):
        push(caller, courier, pushed(one | {"id": str(place)}))
    assert Event.objects.count() == before
    assert not Event.objects.filter(verb="fact_conflict").exists()


def test_rows_of_two_parcels_in_one_push_do_not_wait_for_each_other(shop, courier, street, caller, clock):
    label = sent_by_sf(shop)
    clock.advance(hours=9)
    at = clock.now() - timedelta(hours=1)
    push(caller, courier, pushed(row("50", at, mailno="SF7999999999999"), row("50", at, mailno=label.waybill)))
    assert state_of(label) == ParcelState.SHIPPED
    assert sorted(Receipt.objects.values_list("state", flat=True)) == ["done", "waiting"]


def on_its_way(shop: Seller, courier: Connection, caller: Client, clock: FixedClock) -> Label:
    label = sent_by_sf(shop)
    clock.advance(hours=9)
    push(caller, courier, pushed(row("50", clock.now() - timedelta(hours=8), mailno=label.waybill)))
    assert state_of(label) == ParcelState.SHIPPED
    return label


BACK = "SF7000000000001"


def test_a_parcel_that_comes_back_under_a_new_number_is_returned_and_not_signed(shop, courier, street, caller, clock):
    label = on_its_way(shop, courier, caller, clock)
    now, remark = clock.now(), f"快件已退回，新单号为：{BACK}"
    push(caller, courier, pushed(row("648", now - timedelta(hours=5), mailno=label.waybill, remark=remark)))
    push(caller, courier, pushed(row("30", now - timedelta(hours=3), mailno=BACK, remark="快件在途")))
    push(caller, courier, pushed(row("80", now - timedelta(hours=1), mailno=BACK, remark="已签收")))
    assert state_of(label) == ParcelState.RETURNED
    assert Parcel.objects.get(pk=label.parcel_id).signed_at is None
    assert set(Receipt.objects.values_list("state", flat=True)) == {Receipt.State.DONE}
    work()
    followed = Job.objects.filter(kind="follow_parcel").values_list("payload__waybill", flat=True)
    assert BACK in followed
    assert not Job.objects.filter(kind="tell_system", payload__stage="signed").exists()


def test_the_way_back_is_understood_where_its_first_route_came_before_the_old_number_s_last(
    shop, courier, street, caller, clock
):
    label = on_its_way(shop, courier, caller, clock)
    now = clock.now()
    push(caller, courier, pushed(row("80", now - timedelta(hours=1), mailno=BACK, remark="已签收")))
    assert Receipt.objects.filter(state=Receipt.State.WAITING).count() == 1
    came_from = f"新单退回，原单号：{label.waybill}"
    push(caller, courier, pushed(row("631", now - timedelta(hours=4), mailno=BACK, remark=came_from)))
    inbox.retry_waiting()
    assert state_of(label) == ParcelState.RETURNED


def test_a_parcel_that_goes_elsewhere_under_a_new_number_is_signed_for(shop, courier, street, caller, clock):
    label = on_its_way(shop, courier, caller, clock)
    now, remark = clock.now(), f"快件已转寄，新单号为：{BACK}"
    push(caller, courier, pushed(row("648", now - timedelta(hours=5), mailno=label.waybill, remark=remark)))
    push(caller, courier, pushed(row("80", now - timedelta(hours=1), mailno=BACK, remark="已签收")))
    assert state_of(label) == ParcelState.SIGNED


def test_a_parcel_that_was_turned_back_is_signed_for_by_its_sender(shop, courier, street, caller, clock):
    label = on_its_way(shop, courier, caller, clock)
    now = clock.now()
    push(caller, courier, pushed(row("80", now - timedelta(hours=1), mailno=label.waybill, remark="已签收")))
    assert state_of(label) == ParcelState.SIGNED
    late = row("660", now - timedelta(hours=5), mailno=label.waybill, remark="快件退回中")
    push(caller, courier, pushed(late))
    assert state_of(label) == ParcelState.RETURNED


def hours_pass(clock: FixedClock, hours: int) -> None:
    """Long enough that whoever fell silent is asked."""
    clock.advance(hours=hours)
    jobs.run_lane("bulk")
    work()


def test_a_parcel_that_nobody_wants_any_more_is_stopped_by_sf_and_comes_back(shop, courier, street, clock):
    label = sent_by_sf(shop)
    work()
    street.emulator.control("ship", {"waybill": label.waybill})
    street.live(10)
    street.emulator.control("pause", {"waybill": label.waybill})
    hours_pass(clock, 5)
    assert state_of(label) == ParcelState.SHIPPED
    order = order_of(label.parcel)
    now = clock.now()
    closed = shop.snapshot(order.platform_order_id, status="closed", modified_at=now, closed_at=now)
    assert record(shop.fact("closed", order.platform_order_id, closed), cause=SYSTEM).ok
    work()
    [asked] = street.journal("intercepted")
    assert (asked["waybill"], asked["outcome"]) == (label.waybill, "stopped")
    case = InterceptRequest.objects.get()
    assert (case.state, case.stage) == ("open", "asked")
    assert Trouble.objects.filter(kind="intercept", level="critical", closed_at__isnull=True).count() == 1
    street.emulator.control("ship", {"waybill": label.waybill})
    street.live(60)
    # The old number's last word names the new one, which is asked for in its turn.
    hours_pass(clock, 5)
    assert state_of(label) == ParcelState.SHIPPED
    hours_pass(clock, 5)
    assert state_of(label) == ParcelState.RETURNED
    case.refresh_from_db()
    assert case.state == "done"
    assert not Trouble.objects.filter(kind="intercept", closed_at__isnull=True).exists()
    assert len(street.journal("intercepted")) == 1


def test_a_dead_label_s_number_is_given_back_to_sf(shop, courier, street):
    label = sent_by_sf(shop)
    # Somebody changes the setting meanwhile: the number goes back to where it came from all the same.
    courier.settings = {**courier.settings, "issues_waybills": "否"}
    courier.save()
    assert move_parcel(label.parcel_id, Move.VOID, cause=person(shop.user(Role.WAREHOUSE_LEAD)), reason="破损").ok
    work()
    assert [entry["waybill"] for entry in street.journal("cancelled")] == [label.waybill]
    assert Job.objects.get(kind="cancel_waybill").state == Job.State.DONE


def test_a_silent_parcel_is_asked_for_where_it_is_sf_s(shop, courier, street, clock):
    label = sent_by_sf(shop)
    work()
    assert Job.objects.get(kind="follow_parcel").connection == courier
    street.emulator.control("ship", {"waybill": label.waybill})
    street.live(60)
    clock.advance(hours=5)
    jobs.run_lane("bulk")
    assert state_of(label) == ParcelState.SIGNED


def test_an_unlisted_op_code_is_recorded_and_told_to_a_person_once(shop, courier, street, caller, clock):
    label = sent_by_sf(shop)
    clock.advance(hours=9)
    for minute in (1, 2):
        at = clock.now() - timedelta(minutes=minute)
        push(caller, courier, pushed(row("7777", at, mailno=label.waybill)))
    assert state_of(label) == ParcelState.PACKED
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.times, "7777" in trouble.text) == ("unlisted", 2, True)


# Who may push -------------------------------------------------------------------------------------------------------
def test_without_the_token_or_from_elsewhere_nothing_is_stored(shop, courier, caller):
    courier.set_secrets({"check_word": "x", "push_token": ["new", "old"]})
    courier.settings = {**courier.settings, "allowed_addresses": "127.0.0.0/8"}
    courier.save()
    content = pushed(row())
    assert push(caller, courier, content).status_code == 401
    assert push(caller, courier, content, "?token=new").status_code == 200
    courier.settings = {**courier.settings, "allowed_addresses": "203.0.113.9"}
    courier.save(update_fields=["settings"])
    assert push(caller, courier, content, "?token=old").status_code == 401
    assert Receipt.objects.count() == 1
    courier.refresh_from_db()
    assert courier.refused_count == 2


def test_every_hostile_body_is_acknowledged_and_parked_and_disturbs_nothing(shop, courier, street, caller, clock):
    label = sent_by_sf(shop)
    before = Event.objects.count()
    hostile = [body for body in [*REFUSED.values(), *SET_ASIDE.values(), *bodies(20)] if len(body) < 1_000_000]
    for body in hostile:
        assert caller.post(f"/hooks/sf/{courier.key}/", data=body, content_type="application/json").status_code == 200
    inbox.process_due()
    assert Event.objects.count() == before
    assert Receipt.objects.filter(state=Receipt.State.PARKED).count() > 50
    assert state_of(label) == ParcelState.PACKED
