"""No waybill before 仓管组长 confirmed 已打包: every role, parcel state and door; and whose word stands for theirs.

A waybill is what lets a parcel travel, so this one control is tested through each way there is to ask for one.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import jobs
from integrations.models import Job
from orders.lifecycle import CauseKind, LabelState, Need, OrderState, ParcelState, Role
from orders.models import Label, Warehouse, WarehouseOperator
from orders.services.roles import grant
from ordertower import dispatch
from tests.lifecycle.scene import WHO, Scene, done, everything, scene, undone
from tests.orders import factories

pytestmark = pytest.mark.django_db


def with_parcel(state: str, **warehouse: object) -> Scene:
    """A parcel in that state, packed without a label where it is packed."""
    on = scene(**warehouse)
    if state != ParcelState.PACKED:
        on.reach_parcel(state)
        return on
    on.reach(OrderState.TO_PICK)
    done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    return on


def through_the_service(on: Scene, who: str) -> None:
    on.asks_waybill(who)


def through_the_api(on: Scene, who: str) -> None:
    client = Client()
    client.force_login(on.people[who])
    answer = client.post(
        f"/api/v1/parcels/{on.parcel.pk}/waybill/", {"carrier": "yto"}, content_type="application/json"
    )
    assert answer.status_code in (202, 403, 409), answer.content
    if answer.status_code != 202:
        assert answer.json()["code"] in ("role", "illegal_move")


def through_the_back_office(on: Scene, who: str) -> None:
    client = Client()
    client.force_login(on.people[who])
    path = reverse("admin:orders_order_act", args=[on.order.pk, "label", "waybill"])
    said = {"version": on.order.version, "parcel": on.parcel.pk, "carrier": "yto"}
    assert client.post(path, said).status_code in (302, 403)


DOORS: dict[str, Callable[[Scene, str], None]] = {
    "service": through_the_service,
    "api": through_the_api,
    "back office": through_the_back_office,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("state", ParcelState.values)
def test_only_the_shipper_gets_one_and_only_for_a_parcel_that_the_lead_packed(
    state: str, door: str, clock: object
) -> None:
    on = with_parcel(state)
    before, rows = Label.objects.count(), everything()
    made = {}
    for role in Role:
        with undone():
            DOORS[door](on, role)
            made[str(role)] = Label.objects.count() - before
            if not made[str(role)]:
                assert everything() == rows, role
    allowed = {"shipper"} if state == ParcelState.PACKED else set()
    assert {role for role, labels in made.items() if labels} == allowed
    assert set(made.values()) <= {0, 1}


@pytest.mark.parametrize("state", ParcelState.values)
def test_a_system_gets_one_under_the_same_condition(state: str, clock: object) -> None:
    on = with_parcel(state)
    rows, made = everything(), set()
    for kind in CauseKind:
        with undone():
            outcome = on.asks_waybill(kind)
            made |= {str(kind)} if outcome.ok else set()
            if not outcome.ok:
                assert outcome.code == ("role" if kind != CauseKind.SYSTEM else "illegal_move")
                assert everything() == rows
    assert made == ({"system"} if state == ParcelState.PACKED else set())


@pytest.mark.parametrize("state", ParcelState.values)
def test_a_task_gets_one_under_the_same_condition(state: str, clock: object) -> None:
    on = with_parcel(state)
    before = Label.objects.count()
    job = run_waybill_job(on)
    packed = state == ParcelState.PACKED
    assert (job.state, job.result["code"]) == ("done", "done" if packed else "illegal_move")
    assert Label.objects.count() - before == int(packed)


def run_waybill_job(on: Scene) -> Job:
    jobs.plan("request_waybill", "asked", order_id=on.order.pk, payload={"parcel": on.parcel.pk})
    job = Job.objects.get(key="asked")
    assert jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_whoever_packed_it_a_second_one_is_refused(clock: object) -> None:
    on = with_parcel(ParcelState.PACKED)
    done(on.asks_waybill())
    assert {on.asks_waybill(who).code for who in WHO} == {"role", "illegal_move"}
    assert Label.objects.count() == 1


def test_a_parcel_that_was_put_back_waits_for_the_lead_again(clock: object) -> None:
    on = with_parcel(ParcelState.PACKED)
    done(on.moves_parcel("unpack", Role.WAREHOUSE_LEAD))
    outcome = on.asks_waybill()
    assert [reason.code for reason in outcome.reasons] == [Need.PACKED]
    assert not Label.objects.exists()


def test_only_where_the_warehouse_labels_first_there_is_one_before(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK, label_first=True)
    assert on.asks_waybill(Role.WAREHOUSE_LEAD).code == "role"
    assert done(on.asks_waybill()).made["label"] == on.label.pk


# The warehouse's word ----------------------------------------------------------------------------------------------
def warehouse_says_packed(on: Scene, operator: str = "W07") -> None:
    """The report comes in, its events go to their consumers, and the urgent jobs run, as beat would do it."""
    done(on.stage.hears(on.stage.report("packed", 6, operator=operator)))
    dispatch.drain_all()
    jobs.run_lane(Job.Lane.URGENT)


def operator_is(on: Scene, person: User, code: str = "W07") -> None:
    WarehouseOperator.objects.create(warehouse=on.stage.shop.warehouse, code=code, user=person)


def insist_that_it_waits_for_the_lead(on: Scene) -> None:
    assert on.parcel.state == ParcelState.TO_PICK
    assert on.order.claims.get(system="wms").status == "packed"
    assert run_waybill_job(on).result["code"] == "illegal_move"
    assert not Label.objects.exists()


def insist_that_it_counts(on: Scene) -> None:
    assert on.parcel.state == ParcelState.PACKED
    assert Job.objects.get(kind="request_waybill").result["code"] == "done"
    assert on.label.state == LabelState.REQUESTED


def test_the_word_of_an_operator_whom_nobody_knows_waits_for_the_lead(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    warehouse_says_packed(on)
    insist_that_it_waits_for_the_lead(on)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.WAREHOUSE_LEAD])
def test_the_word_of_an_operator_with_another_role_waits_for_the_lead(role: Role, clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    operator_is(on, on.people[role])
    warehouse_says_packed(on)
    insist_that_it_waits_for_the_lead(on)


def test_the_word_of_an_operator_who_is_the_lead_counts(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    operator_is(on, on.people[Role.WAREHOUSE_LEAD])
    warehouse_says_packed(on)
    insist_that_it_counts(on)


def test_the_word_without_an_operator_waits_though_the_lead_is_known(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    operator_is(on, on.people[Role.WAREHOUSE_LEAD])
    warehouse_says_packed(on, operator="")
    insist_that_it_waits_for_the_lead(on)


def test_the_word_of_another_warehouses_lead_waits(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    person = factories.user()
    grant(person, on.stage.shop.company, Role.WAREHOUSE_LEAD, warehouse=factories.warehouse(on.stage.shop.company))
    operator_is(on, person)
    warehouse_says_packed(on)
    insist_that_it_waits_for_the_lead(on)


def test_the_word_of_a_lead_who_left_waits(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    operator_is(on, on.people[Role.WAREHOUSE_LEAD])
    User.objects.filter(pk=on.people[Role.WAREHOUSE_LEAD].pk).update(is_active=False)
    warehouse_says_packed(on)
    insist_that_it_waits_for_the_lead(on)


def test_where_the_warehouses_word_is_accepted_it_counts_whoever_says_it(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    Warehouse.objects.filter(pk=on.stage.shop.warehouse_id).update(
        accepts_wms_pack=True, accepts_wms_pack_by=on.people[Role.OPS_MANAGER]
    )
    warehouse_says_packed(on)
    insist_that_it_counts(on)


def test_the_lead_confirms_after_the_warehouse_and_then_it_counts(clock: object) -> None:
    on = with_parcel(ParcelState.TO_PICK)
    warehouse_says_packed(on)
    done(on.moves_parcel("pack", Role.WAREHOUSE_LEAD))
    dispatch.drain_all()
    jobs.run_lane(Job.Lane.URGENT)
    insist_that_it_counts(on)
