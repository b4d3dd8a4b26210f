"""Law 10: no network inside a transaction. Claim, commit, call, record."""

from contextlib import suppress

import pytest
import requests
import responses
from django.db import connection, transaction

from integrations import http, jobs, sync
from integrations.errors import Temporary
from integrations.models import Job
from orders.lifecycle import Move, Role
from orders.models import Label, Order, Parcel, WarehouseOperator
from orders.services.holds import lift, place_hold
from orders.services.labels import request_print
from orders.services.move import move_parcel
from tests.flow.street import Street, street
from tests.laws.cast import SYSTEM, order_of, person, seller

pytestmark = pytest.mark.django_db(transaction=True)


def test_law_10_a_job_is_not_run_inside_a_transaction():
    order = seller().sells()
    with transaction.atomic():
        jobs.plan("release_order", "release:1", order_id=order.pk)
    job = Job.objects.get()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.READY, 0)
    assert Order.objects.get().state == "paid"


def test_law_10_a_handler_finds_out_that_it_stands_in_a_transaction():
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        jobs.assert_no_transaction()
    jobs.assert_no_transaction()


def test_law_10_the_claim_is_committed_before_the_handler_calls(monkeypatch):
    seen: list[tuple[bool, str]] = []

    def looks(task: jobs.Task) -> None:
        seen.append((connection.in_atomic_block, Job.objects.get(pk=task.id).state))
        with responses.RequestsMock() as mock:
            mock.get("http://127.0.0.1:9/", body=requests.ConnectionError())
            http.call("GET", "http://127.0.0.1:9/")

    monkeypatch.setitem(jobs._handlers, "looks", looks)
    with transaction.atomic():
        jobs.plan("looks", "1")
    assert jobs.run(Job.objects.get().pk)
    assert seen == [(False, Job.State.RUNNING)]
    assert Job.objects.get().state == Job.State.READY


def test_law_10_a_poll_calls_outside_any_transaction(monkeypatch):
    open_then: list[bool] = []

    def listens(*arguments: object, **options: object) -> None:
        open_then.append(connection.in_atomic_block)
        raise Temporary("busy")

    monkeypatch.setattr("integrations.platforms.taobao.client.http_call", listens)
    with suppress(Temporary):
        sync.poll(seller().taobao())
    assert open_then
    assert not any(open_then)


# Kinds of other tests, and of platforms that are not on this street.
NOT_HERE = {
    "ask_courier",
    "stop_at_warehouse",
    "intercept_parcel",
    "pass_report",
    "settle_passage",
    "note_cancel",
    "follow_delivery",
    "looks",
    "try_out",
    "asks",
    "answer_platform",
    "refresh_token",
    "backfill",
    "ledger_numbers",
    "waybill_stock",
}


@pytest.fixture
def on(live_server):
    with street(live_server.url, printed_by="tower") as found:
        shop = found.seller
        WarehouseOperator.objects.create(warehouse=shop.warehouse, code="W-PACKAGE", user=shop.lead)
        yield found


def test_law_10_every_kind_of_job_calls_the_real_world_outside_transactions(on: Street):
    manager, cs = person(on.seller.user(Role.OPS_MANAGER)), person(on.seller.user(Role.CS))
    for _ in range(2):
        on.sells()
    # A label each, from the platform, once the warehouse's packer was heard.
    on.live(lambda: Label.objects.filter(state="live").count() == 2)
    first, second = Parcel.objects.order_by("pk")
    # Stop and go.
    hold = place_hold(order_of(first).pk, note="买家来电", cause=cs)
    on.live(lambda: Job.objects.filter(kind="pend_parcel", state="done").exists())
    assert lift(hold.made["hold"], reason="已核实", cause=manager).ok
    on.live(lambda: Job.objects.filter(kind="restore_parcel", state="done").exists())
    # The first leaves, and the platform hears of it.
    assert request_print(first.pk, cause=SYSTEM).ok
    label = Label.objects.get(parcel=first)
    on.does("qimen", "report", order=first.number, processStatus="DELIVERED", expressCode=label.waybill)
    on.live(lambda: Job.objects.filter(kind="tell_platform").exists())
    # Its courier is asked to report, and what it picked up is told to the warehouse.
    on.live(lambda: Job.objects.filter(kind="follow_parcel", attempts__gt=0).exists())
    on.does("kuaidi100", "pick_up", waybill=label.waybill)
    on.live(lambda: Job.objects.filter(kind="tell_system", attempts__gt=0).exists())
    # The second is printed twice, which is told, and then it is taken apart: number and delivery go back.
    assert request_print(second.pk, cause=SYSTEM).ok
    assert request_print(second.pk, cause=SYSTEM).code == "duplicate_print"
    assert move_parcel(second.pk, Move.VOID, cause=person(on.seller.lead), reason="面单损坏").ok
    on.live(lambda: Job.objects.filter(kind__in=["send_alert", "cancel_waybill"], state="done").count() == 2)
    on.settle()
    tried = set(Job.objects.filter(attempts__gt=0).values_list("kind", flat=True))
    assert tried >= set(jobs.kinds()) - NOT_HERE, set(jobs.kinds()) - NOT_HERE - tried
    assert {"/taobao", "/qimen", "/wecom", "/kuaidi100"} == {"/" + path.split("/")[1] for path, _ in on.sent}
    assert [path for path, in_transaction in on.sent if in_transaction] == []
