"""DESIGN 7: an order's whole life, about ten facts, takes at most 60 rows and 40 kB with indexes. Kept or bettered.

The messages themselves (receipts) and the jobs of the outbox come on top where a connection brings and takes them;
`bench/life.py` measures the whole.
"""

from collections import Counter

import pytest
from django.core.management import call_command
from django.db import connection

from orders.models import Order
from ordertower.dispatch import drain_order
from ordertower.filler.copies import rows_of
from ordertower.filler.lives import WHOLE_LIFE, Life, sellers

pytestmark = pytest.mark.django_db(transaction=True)
# Today's values. Lower them with every gain; a rise needs a reason in the commit.
MOST_ROWS = {
    "order": 1,
    "orderline": 1,
    "addressversion": 1,
    "parcel": 1,
    "parcelline": 1,
    "packline": 1,
    "label": 1,
    "printattempt": 1,
    "claim": 3,
    "externaldocument": 1,
    "documentlink": 1,
    "factkey": 7,
    "event": 19,
    "historicalorder": 6,
}
LIVES = 40
MOST_BYTES = 40_000


def live(clock, count: int = 1) -> list[Order]:
    seller = sellers(1)[0]
    begun, lived = clock.moment, []
    for _ in range(count):
        clock.moment = begun
        life = Life(seller, clock)
        for step in WHOLE_LIFE:
            step(life)
        lived.append(life.order)
        drain_order(life.order.pk)
    return lived


def test_a_whole_life_leaves_no_more_rows_than_today(clock):
    [order] = live(clock)
    assert order.state == "signed"
    found = Counter(row._meta.model_name for row in rows_of(order.pk, order.platform_order_id))
    assert {name: rows for name, rows in found.items() if rows > MOST_ROWS.get(str(name), 0)} == {}
    assert found.total() <= sum(MOST_ROWS.values()) <= 47


@pytest.mark.postgres
def test_a_whole_life_takes_no_more_bytes_than_allowed(clock):
    """Among others, so that a page which one order begins is not all its own."""
    # Begins with files of no length: what earlier tests left room for in them would cost nothing.
    call_command("flush", interactive=False)
    live(clock, LIVES)
    before = size()
    live(clock, LIVES)
    assert (size() - before) / LIVES <= MOST_BYTES


def size() -> int:
    """Of every table with its indexes; dead versions of rows count until they are vacuumed, as in life."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute(
            "SELECT SUM(pg_total_relation_size(c.oid)) FROM pg_class c"
            " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
        )
        return int(cursor.fetchone()[0])
