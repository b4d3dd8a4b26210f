"""A paid order always says when it must be shipped: the platform's time, else what the shop promises."""

from datetime import timedelta
from itertools import permutations

import pytest

from orders.models import Order
from orders.services.record import record
from tests.laws.cast import SYSTEM, Seller, seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    return seller()


def test_the_platform_s_time_counts_where_it_names_one(shop, clock):
    named = clock.now() + timedelta(hours=20)
    assert shop.sells(ship_by=named).ship_by == named


def test_without_one_the_shop_s_promise_counts_from_the_payment(shop, clock):
    shop.shop.ship_hours = 24
    shop.shop.save()
    order = shop.sells()
    assert order.ship_by == order.paid_at + timedelta(hours=24)


def test_a_presale_counts_from_the_day_it_may_go(shop, clock):
    day = clock.now() + timedelta(days=9)
    assert shop.sells(presale_until=day).ship_by == day + timedelta(hours=48)


def test_an_unpaid_order_has_none(shop):
    assert shop.sells(status="unpaid", paid_at=None).ship_by is None


def test_it_is_the_same_whatever_word_came_first(shop, clock):
    named = clock.now() + timedelta(hours=20)
    later = clock.now() + timedelta(minutes=2)
    words = [
        {"status": "unpaid", "paid_at": None},
        {"modified_at": later, "paid_at": clock.now()},
        {"modified_at": later + timedelta(minutes=1), "paid_at": clock.now() - timedelta(minutes=1), "ship_by": named},
        {"modified_at": later + timedelta(minutes=2), "paid_at": clock.now() - timedelta(minutes=2), "ship_by": None},
    ]
    ends = set()
    for turn, order in enumerate(permutations(words)):
        for word in order:
            _hears(shop, f"2026{turn:04}", word)
        ends.add(Order.objects.get(platform_order_id=f"2026{turn:04}").ship_by)
    assert ends == {clock.now() - timedelta(minutes=2) + timedelta(hours=48)}


def _hears(shop: Seller, number: str, word: dict) -> None:
    spoken = shop.snapshot(number, **word)
    assert record(shop.fact(f"{number}:{spoken.modified_at}:{spoken.status}", number, spoken), cause=SYSTEM).ok
