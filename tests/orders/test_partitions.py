"""Months on PostgreSQL: rows lie where their time says, new months are made ahead, nothing is lost either way."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from orders.models import Event, Order
from orders.models.partitions import ensure_partitions, join_months, partition_by_month
from tests.orders import factories

pytestmark = pytest.mark.django_db
PARTITIONED = ("integrations_receipt", "orders_event", "orders_historicalorder")
# Far from the months that the migrations made.
SPRING = datetime(2031, 4, 15, 12, tzinfo=UTC)


def partition_of(event: Event) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM orders_event WHERE id = %s", [event.pk])
        return str(cursor.fetchone()[0])


def test_sqlite_has_no_months():
    if connection.vendor == "sqlite":
        assert ensure_partitions(SPRING) == []


def test_the_models_do_not_know_of_the_months():
    call_command("makemigrations", "orders", "integrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.postgres
def test_every_table_gets_last_month_to_three_ahead_and_a_second_time_none():
    made = ensure_partitions(SPRING)
    months = ["2031_03", "2031_04", "2031_05", "2031_06", "2031_07"]
    assert made == [f"{table}_{month}" for table in PARTITIONED for month in months]
    assert ensure_partitions(SPRING) == []
    assert ensure_partitions(SPRING + timedelta(days=31)) == [f"{table}_2031_08" for table in PARTITIONED]


@pytest.mark.postgres
def test_a_month_begins_and_ends_in_utc():
    ensure_partitions(SPRING)
    order = factories.order()
    last_of_march = datetime(2031, 4, 1, tzinfo=UTC) - timedelta(microseconds=1)
    (one,) = factories.happens(order, "order_seen", at=last_of_march)
    (two,) = factories.happens(order, "paid", at=last_of_march + timedelta(microseconds=1))
    assert [partition_of(one), partition_of(two)] == ["orders_event_2031_03", "orders_event_2031_04"]


@pytest.mark.postgres
def test_bulk_create_returns_the_ids_of_rows_in_several_months():
    ensure_partitions(SPRING)
    order = factories.order()
    events = factories.happens(order, "order_seen", "paid", at=SPRING)
    assert len({event.pk for event in events} - {None}) == 2
    assert Event.objects.get(pk=events[1].pk).verb == "paid"
    assert list(Event.objects.filter(pk__in=[event.pk for event in events]).order_by("seq")) == events


@pytest.mark.postgres
def test_a_month_whose_rows_lie_in_the_default_is_skipped_and_reported(caplog):
    (event,) = factories.happens(factories.order(), "order_seen", at=SPRING)
    with caplog.at_level(logging.WARNING):
        made = ensure_partitions(SPRING)
    assert "orders_event_2031_04" not in made
    assert "orders_event_2031_05" in made
    assert "orders_event_2031_04 was not made" in caplog.text
    assert partition_of(event) == "orders_event_default"


@pytest.mark.postgres
@pytest.mark.parametrize("act", ["TRUNCATE", "DELETE FROM", "UPDATE"])
def test_a_new_month_of_events_is_append_only_too(act):
    ensure_partitions(SPRING)
    factories.happens(factories.order(), "order_seen", at=SPRING)
    text = f"{act} orders_event_2031_04" + (" SET actor = 'x'" if act == "UPDATE" else "")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(text)


@pytest.mark.postgres
def test_a_table_with_rows_goes_to_months_and_back_without_loss():
    receipts = apps.get_model("integrations", "Receipt").objects
    for day in range(0, 120, 30):
        receipts.create(connection_id=1, kind="trade", key=str(day), sealed=b"x", at=SPRING + timedelta(days=day))
    before = list(receipts.order_by("pk").values())
    indexes = index_names("integrations_receipt")
    join_months(connection, "integrations_receipt", key="id")
    assert list(receipts.order_by("pk").values()) == before
    assert index_names("integrations_receipt") == indexes
    partition_by_month(connection, "integrations_receipt", key="id", column="at", now=SPRING)
    assert list(receipts.order_by("pk").values()) == before
    assert index_names("integrations_receipt") == indexes
    assert receipts.create(connection_id=1, kind="trade", key="new", sealed=b"x").pk > before[-1]["id"]


def index_names(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {
            name for name, found in connection.introspection.get_constraints(cursor, table).items() if found["index"]
        }


@pytest.mark.postgres
def test_an_order_s_history_finds_its_months_too():
    order = factories.order()
    order.seller_note = "易碎"
    order.save()
    assert order.history.count() == 2
    assert Order.history.filter(id=order.pk).latest().seller_note == "易碎"
