"""Orders that wait for a goods map go on by themselves once it is there, whoever wrote it and whatever died then."""

import pytest

from orders import clock
from orders.lifecycle import HoldReason
from orders.models import Event, Goods, Hold, Order
from orders.services import deadlines
from orders.services.goods import map_sku
from orders.services.waiting import look_again_where_mapped
from tests.laws.cast import Seller, seller

pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> set[int]:
    holds = Hold.objects.filter(reason=HoldReason.SKU_UNMAPPED, state=Hold.State.OPEN)
    return set(holds.values_list("order", flat=True))


def maps(shop: Seller, sku: str, **more: int) -> None:
    map_sku(company_id=shop.company_id, sku=sku, goods=Goods.objects.filter(company=shop.company_id)[0], **more)


def test_a_map_lets_every_order_go_that_waited_for_it_and_no_other() -> None:
    shop, stranger = seller(), seller()
    mine = [shop.sells("NEW-1") for _ in range(3)]
    other, both, theirs = shop.sells("NEW-2"), shop.sells("NEW-1", "NEW-2"), stranger.sells("NEW-1")
    assert waiting() == {order.pk for order in (*mine, other, both, theirs)}
    maps(shop, "NEW-1")
    assert look_again_where_mapped() == 4
    assert waiting() == {order.pk for order in (other, both, theirs)}
    assert not Order.objects.filter(pk__in=[order.pk for order in mine], held=True).exists()
    assert Event.objects.filter(verb="hold_withdrawn").count() == 4
    # Nothing is left to look at, and nothing is written again.
    assert look_again_where_mapped() == 0


def test_a_map_of_one_shop_is_for_that_shop_alone() -> None:
    shop, other = seller(), seller()
    other.shop.company = shop.shop.company
    other.shop.save()
    mine, theirs = shop.sells("NEW-1"), other.sells("NEW-1")
    maps(shop, "NEW-1", shop_id=shop.shop.pk)
    deadlines.sweep(now=clock.now())
    assert mine.pk not in waiting()
    assert waiting() == {theirs.pk}


def test_a_sweep_that_ends_half_way_is_finished_by_the_next() -> None:
    shop = seller()
    orders = [shop.sells("NEW-1") for _ in range(5)]
    maps(shop, "NEW-1")
    assert look_again_where_mapped(limit=2) == 2
    assert len(waiting()) == 3
    assert deadlines.sweep(now=clock.now()) == 3
    assert waiting() == set()
    assert len(orders) == 5
