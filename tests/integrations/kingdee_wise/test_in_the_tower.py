"""From the emulated K3 WISE into the tower and back."""

import json
from typing import Any

import pytest

from integrations import inbox, jobs, sync
from integrations.connecting import Where, WrongSettings, connect
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from integrations.models import Connection, Job, Receipt, Trouble
from orders.models import Claim, Company, DocumentLink
from ordertower import dispatch
from tests.integrations.kingdee_wise.conftest import BASE, EXAMPLE, WAYBILL, Wire, take
from tests.laws.cast import Seller, order_of, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(clock: Any) -> Any:
    """The emulator lives by the tower's clock here."""
    return clock


@pytest.fixture
def shop(time: Any) -> Seller:
    return seller()


def connected(shop: Seller, **values: str) -> Connection:
    """As a person gives them: everything as text."""
    told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in EXAMPLE["settings"].items()}
    where = Where(company=Company.objects.get(pk=shop.company_id))
    return connect(
        "kingdee_wise", where=where, name="K3", base_url=BASE, values={**told, **EXAMPLE["secrets"], **values}
    )[0]


def poll(row: Connection) -> None:
    row.refresh_from_db()
    sync.poll(row)
    inbox.process_due()


def test_an_order_in_the_erp_becomes_a_claim_with_its_bills(
    shop: Seller, k3: KingdeeWiseEmulator, wire: Wire, time: Any
) -> None:
    order = order_of(shop.labelled().parcel)
    take(k3, order.platform_order_id)
    row = connected(shop)
    time.advance(minutes=1)
    poll(row)
    assert Claim.objects.get(order=order, system="erp").stage == "accepted"
    k3.control("ship", {"platform_order_id": order.platform_order_id, "waybill": WAYBILL})
    time.advance(minutes=1)
    poll(row)
    assert Claim.objects.filter(order=order, system="erp", stage="shipped").exists()
    links = DocumentLink.objects.filter(order=order, document__system="erp")
    assert set(links.values_list("document__kind", "document__number")) == {
        ("sale_order", "SEORD000001"),
        ("out_stock", "XOUT000001"),
    }
    time.advance(minutes=1)
    poll(row)
    assert Receipt.objects.filter(connection_id=row.pk).count() == 2


def test_a_status_without_a_meaning_is_told_to_a_person(
    shop: Seller, k3: KingdeeWiseEmulator, wire: Wire, time: Any
) -> None:
    order = shop.sells("CREAM-50")
    take(k3, order.platform_order_id, status="7")
    row = connected(shop)
    time.advance(minutes=1)
    poll(row)
    assert Claim.objects.get(order=order, system="erp").stage == "unknown"
    assert Trouble.objects.filter(kind=Trouble.Kind.UNLISTED, connection=row).exists()


def test_what_is_packed_here_is_told_there_by_a_job(
    shop: Seller, k3: KingdeeWiseEmulator, wire: Wire, time: Any
) -> None:
    row = connected(shop)
    bill = take(k3, order_of(shop.labelled().parcel).platform_order_id)
    dispatch.drain_all()
    [job] = Job.objects.filter(kind="tell_system", connection=row)
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["code"], bill["FHubState"]) == ("done", "done", "已打包")


def test_where_no_field_is_named_nothing_is_told(shop: Seller, k3: KingdeeWiseEmulator, wire: Wire) -> None:
    connected(shop, tell_fields="")
    shop.labelled()
    dispatch.drain_all()
    assert not Job.objects.filter(kind="tell_system").exists()


def test_a_connection_that_cannot_work_is_not_made(shop: Seller) -> None:
    with pytest.raises(WrongSettings, match="order_statuses"):
        connected(shop, order_statuses='{"1": "audited"}')
