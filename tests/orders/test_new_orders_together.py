"""New orders that are recorded together end as if each had come by itself."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.lifecycle import CauseKind
from orders.models import EventTask, FactKey, Hold, Order, OrderLine
from orders.models.many import ENOUGH
from orders.services.address import open_address
from orders.services.dossier import load
from orders.services.record import record, record_new_orders
from orders.services.verification import verify_trail
from orders.vocabulary import AddressSnapshot, Cause, Fact, LineSnapshot, OrderSnapshot
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)
PLATFORM = Cause(kind=CauseKind.PLATFORM, source="淘宝")
RECEIVER = AddressSnapshot(
    name="王小明", phone="13800001111", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
)


@pytest.fixture
def shop(tmp_path: Path, settings, clock):
    settings.TOWER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    company = factories.company()
    return factories.shop(company, warehouse=factories.warehouse(company), stops_on_note=True)


def sold(shop, number: str, clock, **fields: Any) -> Fact:
    snapshot = OrderSnapshot(
        **{
            "platform_order_id": number,
            "status": "paid",
            "platform_status": "WAIT_SELLER_SEND_GOODS",
            "modified_at": clock.now(),
            "placed_at": clock.now(),
            "paid_at": clock.now(),
            "amount": Decimal("128.50"),
            "receiver": RECEIVER,
            "lines": tuple(
                LineSnapshot(
                    platform_line_id=str(line), sku="CREAM-50", title="面霜\t50\\g\n", quantity=1, price=Decimal(1)
                )
                for line in (1, 2)
            ),
            **fields,
        }
    )
    return Fact(
        source=f"connection:{shop.pk}",
        key=f"order:{number}",
        body_hash="0" * 32,
        subject=number,
        snapshot=snapshot,
        system=CauseKind.PLATFORM,
        company_id=shop.company_id,
        shop_id=shop.pk,
    )


def shape(order: Order) -> dict[str, Any]:
    """Everything of an order that does not name it or its moment."""
    [dossier] = load([order], cause=PLATFORM)
    own = ("pk", "id", "order_id", "platform_order_id", "number", "event_head", "mark", "subject", "fingerprint",
           "wrapped_key", "sealed", "history_id", "history_type", "key", "line_id", "source_rank")  # fmt: skip

    def plain(row: Any) -> dict[str, Any]:
        columns = [field.attname for field in row._meta.concrete_fields]
        return {name: getattr(row, name) for name in columns if name not in own}

    return {
        "order": plain(order),
        "rows": [
            [plain(row) for row in rows]
            for rows in (dossier.lines, dossier.holds, dossier.claims, dossier.addresses, order.history.all())
        ],
        "events": list(factories.Event.objects.filter(stream=order.stream).order_by("seq").values_list("verb", "seq")),
        "tasks": EventTask.objects.filter(order_id=order.pk).count(),
        "receiver": open_address(order, dossier.addresses[-1]),
    }


def test_each_is_what_it_would_be_by_itself(shop, clock):
    alone = sold(shop, "A", clock, buyer_note="请\t发\\N顺丰")
    together = [sold(shop, f"B{place}", clock, buyer_note="请\t发\\N顺丰") for place in range(ENOUGH + 5)]
    assert record(alone, cause=PLATFORM).ok
    outcomes = record_new_orders(together, cause=PLATFORM)
    assert all(outcome and outcome.ok and outcome.code == "done" for outcome in outcomes)
    expected = shape(Order.objects.get(platform_order_id="A"))
    assert [reason.reason for reason in Hold.objects.filter(order__platform_order_id="B0")]
    for fact, outcome in zip(together, outcomes, strict=True):
        order = Order.objects.get(platform_order_id=fact.subject)
        assert outcome is not None
        assert (outcome.order_id, outcome.version) == (order.pk, order.version)
        assert shape(order) == expected
    assert verify_trail().is_clean
    connection.check_constraints()


def test_their_facts_are_known_afterwards(shop, clock):
    facts = [sold(shop, f"C{place}", clock) for place in range(3)]
    record_new_orders(facts, cause=PLATFORM)
    assert [record(fact, cause=PLATFORM).code for fact in facts] == ["repeat"] * 3
    assert record_new_orders(facts, cause=PLATFORM) == [None] * 3
    assert Order.objects.count() == 3


def test_what_is_no_new_order_is_left_to_its_own_turn(shop, clock):
    record(sold(shop, "D1", clock), cause=PLATFORM)
    newer = replace(sold(shop, "D1", clock), key="order:D1:2")
    twice = replace(sold(shop, "D2", clock), key="order:D2:2")
    other = replace(sold(shop, "D3", clock), key="order:D1")
    outcomes = record_new_orders([newer, sold(shop, "D2", clock), twice, other], cause=PLATFORM)
    assert [outcome.code if outcome else None for outcome in outcomes] == [None, "done", None, None]
    assert record(other, cause=PLATFORM).code == "conflicting_body"
    assert Order.objects.count() == 2


def test_one_that_cannot_be_written_lets_the_others_have_their_own_turn(shop, clock):
    good, bad = sold(shop, "E1", clock), sold(shop, "E2", clock, amount=Decimal("1e20"))
    bad = replace(bad, shop_id=None)
    assert record_new_orders([good, bad], cause=PLATFORM) == [None, None]
    assert not Order.objects.exists()
    assert not FactKey.objects.exists()
    assert record(good, cause=PLATFORM).ok
    with pytest.raises(ValueError, match="comes from a shop"):
        record(bad, cause=PLATFORM)


def test_the_number_of_queries_hardly_grows_with_the_orders(shop, clock):
    counts = []
    for name, size in (("F", 2), ("G", 40)):
        facts = [sold(shop, f"{name}{place}", clock) for place in range(size)]
        with CaptureQueriesContext(connection) as captured:
            assert all(record_new_orders(facts, cause=PLATFORM))
        # Each order's hold is still written by itself.
        counts.append(len([query for query in captured.captured_queries if "orders_hold" not in query["sql"]]))
    # SQLite takes so many values in one statement and no more.
    assert counts[1] - counts[0] < 10
    assert OrderLine.objects.count() == 84
