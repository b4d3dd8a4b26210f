"""`seed_orders` writes around the services, so this proves that the services would have left the same."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from orders.clock import FixedClock, running_on
from orders.lifecycle import CauseKind, Move, OrderState, ParcelState, Role
from orders.models import AddressVersion, EventTask, Hold, Order, Parcel
from orders.selectors.search import orders_by_number
from orders.services.address import open_address
from orders.services.dossier import load
from orders.services.move import move, move_parcel
from orders.services.record import look_again
from orders.services.verification import verify_trail
from orders.vocabulary import Cause
from ordertower.filler.copies import COPIED
from ordertower.filler.fill import fill
from ordertower.filler.lives import KINDS, SYSTEM, lead_lives
from tests.conftest import DOUBLE_ELEVEN
from tests.orders import factories

SHOPS = 2


@pytest.fixture
def anchors(tmp_path: Path, settings) -> None:
    settings.TOWER_ANCHOR_FILE = tmp_path / "anchors.jsonl"


@pytest.fixture(scope="module")
def world(tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[None]:
    """A life of each kind, and as many copies as make each kind have some: written once, as it takes seconds.

    Each test works in a transaction that is rolled back. The transactional tests of this module come after all these.
    """
    anchors = tmp_path_factory.mktemp("anchors") / "anchors.jsonl"
    with django_db_blocker.unblock():
        with running_on(FixedClock(DOUBLE_ELEVEN)) as fixed, override_settings(TOWER_ANCHOR_FILE=anchors):
            fill(150, now=fixed.now(), spread=timedelta(days=3), shops=SHOPS)
            yield
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)


@pytest.fixture
def filled(world: None, db: None, clock: FixedClock) -> list[Order]:
    return list(Order.objects.order_by("pk"))


def copies_of(orders: list[Order]) -> list[Order]:
    return [order for order in orders if not order.platform_order_id.startswith("9")]


def test_exactly_as_many_orders_as_asked_in_every_state_and_shop(filled):
    assert len(filled) == 150
    assert len(copies_of(filled)) > 100
    assert {order.shop_id for order in copies_of(filled)} == {order.shop_id for order in filled}
    assert {order.state for order in copies_of(filled)} >= {
        OrderState.PENDING_PAYMENT, OrderState.PAID, OrderState.TO_PICK, OrderState.PACKED, OrderState.SHIPPED,
        OrderState.SIGNED, OrderState.CANCELLED,
    }  # fmt: skip
    assert any(order.held for order in copies_of(filled))


def test_the_trail_of_copies_is_clean_and_nothing_waits_to_be_drained(filled):
    report = verify_trail()
    assert report.findings == ()
    assert report.streams >= len(filled)
    assert not EventTask.objects.exists()


def test_every_constraint_holds_also_those_that_are_checked_at_commit(filled):
    connection.check_constraints()
    assert Order.history.filter(id__in=[order.pk for order in filled]).values("id").distinct().count() == len(filled)


def test_looking_at_a_copy_again_changes_nothing(filled):
    """What is recorded of it and what is derived from that agree: the same as for an order that really lived."""
    for order in copies_of(filled)[::3]:
        outcome = look_again(order.pk, cause=SYSTEM)
        assert (outcome.ok, outcome.event_id, outcome.version) == (True, None, order.version)


def test_each_copy_has_a_receiver_of_its_own_under_its_own_key(filled):
    phones = set()
    for order in copies_of(filled)[:20]:
        address = AddressVersion.objects.get(order=order)
        receiver = open_address(order, address)
        assert address.masked.endswith(f"***{receiver.phone[-4:]} 浙江省杭州市西湖区")
        root = factories.user(Role.OPS_MANAGER, order.company)
        assert order.pk in orders_by_number(root, receiver.phone)
        phones.add(receiver.phone)
    assert len(phones) == 20


def test_a_copy_can_be_moved_on_by_the_services(filled):
    paid = next(order for order in copies_of(filled) if order.state == OrderState.PAID and not order.held)
    lead = factories.user(Role.WAREHOUSE_LEAD, paid.company)
    released = move(paid.pk, Move.RELEASE, cause=SYSTEM, version=paid.version)
    assert released.ok, released
    packed = move_parcel(
        released.made["parcel"], Move.PACK, cause=Cause(kind=CauseKind.PERSON, user_id=lead.pk, source="张三")
    )
    assert packed.ok, packed
    paid.refresh_from_db()
    assert paid.state == OrderState.PACKED
    assert verify_trail().is_clean


def test_a_held_copy_stands_still_as_a_held_order_does(filled):
    held = next(order for order in copies_of(filled) if order.held)
    outcome = move(held.pk, Move.RELEASE, cause=SYSTEM)
    assert (outcome.ok, outcome.code) == (False, "held")
    assert Hold.objects.filter(order=held, state=Hold.State.OPEN).exists()


def test_copies_and_lives_of_one_kind_have_the_same_rows(filled):
    dossiers = load(filled, cause=SYSTEM)

    def shape(dossier) -> tuple:
        order = dossier.order
        rows = (dossier.lines, dossier.parcels, dossier.labels, dossier.holds, dossier.claims, dossier.prints)
        return (order.shop_id, order.state, order.held, order.version, order.event_seq, *map(len, rows))

    lived = {shape(each) for each in dossiers if each.order.platform_order_id.startswith("9")}
    assert {shape(each) for each in dossiers} == lived


@pytest.mark.django_db(transaction=True)
def test_no_table_grows_with_a_life_that_is_not_copied(anchors, clock):
    """A new table of orders must be copied too, or `seed_orders` leaves half an order."""
    lead_lives(now=clock.now(), shops=SHOPS, most=1)
    tables = [model for model in apps.get_models() if model._meta.managed]
    before = {model: model._default_manager.count() for model in tables}
    lead_lives(now=clock.now(), shops=SHOPS)
    grown = {model for model in tables if model._default_manager.count() > before[model]}
    assert grown - {*COPIED, EventTask} == set()
    assert len(KINDS) > 10


@pytest.mark.django_db(transaction=True)
def test_a_second_filling_comes_beside_the_first(anchors, clock):
    fill(40, now=clock.now(), shops=SHOPS)
    before = Order.objects.count()
    fill(40, now=clock.now(), shops=SHOPS)
    assert Order.objects.count() == before + 40
    assert Parcel.objects.filter(state=ParcelState.SHIPPED).exists()
    assert verify_trail().is_clean


@pytest.mark.django_db
def test_it_refuses_in_production(settings):
    settings.PRODUCTION = True
    before = Order.objects.count()
    with pytest.raises(CommandError, match="production"):
        call_command("seed_orders", "1")
    assert Order.objects.count() == before
