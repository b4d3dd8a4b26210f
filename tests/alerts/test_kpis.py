"""Figures over small worlds that were counted by hand: exact, the same on both engines, honest about the unknown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import kpis
from alerts.kpis import Figure
from orders.clock import BEIJING
from orders.lifecycle import HoldReason
from orders.models import Company, Hold, Order, Shop
from orders.selectors.access import Access, access_of_user
from tests.orders import factories

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 11, tzinfo=BEIJING)
END = START + timedelta(days=1)
NOON = START + timedelta(hours=12)
_SECOND = timedelta(seconds=1)


def everything_of(company: Company) -> Access:
    return Access(companies=frozenset({company.pk}))


def shown(company: Company, **options: Any) -> dict[str, Figure]:
    found = kpis.figures(everything_of(company), **{"start": START, "end": END, **options})
    return {figure.definition.key: figure for figure in found}


def sold(shop: Shop, *, seen_after: float = 60, at: datetime = NOON, **fields: Any) -> Order:
    """An order placed at noon and first seen here so many seconds later."""
    return factories.order(shop, placed_at=at, created_at=at + timedelta(seconds=seen_after), **fields)


def held(order: Order, reason: HoldReason, *, key: str = "ground", outcome: str = "", **fields: Any) -> Hold:
    decided = {"decided_at": NOON, "state": "lifted"} if outcome else {}
    return Hold.objects.create(
        **{"order": order, "reason": reason, "key": key, "outcome": outcome, "opened_at": NOON, **decided, **fields}
    )


def seconds(figure: Figure) -> tuple[Any, ...]:
    spread = figure.spread
    assert spread is not None
    return (spread.count, spread.mean, spread.p50, spread.p95, spread.p99, spread.left_out)


@pytest.fixture
def shop() -> Shop:
    return factories.shop()


def test_an_empty_window_has_no_values_and_says_why(shop: Shop) -> None:
    found = shown(shop.company)
    assert set(found) == {
        "interception_rate", "processing_time", "manual_share", "wrong_parcel_rate", "sync_delay", "fulfilment_cycle",
        "avoided_loss",
    }  # fmt: skip
    for key, figure in found.items():
        if key != "avoided_loss":
            assert figure.value is None, key
            assert str(figure.unknown), key
        assert figure.met is None
    # Nothing was stopped, so nothing was avoided: that is known.
    assert (found["avoided_loss"].value, found["avoided_loss"].unknown) == (Decimal(0), "")


def test_processing_time_of_twenty_orders_seen_after_one_to_twenty_minutes(shop: Shop) -> None:
    for minutes in (7, 3, 20, 1, 14, 5, 11, 18, 9, 2, 16, 4, 13, 19, 8, 6, 17, 10, 15, 12):
        sold(shop, seen_after=60 * minutes)
    figure = shown(shop.company)["processing_time"]
    # mean 10.5 min; the 10th, 19th and 20th of twenty.
    assert seconds(figure) == (20, 630.0, 600.0, 1140.0, 1200.0, 0)
    assert (figure.numerator, figure.denominator, figure.value) == (12600.0, 20, 630.0)
    assert figure.met is False


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([4], (1, 4.0, 4.0, 4.0, 4.0, 0)),
        ([2, 8], (2, 5.0, 2.0, 8.0, 8.0, 0)),
        ([0, 0.25, 9.5], (3, 3.25, 0.25, 9.5, 9.5, 0)),
        ([-5, 6, 10], (2, 8.0, 6.0, 10.0, 10.0, 1)),
        ([-1], (0, None, None, None, None, 1)),
        (list(range(1, 102)), (101, 51.0, 51.0, 96.0, 100.0, 0)),
        ([86400 * 3, 86400 * 2 + 1], (2, 216000.5, 172801.0, 259200.0, 259200.0, 0)),
    ],
)
def test_percentiles_are_values_that_occurred(shop: Shop, spans: Sequence[float], expected: tuple[Any, ...]) -> None:
    for span in spans:
        sold(shop, seen_after=span)
    assert seconds(shown(shop.company)["processing_time"]) == expected


def test_a_window_takes_its_beginning_and_leaves_its_end(shop: Shop) -> None:
    for at in (START - _SECOND, START, END - _SECOND, END):
        sold(shop, at=at)
    assert shown(shop.company)["manual_share"].denominator == 2


def test_only_the_callers_own_orders_are_counted(shop: Shop) -> None:
    other = factories.shop(shop.company)
    for each in (shop, shop, other, factories.shop()):
        sold(each)
    assert shown(shop.company)["manual_share"].denominator == 3
    assert shown(shop.company, shop_id=other.pk)["manual_share"].denominator == 1
    limited = Access(companies=frozenset({shop.company_id}), shops=frozenset({shop.pk}), is_program=True)
    [found] = [f for f in kpis.figures(limited, start=START, end=END) if f.definition.key == "manual_share"]
    assert found.denominator == 2
    nobody = access_of_user(factories.user().pk)
    assert {figure.denominator for figure in kpis.figures(nobody, start=START, end=END)} <= {0, None}


def test_manual_share_counts_orders_with_a_decision_of_a_person_once(shop: Shop) -> None:
    orders = [sold(shop) for _ in range(10)]
    person: dict[str, Any] = {"actor": "person:7", "at": NOON}
    # Decisions: two about the first order count once.
    factories.happens(orders[0], "hold_lifted", "release", **person)
    factories.happens(orders[1], "hold_opened", facts={"ground": ""}, **person)
    factories.happens(orders[2], "cancel", **person)
    # Bench work, what follows by itself, what was refused, what systems did, and the tower's own stop.
    factories.happens(orders[3], "pack", "print", "ship", "print_result", "waybill_requested", **person)
    factories.happens(orders[4], "pack", "follow_parcels", **person)
    factories.happens(orders[5], "release", result="refused", **person)
    factories.happens(orders[6], "release", actor="system", at=NOON)
    factories.happens(orders[7], "hold_opened", facts={"ground": "label:3"}, **person)
    factories.happens(orders[8], "fact", result="observed", **person)
    # A decision about an order of another day.
    factories.happens(sold(shop, at=END), "release", actor="person:7", at=END)
    figure = shown(shop.company)["manual_share"]
    assert (figure.numerator, figure.denominator, figure.value, figure.met) == (3, 10, 0.3, False)


def test_manual_share_without_any_decision_is_nothing_and_meets_its_goal(shop: Shop) -> None:
    sold(shop)
    figure = shown(shop.company)["manual_share"]
    assert (figure.numerator, figure.value, figure.unknown, figure.met) == (0, 0.0, "", True)


def test_interception_counts_what_the_tower_stopped_before_the_goods_left_and_a_person_confirmed(shop: Shop) -> None:
    reasons = (HoldReason.DUPLICATE_PRINT, HoldReason.REFUND_REQUESTED, HoldReason.ADDRESS_CONFLICT)
    for reason in reasons:
        held(sold(shop), reason, outcome="confirmed")
    held(sold(shop), HoldReason.FOREIGN_WAYBILL, outcome="false_alarm")
    held(sold(shop), HoldReason.SKU_UNMAPPED)
    held(sold(shop), HoldReason.REFUND_REQUESTED, state="withdrawn")
    # A person's own hold stands beside.
    held(sold(shop), HoldReason.MANUAL, key="", outcome="confirmed")
    # The goods had left when the hold came: nothing was stopped.
    gone = sold(shop)
    factories.parcel(gone, shipped_at=NOON - _SECOND)
    held(gone, HoldReason.DUPLICATE_PRINT, outcome="confirmed")
    # They left afterwards, in spite of it: that is a breach, and it was found.
    late = sold(shop)
    parcel = factories.parcel(late, shipped_at=NOON + _SECOND)
    held(late, HoldReason.DUPLICATE_PRINT, outcome="confirmed", parcel=parcel)
    held(late, HoldReason.SHIPPED_WHILE_HELD, outcome="confirmed", parcel=parcel)
    held(sold(shop), HoldReason.SHIPPED_WHILE_HELD, key="other", outcome="false_alarm")
    figure = shown(shop.company)["interception_rate"]
    assert (figure.numerator, figure.denominator) == (4, 5)
    assert figure.beside == {"undecided": 1, "false_alarms": 1, "by_people": 1}
    # What is found later has no source yet: the value is unknown, and four fifths is the best it can be.
    assert (figure.value, figure.at_most, figure.met) == (None, 0.8, False)
    assert "at_most" in str(figure.unknown)


def test_interception_is_never_a_hundred_per_cent_because_nobody_looked(shop: Shop) -> None:
    held(sold(shop), HoldReason.DUPLICATE_PRINT, outcome="confirmed")
    figure = shown(shop.company)["interception_rate"]
    assert (figure.value, figure.at_most, figure.met) == (None, 1.0, None)


def test_a_hold_of_one_parcel_is_measured_by_that_parcel(shop: Shop) -> None:
    order = sold(shop)
    factories.parcel(order, shipped_at=NOON - _SECOND)
    waiting = factories.parcel(order)
    held(order, HoldReason.DUPLICATE_PRINT, key="1", outcome="confirmed", parcel=waiting)
    held(order, HoldReason.ADDRESS_CONFLICT, key="2", outcome="confirmed")
    assert shown(shop.company)["interception_rate"].numerator == 1


def test_avoided_loss_is_a_sum_of_known_amounts_or_unknown(shop: Shop) -> None:
    for amount in ("12.50", "128.00"):
        held(sold(shop), HoldReason.DUPLICATE_PRINT, outcome="confirmed", estimated_loss=amount)
    held(sold(shop), HoldReason.DUPLICATE_PRINT, outcome="false_alarm", estimated_loss="900.00")
    figure = shown(shop.company)["avoided_loss"]
    assert (figure.value, figure.denominator, figure.unknown) == (Decimal("140.50"), 2, "")
    held(sold(shop), HoldReason.DUPLICATE_PRINT, outcome="confirmed")
    figure = shown(shop.company)["avoided_loss"]
    assert (figure.value, figure.denominator, figure.beside) == (None, 3, {"without_amount": 1})
    assert str(figure.unknown)


def test_wrong_parcels_are_unknown_beside_the_parcels_handed_over(shop: Shop) -> None:
    for shipped_at in (NOON, NOON, None):
        factories.parcel(sold(shop, lines=2), shipped_at=shipped_at)
    figure = shown(shop.company)["wrong_parcel_rate"]
    assert (figure.numerator, figure.denominator, figure.value) == (None, 2, None)
    assert str(figure.unknown)


def test_sync_delay_is_of_what_came_over_a_connection_by_shop(shop: Shop) -> None:
    other, silent = factories.shop(shop.company), factories.shop(shop.company)
    delays = {shop: (1, 2, 3, 200), other: (10, 30)}
    for each, found in delays.items():
        order = sold(each)
        for index, delay in enumerate(found):
            verb = "fact" if index else "order_seen"
            factories.happens(
                order, verb, actor="platform", source_at=NOON, at=NOON + timedelta(seconds=delay), result="observed"
            )
        # A repeat of old news, a warehouse's word, a program's, and one without a time of its own.
        late: dict[str, Any] = {"source_at": NOON, "at": NOON + timedelta(hours=9), "result": "observed"}
        factories.happens(order, "stale_fact", actor="platform", **late)
        factories.happens(order, "fact", actor="wms", **late)
        factories.happens(order, "fact", actor="api_key:1", **late)
        factories.happens(order, "fact", actor="platform", **{**late, "source_at": None})
    sold(silent)
    figure = shown(shop.company)["sync_delay"]
    assert seconds(figure) == (6, 41.0, 3.0, 200.0, 200.0, 0)
    assert (figure.value, figure.met) == (200.0, False)
    assert {part.part: seconds(part) for part in figure.parts} == {
        shop.pk: (4, 51.5, 2.0, 200.0, 200.0, 0),
        other.pk: (2, 20.0, 10.0, 30.0, 30.0, 0),
    }


def test_the_stages_of_the_cycle_are_measured_one_by_one(shop: Shop) -> None:
    def later(minutes: float) -> datetime:
        return NOON + timedelta(minutes=minutes)

    for paid, released, packed, shipped, signed in ((1, 3, 10, 40, 1000), (3, 9, 30, 100, None)):
        order = sold(shop, lines=2, paid_at=later(paid))
        factories.parcel(
            order,
            created_at=later(released),
            packed_at=later(packed),
            shipped_at=later(shipped),
            signed_at=later(signed) if signed else None,
            state="signed" if signed else "shipped",
        )
    sold(shop, paid_at=None)
    # A voided parcel went nowhere.
    factories.parcel(sold(shop, paid_at=later(2)), state="voided", created_at=later(1000), packed_at=later(2000))
    figure = shown(shop.company)["fulfilment_cycle"]
    found = {part.part: (part.denominator, part.value) for part in figure.parts}
    assert found == {
        "paid": (3, 120.0),
        # 2, 6 and 998 minutes: the voided parcel was released as well.
        "released": (3, 60.0 * (2 + 6 + 998) / 3),
        "packed": (2, 60.0 * (7 + 21) / 2),
        "shipped": (2, 60.0 * (30 + 70) / 2),
        "signed": (1, 60.0 * 960),
    }


def test_figures_take_the_same_queries_for_one_order_and_for_twenty_and_begin_at_an_index(shop: Shop) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            shown(shop.company)
        return [query["sql"] for query in captured]

    sold(shop)
    one = queries()
    for _ in range(19):
        order = sold(shop)
        factories.parcel(order, shipped_at=NOON)
        held(order, HoldReason.DUPLICATE_PRINT)
        factories.happens(order, "fact", actor="platform", source_at=NOON, at=NOON)
    twenty = queries()
    assert len(one) == len(twenty) <= 24
    if connection.vendor == "sqlite":
        for sql in twenty:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " / ".join(row[3] for row in cursor.fetchall())
            assert "SCAN orders_order" not in plan, plan
            assert "SCAN orders_event" not in plan, plan
            assert "orders_by_placing" in plan, plan
