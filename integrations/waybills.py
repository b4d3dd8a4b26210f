"""Waybill numbers that are bought in advance: asked for their balance each hour, so that a person buys more in time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import jobs
from integrations.errors import OutOfNumbers
from integrations.jobs import Again, Task, handles
from integrations.models import Connection, Job, Trouble
from integrations.registry import adapter_named
from integrations.troubles import end_trouble, raise_trouble
from orders import clock

EVERY = timedelta(hours=1)
# A connection's setting `waybill_low`; 0 asks for no warning.
LOW = 100


def plan_watches(*, now: datetime) -> int:
    """A watch for each connection that has a balance, and day: what failed today is tried again tomorrow; how many."""
    today = now.astimezone(clock.BEIJING).date()
    found = 0
    for connection in Connection.objects.filter(enabled=True):
        if not adapter_named(connection.adapter).can("waybill_stock", connection.settings) or not low_of(connection):
            continue
        key = f"waybill-stock:{connection.pk}:{today}"
        # Looked at before it is written: on SQLite a transaction would wait for the writer.
        if Job.objects.filter(key=key).exists():
            continue
        with transaction.atomic():
            jobs.plan(
                "waybill_stock", key, lane=Job.Lane.BULK, connection_id=connection.pk, payload={"day": str(today)}
            )
        found += 1
    return found


def low_of(connection: Connection) -> int:
    """From how many numbers on a person is told; what is no number counts as not set."""
    told = str(connection.settings.get("waybill_low", "") if connection.settings else "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 9 else LOW


@handles("waybill_stock")
def look_at_stock(task: Task) -> Mapping[str, Any] | Again:
    connection = task.through
    if str(clock.now().astimezone(clock.BEIJING).date()) != task.payload["day"]:
        return {"code": "not_wanted"}
    for stock in adapter_named(connection.adapter).waybill_stock(connection.open()):
        key = f"connection:{connection.pk}:{stock.carrier}:{stock.branch}"
        if stock.left >= low_of(connection):
            end_trouble(connection.company_id, Trouble.Kind.WAYBILLS, key)
            continue
        raise_trouble(
            connection.company_id,
            Trouble.Kind.WAYBILLS,
            key,
            f"{connection.name}：{stock.carrier} {stock.branch} 的电子面单只剩 {stock.left} 张，请充值",
            level=Trouble.Level.WARNING if stock.left else Trouble.Level.CRITICAL,
            connection=connection,
            facts={"carrier": stock.carrier, "branch": stock.branch, "left": stock.left},
        )
    return Again(clock.now() + EVERY)


def tell_ran_out(connection: Connection, carrier: str, error: OutOfNumbers) -> None:
    """A label got no number because there are none left."""
    raise_trouble(
        connection.company_id,
        Trouble.Kind.WAYBILLS,
        _none_left(connection, carrier),
        f"{connection.name}：{carrier} 的电子面单已用完，请充值（{error}）",
        level=Trouble.Level.CRITICAL,
        connection=connection,
        facts={"carrier": carrier, "left": 0},
    )


def tell_given(connection: Connection, carrier: str) -> None:
    """There are numbers again."""
    end_trouble(connection.company_id, Trouble.Kind.WAYBILLS, _none_left(connection, carrier))


def _none_left(connection: Connection, carrier: str) -> str:
    return f"connection:{connection.pk}:none:{carrier}"
