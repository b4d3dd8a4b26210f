"""Cures against the emulated other side: tried once each, proven by what that side says afterwards, or told."""

from datetime import timedelta
from typing import Any

import pytest

from integrations import jobs
from integrations.contradictions import sweep
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from integrations.models import Connection, Contradiction, Job, Trouble
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders.clock import FixedClock
from orders.lifecycle import Move
from orders.models import Label, Order
from orders.services.labels import request_waybill
from ordertower import dispatch
from tests.integrations.contradictions.scene import Scene, scene
from tests.integrations.kingdee.conftest import BASE, bill, take
from tests.integrations.qimen.street import GATEWAY as WAREHOUSE
from tests.integrations.qimen.street import SECRET, Street
from tests.integrations.taobao.conftest import GATEWAY as TAOBAO
from tests.integrations.taobao.conftest import SETTINGS
from tests.laws.cast import SYSTEM

pytestmark = pytest.mark.django_db


def reach(on: Scene, adapter: str, base_url: str, settings: dict[str, Any] | None = None, **secrets: Any) -> None:
    """Only this system answers; the others of the scene are switched off."""
    Connection.objects.exclude(adapter=adapter).update(enabled=False)
    row = Connection.objects.get(adapter=adapter, company=on.shop.company_id)
    row.base_url, row.settings = base_url, {**row.settings, **(settings or {})}
    if secrets:
        row.set_secrets(secrets)
    row.save()


def works(*, only: str = "") -> None:
    """Everything planned is done once; `only` leaves the rest undone, as if it were lost."""
    dispatch.drain_all()
    for job in Job.objects.filter(state="ready").order_by("id"):
        if not only or job.kind == only:
            assert jobs.run(job.pk)
    dispatch.drain_all()


def lose_jobs() -> None:
    dispatch.drain_all()
    Job.objects.filter(state="ready").delete()


def row_of(on: Scene, code: str) -> Contradiction:
    return Contradiction.objects.filter(order=on.order, code=code).latest("pk")


def comes_due(on: Scene, code: str) -> Contradiction:
    row = row_of(on, code)
    assert row.due_at is not None
    on.clock.moment = max(row.due_at, on.clock.moment)
    sweep(now=on.clock.now())
    return row_of(on, code)


def sold_on(taobao: TaobaoEmulator, on: Scene) -> None:
    """The platform's own order, read as any other."""
    reach(on, "taobao", TAOBAO, SETTINGS, app_secret="emulator-secret", session="6100emulator")
    on.order_id = str(taobao.control("sell", {})["tid"])
    pull(on)


def pull(on: Scene) -> None:
    connection = Connection.objects.get(adapter="taobao", company=on.shop.company_id)
    key = f"pull:{on.order_id}:{on.clock.now()}"
    jobs.plan("fetch_order", key, connection_id=connection.pk, payload={"subject": on.order_id})
    assert jobs.run(Job.objects.get(key=key).pk)
    lose_jobs()


def test_reading_the_platform_again_finds_the_closing_that_was_not_heard(
    taobao: TaobaoEmulator, clock: FixedClock
) -> None:
    on = scene(clock)
    sold_on(taobao, on)
    clock.advance(minutes=1)
    on.does(Move.CANCEL)
    lose_jobs()
    clock.advance(minutes=1)
    taobao.control("close", {"tid": on.order_id})
    row = comes_due(on, "cancelled_here_platform_open")
    assert (row.state, row.cure, row.tries) == ("curing", "read_platform", 1)
    works(only="fetch_order")
    row = row_of(on, "cancelled_here_platform_open")
    assert (row.state, row.proven_at, row.due_at) == ("cured", clock.now(), None)
    assert Order.objects.get(pk=on.order.pk).closed_at is not None
    assert not Trouble.objects.exists()


def test_telling_the_platform_again_is_proven_by_reading_it(taobao: TaobaoEmulator, clock: FixedClock) -> None:
    on = scene(clock)
    sold_on(taobao, on)
    on.released_only()
    on.warehouse("accepted", "packed")
    on.label()
    on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    # The notice that was planned is lost with everything else.
    lose_jobs()
    row = comes_due(on, "left_platform_not_told")
    assert (row.state, row.cure) == ("curing", "tell_platform")
    works(only="tell_platform")
    [state] = [one for one in taobao.control("orders", {}) if one["tid"] == on.order_id]
    assert state["status"] == "WAIT_BUYER_CONFIRM_GOODS"
    # No push came of it: the second cure is the proof of the first.
    row = comes_due(on, "left_platform_not_told")
    assert (row.state, row.cure, row.tries) == ("curing", "read_platform", 2)
    works(only="fetch_order")
    assert row_of(on, "left_platform_not_told").state == "cured"


def test_a_number_is_given_back_where_it_was_issued(taobao: TaobaoEmulator, clock: FixedClock) -> None:
    on = scene(clock)
    sold_on(taobao, on)
    on.released_only()
    on.warehouse("accepted", "packed")
    asked = request_waybill(on.parcel.pk, cause=SYSTEM)
    on.ok(asked)
    works(only="issue_waybill")
    label = Label.objects.get(pk=asked.made["label"])
    assert label.state == "live"
    on.with_parcel(Move.VOID)
    dispatch.drain_all()
    Job.objects.filter(kind="cancel_waybill").delete()
    row = comes_due(on, "dead_number_not_returned")
    assert (row.state, row.cure, row.waybill) == ("curing", "recycle", label.waybill)
    works(only="cancel_waybill")
    assert [entry["waybill"] for entry in taobao.journal.entries("waybill_cancelled")] == [label.waybill]
    row = comes_due(on, "dead_number_not_returned")
    assert (row.state, row.proven_at) == ("cured", clock.now())


def test_an_erp_that_would_push_again_is_corrected_and_its_bill_read(
    kingdee: KingdeeEmulator, clock: FixedClock
) -> None:
    on = scene(clock)
    told = {name: DEFAULTS[name] for name in ("acct_id", "user_name", "app_id")}
    reach(on, "kingdee", BASE, {**told, "audited_order_means": "accepted"}, app_secret=DEFAULTS["app_secret"])
    on.platform("paid")
    take(kingdee, on.order_id)
    on.released_only()
    on.erp("accepted")
    on.warehouse("accepted", "packed")
    on.label()
    on.warehouse("shipped", waybill=on.waybill)
    on.courier("picked_up")
    lose_jobs()
    row = comes_due(on, "warehouse_shipped_erp_open")
    assert (row.state, row.cure) == ("curing", "correct_erp")
    works(only="tell_system")
    assert on.waybill in bill(kingdee, "XSDD000001")["head"]["FNote"]
    row = comes_due(on, "warehouse_shipped_erp_open")
    assert (row.state, row.tries) == ("cured", 1)
    assert not Trouble.objects.filter(kind="contradiction", closed_at=None).exists()


def test_a_warehouse_that_never_got_the_order_gets_it_again_and_is_asked_for_its_word(
    warehouse: Street, clock: FixedClock
) -> None:
    on = scene(clock)
    reach(on, "qimen", WAREHOUSE, app_secret=SECRET)
    on.sold()
    on.released_only()
    lose_jobs()
    row = comes_due(on, "released_warehouse_silent")
    assert (row.state, row.cure) == ("curing", "deliver_again")
    works(only="deliver_parcel")
    number = on.parcel.number
    assert [one["order"] for one in warehouse.qimen.control("orders", {})] == [number]
    # Its reports are lost: nothing proves that it has the order.
    warehouse.live(60, step=10)
    assert warehouse.tower.kept
    row = comes_due(on, "released_warehouse_silent")
    assert (row.state, row.cure, row.tries) == ("curing", "ask_warehouse", 2)
    works(only="fetch_order")
    row = row_of(on, "released_warehouse_silent")
    assert (row.state, row.proven_at) == ("cured", clock.now()), row.note
    assert on.order.claims.get(system="wms").subject == number


def test_a_warehouse_is_stopped_at_once_and_let_go_when_the_ground_is_gone(
    warehouse: Street, clock: FixedClock
) -> None:
    on = scene(clock)
    reach(on, "qimen", WAREHOUSE, app_secret=SECRET)
    on.sold()
    on.released_only()
    works(only="deliver_parcel")
    on.warehouse("accepted")
    on.platform("paid", **on.refund("done"))
    lose_jobs()
    row = comes_due(on, "refunded_warehouse_working")
    assert (row.state, row.cure, row.level) == ("curing", "pend", "critical")
    works(only="stop_at_warehouse")
    assert Job.objects.get(kind="stop_at_warehouse").state == "done"
    assert warehouse.order(on.parcel.number)["pended"]
    # Stopped, and still not cancelled there: a person must decide.
    row = comes_due(on, "refunded_warehouse_working")
    assert row.state == "escalated"
    trouble = Trouble.objects.get(kind="contradiction", facts__code=row.code)
    assert (trouble.level, trouble.closed_at) == ("critical", None)
    clock.advance(minutes=5)
    on.platform("paid", **on.refund("refused"))
    works(only="restore_parcel")
    assert row_of(on, "refunded_warehouse_working").state == "closed"
    assert not warehouse.order(on.parcel.number)["pended"]
    trouble.refresh_from_db()
    assert trouble.closed_at == clock.now()


def test_a_closed_order_under_way_is_asked_back_from_its_courier_once(clock: FixedClock) -> None:
    on = scene(clock)
    on.gone()
    lose_jobs()
    on.platform("closed")
    dispatch.drain_all()
    row = row_of(on, "closed_parcel_moving")
    assert (row.state, row.cure) == ("curing", "intercept")
    assert Job.objects.filter(kind="intercept_parcel", key=f"intercept:{on.parcel.pk}").count() == 1
    on.courier("returning")
    dispatch.drain_all()
    assert row_of(on, "closed_parcel_moving").state == "cured"


def test_a_stray_number_is_told_to_a_person_with_its_courier(clock: FixedClock) -> None:
    on = scene(clock)
    on.gone()
    on.erp("shipped", waybill=f"{on.waybill},YT0000000000555")
    on.courier("picked_up", waybill="YT0000000000555")
    lose_jobs()
    row = comes_due(on, "two_numbers_moving")
    assert (row.state, row.cure, row.waybill) == ("curing", "intercept", "YT0000000000555")
    trouble = Trouble.objects.get(kind="intercept")
    assert (trouble.level, trouble.facts["waybill"]) == ("critical", "YT0000000000555")


def test_a_cure_that_nobody_here_can_do_is_skipped_and_said(clock: FixedClock) -> None:
    on = scene(clock)
    on.sold()
    on.does(Move.CANCEL)
    dispatch.drain_all()
    Connection.objects.update(enabled=False)
    row = comes_due(on, "cancelled_here_platform_open")
    assert (row.state, row.cure, row.note) == ("escalated", "", "没有连接能重新读取平台订单")
    assert Trouble.objects.get(kind="contradiction").order_id == on.order.pk


def test_each_cure_is_planned_once_however_often_the_order_is_looked_at(clock: FixedClock) -> None:
    on = scene(clock)
    on.sold()
    on.does(Move.CANCEL)
    dispatch.drain_all()
    row = comes_due(on, "cancelled_here_platform_open")
    for _look in range(3):
        clock.advance(minutes=1)
        on.platform("paid", seller_note=f"第 {_look} 次")
        dispatch.drain_all()
        sweep(now=clock.now())
    assert Job.objects.filter(key__startswith=f"cure:{row.pk}:").count() == 1
    assert row_of(on, "cancelled_here_platform_open").due_at == row.due_at


def test_a_courier_is_asked_for_a_parcel_that_nobody_picked_up(clock: FixedClock) -> None:
    on = scene(clock)
    on.labelled()
    on.warehouse("shipped", waybill=on.waybill)
    on.platform("shipped")
    lose_jobs()
    row = row_of(on, "warehouse_shipped_no_pick_up")
    assert row.due_at == row.since + timedelta(hours=on.shop.shop.pickup_hours)
    row = comes_due(on, "warehouse_shipped_no_pick_up")
    assert (row.state, row.cure) == ("curing", "ask_courier")
    job = Job.objects.get(kind="ask_courier")
    assert job.payload == {"parcel": on.parcel.pk, "carrier": "yto", "waybill": on.waybill}
