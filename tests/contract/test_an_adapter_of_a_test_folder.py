"""A folder is all that a new system needs: found, connected, emulated, polled and pushed without another edit."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from integrations import jobs, registry, sync
from integrations.emulation import Emulator
from integrations.inbox import process_due
from integrations.models import Connection, Trouble
from orders import clock
from orders.lifecycle import OrderState, Role
from orders.models import Order, Shop
from ordertower import dispatch
from tests.contract.candidate import TOYS, Candidate
from tests.contract.samples import payloads
from tests.contract.street import toyshop
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)
TOY = Candidate(toyshop.adapter, "tests.contract.street.toyshop")


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The registry walks the test folder too, and forgets it afterwards."""
    monkeypatch.setattr(registry, "PACKAGES", (*registry.PACKAGES, TOYS))
    registry.adapters.cache_clear()
    yield
    monkeypatch.undo()
    registry.adapters.cache_clear()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with TOY.emulated() as emulator:
        yield emulator


@pytest.fixture
def shop() -> Shop:
    company = factories.company()
    return factories.shop(
        company, platform="toyshop", warehouse=factories.warehouse(company), requires_mapping=False, auto_release=True
    )


@pytest.fixture
def connection(shop: Shop) -> Connection:
    """Made as a person makes it."""
    example = TOY.example
    values = {**example["settings"], **example["secrets"]}
    call_command(
        "connect",
        "toyshop",
        company=shop.company.code,
        shop=shop.code,
        name="玩具店",
        base_url=example["base_url"],
        set=[f"{name}={value}" for name, value in values.items()],
        stdout=StringIO(),
    )
    return Connection.objects.get(adapter="toyshop")


def work() -> None:
    for _ in range(4):
        while process_due():
            pass
        dispatch.drain_all()
        for lane in ("urgent", "ingest", "sync"):
            jobs.run_lane(lane)


def test_what_it_sold_is_polled_and_goes_to_the_warehouse(emulator: Emulator, connection: Connection) -> None:
    number = emulator.happen()
    clock._clock.advance(seconds=5)  # type: ignore[attr-defined]
    sync.poll(connection)
    work()
    order = Order.objects.get()
    assert (order.platform_order_id, order.state) == (number, OrderState.TO_PICK)
    assert order.ship_by is not None


def test_what_it_pushes_is_the_same_order_and_what_is_forged_is_refused(
    emulator: Emulator, connection: Connection, client: Client
) -> None:
    emulator.happen()
    request = emulator.signed((TOY.folder / "samples" / "order_paid.json").read_bytes())
    address = f"/hooks/toyshop/{connection.key}/"
    forged = client.post(address, request.body, content_type="application/json", headers={"X-Sign": "0" * 64})
    assert forged.status_code == 401
    for _ in range(2):
        answer = client.post(
            address, request.body, content_type="application/json", headers={"X-Sign": request.headers["X-Sign"]}
        )
        assert (answer.status_code, answer.content) == (200, b'{"ok":true}')
    work()
    assert Order.objects.get().platform_order_id == "T000001"


def test_a_word_that_stands_in_no_table_is_unknown_and_a_person_is_told(
    emulator: Emulator, connection: Connection, client: Client
) -> None:
    request = emulator.signed((TOY.folder / "samples" / "order_lent.json").read_bytes())
    client.post(
        f"/hooks/toyshop/{connection.key}/",
        request.body,
        content_type="application/json",
        headers={"X-Sign": request.headers["X-Sign"]},
    )
    work()
    assert Order.objects.get().platform_status == "lent"
    assert Trouble.objects.filter(kind=Trouble.Kind.UNLISTED, connection=connection).exists()


def test_its_page_in_the_back_office_has_its_own_fields(connection: Connection, client: Client) -> None:
    client.force_login(factories.user(Role.ADMIN, connection.company))
    page = client.get(f"/admin/integrations/connection/{connection.pk}/change/").content.decode()
    assert "店铺编号" in page
    assert "玩具店" in page
    assert "emulator-secret" not in page


def test_every_status_has_its_sample() -> None:
    assert {path.stem for path in payloads(TOY.folder)} == {
        f"order_{word}" for word in (*toyshop.mapping.STATUSES, "lent")
    }
