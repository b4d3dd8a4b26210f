"""What an order's whole life leaves behind: rows and bytes with indexes, by table, against DESIGN 7.

The life's facts come as messages through the inbox where a connection would bring them (its receipt and its key are
counted); the network is left out, so jobs of the outbox are planned and counted but not run.
"""

from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connection

from bench.report import Figure
from bench.stage import Stage
from integrations.adapter import Message
from integrations.inbox import keep
from integrations.models import Connection
from orders import clock
from orders.clock import FixedClock
from orders.vocabulary import Fact
from ordertower.dispatch import drain_order
from ordertower.filler.lives import WHOLE_LIFE, Life, Seller, sellers

TITLE = "An order's whole life: ten facts from seen to signed"
MOST_ROWS, MOST_BYTES = 60, 40_000
# About as long as the platforms' own: a trade of one line, a warehouse's report, a courier's step.
MESSAGE_BYTES = {"platform": 2_500, "wms": 1_200, "courier": 900}


class Told(Life):
    """A life whose facts each come in a message that the inbox keeps."""

    connection: Connection

    def hears(self, fact: Fact, **wait: float) -> Any:
        body = (fact.key + "·").encode() * MESSAGE_BYTES[str(fact.system)]
        body = body[: MESSAGE_BYTES[str(fact.system)]]
        keep(self.connection, [Message(kind=type(fact.snapshot).__name__, key=fact.key, body=body)])
        return super().hears(fact, **wait)


def run(stage: Stage) -> list[Figure]:
    seller = sellers(1)[0]
    seller.shop.auto_release = True
    seller.shop.save()
    _connections(seller)
    _live(seller, max(stage.size["lives"] // 2, 10))
    rows, sizes = _rows(), _sizes()
    lives = stage.size["lives"]
    _live(seller, lives)
    per_life = {table: (count - rows[table]) / lives for table, count in _rows().items()}
    bytes_of = {table: (size - sizes.get(table, 0)) / lives for table, size in _sizes().items()}
    stage.notes["rows"] = {name: round(n, 2) for name, n in sorted(per_life.items(), key=lambda i: -i[1]) if n > 0}
    stage.notes["bytes"] = {name: round(n) for name, n in sorted(bytes_of.items(), key=lambda i: -i[1]) if n > 0}
    total_rows, total_bytes = sum(per_life.values()), sum(bytes_of.values())
    by_table = [
        Figure(name, f"{per_life.get(name, 0):.1f} rows, {size / 1000:.1f} kB")
        for name, size in stage.notes["bytes"].items()
    ]
    lasting = total_rows - per_life.get("integrations_receipt", 0)
    return [
        Figure("rows", round(total_rows, 1), "", f"≤ {MOST_ROWS}", total_rows <= MOST_ROWS),
        Figure("rows without receipts", round(lasting, 1)),
        Figure("bytes with indexes", round(total_bytes), "", f"≤ {MOST_BYTES:,}", total_bytes <= MOST_BYTES),
        *by_table,
    ]


def _connections(seller: Seller) -> None:
    company = seller.shop.company
    made = Connection.objects.create(
        company=company, shop=seller.shop, adapter="taobao", name="淘宝", base_url="http://127.0.0.1:9/"
    )
    Connection.objects.create(
        company=company, warehouse=seller.warehouse, adapter="qimen", name="奇门", base_url="http://127.0.0.1:9/"
    )
    Told.connection = made


def _live(seller: Seller, count: int) -> None:
    with clock.running_on(FixedClock(clock.now())) as fixed:
        assert isinstance(fixed, FixedClock)
        begun = fixed.moment
        for _ in range(count):
            fixed.moment = begun
            life = Told(seller, fixed)
            for step in WHOLE_LIFE:
                step(life)
                drain_order(life.order.pk)


def _rows() -> Counter[str]:
    return Counter({model._meta.db_table: model._default_manager.count() for model in apps.get_models()})


def _sizes() -> dict[str, int]:
    """By table with its indexes and months, after VACUUM: what dead versions took is free again but not given back."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute(
            "SELECT COALESCE(i.inhparent, c.oid)::regclass::text, SUM(pg_total_relation_size(c.oid)) FROM pg_class c"
            " LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
            " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace GROUP BY 1"
        )
        return {name: int(size) for name, size in cursor.fetchall()}
