"""Lists: by keyset, never counted, a fixed number of queries, and no late commit skipped."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.clock import FixedClock
from orders.models import CommitCounter, Order
from tests.api.conftest import Caller, World
from tests.orders import factories


def follow(caller: Caller, answer: Any, direction: str = "next") -> list[list[int]]:
    pages = [[row["id"] for row in answer.json()["results"]]]
    while url := answer.json()[direction]:
        answer = caller.get(url.removeprefix("http://testserver"))
        pages.append([row["id"] for row in answer.json()["results"]])
    return pages


def test_pages_go_forth_and_back_over_every_order_once(world: World) -> None:
    ids = [factories.order(world.shop).pk for _ in range(7)][::-1]
    pages = follow(world.program, world.program.get("orders/", page_size=3))
    assert pages == [ids[:3], ids[3:6], ids[6:]]
    last = world.program.get("orders/", page_size=3)
    for _ in range(2):
        last = world.program.get(last.json()["next"].removeprefix("http://testserver"))
    assert follow(world.program, last, "previous") == [ids[6:], ids[3:6], ids[:3]]


def test_a_page_stays_where_it_is_while_orders_come_in(world: World) -> None:
    ids = [factories.order(world.shop).pk for _ in range(4)][::-1]
    first = world.program.get("orders/", page_size=2)
    factories.order(world.shop)
    assert follow(world.program, first) == [ids[:2], ids[2:]]


def test_filters_are_kept_from_page_to_page(world: World) -> None:
    paid = [factories.order(world.shop).pk for _ in range(3)][::-1]
    factories.order(world.shop, state="shipped")
    assert follow(world.program, world.program.get("orders/", state="paid", page_size=2)) == [paid[:2], paid[2:]]
    both = world.program.get("orders/", state="paid,shipped").json()["results"]
    assert len(both) == 4


def test_orders_are_found_by_state_shop_and_hold(world: World) -> None:
    other = factories.shop(world.company)
    plain, theirs = factories.order(world.shop), factories.order(other)
    held = factories.order(world.shop, held=True)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in world.program.get("orders/", **query).json()["results"]]

    assert found(shop=other.pk) == [theirs.pk]
    assert found(held="true") == [held.pk]
    assert found(held="false", shop=world.shop.pk) == [plain.pk]
    assert found(state="signed") == []
    assert found(state="", shop="", q="", held="") == [held.pk, theirs.pk, plain.pk]


def test_orders_are_found_by_number_waybill_and_phone(world: World) -> None:
    parcel = world.printable()
    order = Order.objects.get()
    world.order(receiver={"phone": "13900005678"})
    waybill = parcel.labels.get().waybill
    exact = [order.platform_order_id, order.number, waybill, "13800001234", "1234"]
    for text in exact:
        found = world.program.get("orders/", q=text).json()["results"]
        assert [row["id"] for row in found] == [order.pk], text
    assert len(world.program.get("orders/", q=order.platform_order_id[:8]).json()["results"]) == 2


def test_an_order_is_found_by_the_code_its_warehouse_knows_the_parcel_by(world: World) -> None:
    world.printable()
    parcel = world.printable()
    (found,) = world.program.get("orders/", q=parcel.number).json()["results"]
    assert [row["number"] for row in found["parcels"]] == [parcel.number]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"stat": "paid"}, "stat"),
        ({"page_size": 201}, "page_size"),
        ({"page_size": 0}, "page_size"),
        ({"held": "perhaps"}, "held"),
        ({"shop": "x"}, "shop"),
        ({"shop": 2**80}, "shop"),
        ({"cursor": "MTIz"}, "cursor"),
        ({"updated_after": "yesterday"}, "updated_after"),
        ({"updated_after": "2026-11-11T00:00:00"}, "updated_after"),
        ({"q": "\x00"}, "q"),
    ],
)
def test_a_wrong_question_is_422(world: World, query: dict, field: str) -> None:
    answer = world.program.get("orders/", **query)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


def test_a_cursor_that_somebody_made_up_or_of_another_list_is_refused(world: World) -> None:
    for _ in range(2):
        factories.order(world.shop)
    text = world.program.get("orders/", updated_after="2026-01-01T00:00:00Z").json()["cursor"]
    assert world.program.get("orders/", cursor=text).status_code == 422
    assert world.program.get("orders/", updated_after=text[:-1] + ("A" if text[-1] != "A" else "B")).status_code == 422


def test_a_follower_sees_every_change_once_it_is_committed(world: World) -> None:
    orders = [world.order() for _ in range(3)]
    factories.settle()
    first = world.program.get("orders/", updated_after="2026-01-01T00:00:00+08:00", page_size=2)
    assert follow(world.program, first) == [[orders[0].pk, orders[1].pk], [orders[2].pk]]
    end = world.program.get("orders/", updated_after="2026-01-01T00:00:00+08:00").json()["cursor"]
    quiet = world.program.get("orders/", updated_after=end).json()
    assert (quiet["results"], quiet["cursor"]) == ([], end)
    world.program.post(f"orders/{orders[1].pk}/moves/", {"move": "release"})
    factories.settle()
    news = world.program.get("orders/", updated_after=end).json()
    assert [row["id"] for row in news["results"]] == [orders[1].pk]


def test_what_may_still_be_overtaken_by_a_late_commit_is_not_shown_to_a_follower(world: World) -> None:
    order = world.order()
    # Another transaction is still running whose mark is the smaller one: as if the counter stood before this order's.
    settled = CommitCounter.objects.get(pk=1).value
    Order.objects.filter(pk=order.pk).update(mark=settled + 1 if connection.vendor == "sqlite" else 2**62)
    assert world.program.get("orders/", updated_after="2026-01-01T00:00:00Z").json()["results"] == []
    assert len(world.program.get("orders/").json()["results"]) == 1


def test_updated_after_takes_a_time(world: World, clock: FixedClock) -> None:
    world.order()
    clock.advance(hours=1)
    late = world.order()
    factories.settle()
    # An offset's plus sign arrives as a space where it was not quoted.
    for text in ("2026-11-11T00:30:00+08:00", "2026-11-10T16:30:00Z", "2026-11-11T00:30:00 08:00"):
        found = world.program.get("orders/", updated_after=text).json()["results"]
        assert [row["id"] for row in found] == [late.pk]


@pytest.mark.parametrize("query", [{}, {"updated_after": "2026-01-01T00:00:00Z"}, {"q": "2026"}])
def test_a_list_takes_the_same_queries_for_one_order_and_for_twenty(world: World, query: dict) -> None:
    def queries() -> tuple[int, list[str]]:
        factories.settle()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found = world.program.get("orders/", **query).json()["results"]
        return len(found), [row["sql"] for row in captured]

    world.printable()
    queries()
    one, before = queries()
    for _ in range(6):
        world.parcel()
    for _ in range(13):
        world.order()
    twenty, after = queries()
    assert (one, twenty) == (1, 20)
    assert len(before) == len(after)
    assert len(after) <= 24
    assert not [sql for sql in after if "COUNT(" in sql or "OFFSET" in sql]


def test_a_person_costs_no_more_than_a_program(world: World, django_assert_max_num_queries: Callable[..., Any]) -> None:
    from orders.lifecycle import Role
    from tests.api.conftest import person

    for _ in range(3):
        world.parcel()
    worker = person(world.member(Role.CS))
    worker.get("orders/")
    with django_assert_max_num_queries(16):
        worker.get("orders/")


def test_companies_shops_and_warehouses_come_by_pages(world: World) -> None:
    shops = [world.shop.pk, *(factories.shop(world.company).pk for _ in range(2))]
    assert follow(world.program, world.program.get("shops/", page_size=2)) == [shops[:2], shops[2:]]
    assert world.program.get("companies/").json()["results"][0]["name"] == world.company.name
    assert world.program.get("warehouses/").json()["results"][0]["mode"] == "guarding"
