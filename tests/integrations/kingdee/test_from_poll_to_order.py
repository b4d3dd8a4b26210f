"""From the emulated K3 Cloud into the tower and back: a claim and its documents, and news told by a job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations import inbox, jobs, sync
from integrations.connecting import Where, connect
from integrations.erp.kingdee import sessions
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from integrations.models import Connection, Job, Receipt
from orders.models import Claim, Company, DocumentLink
from ordertower import dispatch
from tests.integrations.kingdee.conftest import BASE, Wire, bill, take
from tests.laws.cast import Seller, order_of, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(clock: Any) -> Seller:
    sessions._sessions.clear()
    return seller()


@pytest.fixture
def time(clock: Any) -> Any:
    """The emulator lives by the tower's clock here."""
    return clock


def connection(shop: Seller, **values: str) -> Connection:
    told = {name: str(DEFAULTS[name]) for name in ("acct_id", "user_name", "app_id", "app_secret")}
    where = Where(company=Company.objects.get(pk=shop.company_id))
    return connect("kingdee", where=where, name="金蝶", base_url=BASE, values={**told, **values})[0]


def poll(row: Connection) -> None:
    row.refresh_from_db()
    sync.poll(row)
    inbox.process_due()


def test_an_order_in_the_erp_becomes_a_claim_with_its_bill(
    shop: Seller, kingdee: KingdeeEmulator, wire: Wire, time: Any
) -> None:
    label = shop.labelled()
    order = order_of(label.parcel)
    take(kingdee, order.platform_order_id)
    row = connection(shop)
    time.advance(minutes=1)
    poll(row)
    claim = Claim.objects.get(order=order, system="erp")
    assert (claim.stage, claim.source_status) == ("other", "已审核")
    [link] = DocumentLink.objects.filter(order=order, document__system="erp")
    assert (link.document.kind, link.document.number) == ("sale_order", "XSDD000001")
    time.advance(minutes=1)
    poll(row)
    assert Receipt.objects.filter(connection_id=row.pk).count() == 1


def test_what_is_packed_here_is_told_there_once(shop: Seller, kingdee: KingdeeEmulator, wire: Wire, time: Any) -> None:
    row = connection(shop)
    label = shop.labelled()
    take(kingdee, order_of(label.parcel).platform_order_id)
    dispatch.drain_all()
    [job] = Job.objects.filter(kind="tell_system", connection=row)
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["code"]) == ("done", "done")
    assert bill(kingdee, "XSDD000001")["head"]["F_HUB_Status"] == "已打包"
    Job.objects.filter(pk=job.pk).update(state="ready", not_before=datetime(2020, 1, 1, tzinfo=UTC))
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["code"]) == ("done", "already_done")
    assert wire.count("Save") == 1


@pytest.mark.parametrize(("means", "state"), [("other", "paid"), ("accepted", "to_pick")])
def test_an_audit_releases_only_where_the_erp_pushes_to_the_warehouse(
    shop: Seller, kingdee: KingdeeEmulator, wire: Wire, time: Any, means: str, state: str
) -> None:
    order = shop.sells("CREAM-50")
    take(kingdee, order.platform_order_id)
    row = connection(shop, audited_order_means=means)
    time.advance(minutes=1)
    poll(row)
    order.refresh_from_db()
    assert order.state == state


def test_an_order_the_tower_does_not_know_yet_waits_for_it(
    shop: Seller, kingdee: KingdeeEmulator, wire: Wire, time: Any
) -> None:
    take(kingdee, "nobody-yet")
    row = connection(shop)
    time.advance(minutes=1)
    poll(row)
    receipt = Receipt.objects.get(connection_id=row.pk)
    assert (receipt.state, receipt.subject) == (Receipt.State.WAITING, "nobody-yet")


def test_a_connection_that_tells_nothing_plans_nothing(
    shop: Seller, kingdee: KingdeeEmulator, wire: Wire, time: Any
) -> None:
    connection(shop, tell="none")
    shop.labelled()
    dispatch.drain_all()
    assert not Job.objects.filter(kind="tell_system").exists()
