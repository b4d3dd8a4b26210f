"""The order list: every number finds its order, in a fixed number of queries, within one's own companies."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.admin import base
from orders.lifecycle import Role
from orders.models import DocumentLink, ExternalDocument, Order
from tests.admin.pages import order_page, text_of
from tests.admin.world import Seller

LIST = "/admin/orders/order/"


def queries(connection: object, client: Client, page: str) -> int:
    client.get(page)
    with CaptureQueriesContext(connection) as captured:  # type: ignore[arg-type]
        assert client.get(page).status_code == 200
    return len(captured)


def test_twenty_orders_take_as_many_queries_as_one(
    seller: Seller, browser: Callable[..., Client], django_assert_num_queries: object
) -> None:
    from django.db import connection

    client = browser(Role.CS)
    seller.prints_twice(seller.sells("1000"), "YT1")
    one = queries(connection, client, LIST)
    for number in range(1001, 1020):
        seller.prints_twice(seller.sells(str(number)), f"YT{number}")
    assert queries(connection, client, LIST) == one


def test_no_query_counts_all_orders(seller: Seller, browser: Callable[..., Client]) -> None:
    from django.db import connection

    client = browser(Role.CS)
    with CaptureQueriesContext(connection) as captured:
        client.get(LIST)
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "orders_order" in query["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


def test_a_list_that_is_too_long_says_so(
    seller: Seller, browser: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LONGEST_LIST", 2)
    for number in range(3):
        seller.sells(str(2000 + number))
    assert "共 2+ 条" in text_of(browser(Role.CS).get(LIST))


@pytest.mark.parametrize(
    "number", ["2026111100000001", "20261111", "T{shop}-2026111100000001", "YT77", "XSD-9", "13912345678", "5678"]
)
def test_any_number_of_an_order_opens_it(seller: Seller, browser: Callable[..., Client], number: str) -> None:
    order = seller.sells("2026111100000001", phone="13912345678")
    seller.sells("1999111100000002", phone="13800138000")
    seller.labels(order, "YT77")
    document = ExternalDocument.objects.create(company=seller.company, system="erp", kind="order", number="XSD-9")
    DocumentLink.objects.create(document=document, order=order)
    response = browser(Role.CS).get(LIST, {"q": number.format(shop=seller.shop.pk)})
    assert response["Location"] == order_page(order.pk)


def test_several_pasted_numbers_are_found_together(seller: Seller, browser: Callable[..., Client]) -> None:
    for number in ("3001", "3002", "3003"):
        seller.sells(number)
    text = text_of(browser(Role.CS).get(LIST, {"q": "3001\n3003"}))
    assert "3001" in text
    assert "3003" in text
    assert "3002" not in text


def test_search_makes_a_fixed_number_of_queries(seller: Seller, browser: Callable[..., Client]) -> None:
    from django.db import connection

    client = browser(Role.CS)
    for number in range(40001, 40003):
        seller.sells(str(number))
    few = queries(connection, client, f"{LIST}?q=4000")
    for number in range(40003, 40020):
        seller.sells(str(number))
    assert queries(connection, client, f"{LIST}?q=4000") == few


@pytest.mark.parametrize(
    ("query", "shown"),
    [("state=packed", "5001"), ("hold=duplicate_print", "5001"), ("hold=any", "5001"), ("state=paid", "5002")],
)
def test_filters_by_state_and_hold(seller: Seller, browser: Callable[..., Client], query: str, shown: str) -> None:
    seller.prints_twice(seller.sells("5001"), "YT5001")
    seller.sells("5002")
    text = text_of(browser(Role.CS).get(f"{LIST}?{query}"))
    assert shown in text
    assert ({"5001", "5002"} - {shown}).pop() not in text


def test_a_row_says_how_far_the_parcels_are_and_what_holds_it(seller: Seller, browser: Callable[..., Client]) -> None:
    seller.prints_twice(seller.sells("6001"), "YT6001")
    text = text_of(browser(Role.CS).get(LIST))
    assert "1/1 已打包" in text
    assert "重复打单" in text


def test_another_companys_orders_are_neither_listed_nor_found_nor_opened(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    theirs = neighbour.sells("7007", phone="13912345678")
    neighbour.labels(theirs, "YT7007")
    client = browser(Role.OPS_MANAGER)
    assert "7007" not in text_of(client.get(LIST))
    for number in ("7007", "YT7007", "13912345678", "5678"):
        assert "YT7007" not in text_of(client.get(LIST, {"q": number}))
        assert client.get(LIST, {"q": number}).status_code == 200
    for page in (order_page(theirs.pk), reverse("admin:orders_order_history", args=[theirs.pk])):
        assert client.get(page).status_code in (302, 404)
    act = reverse("admin:orders_order_act", args=[theirs.pk, "order", "cancel"])
    assert client.post(act, {"version": theirs.version, "reason": "x"}).status_code == 404
    assert Order.objects.get(pk=theirs.pk).state == "packed"


def test_a_superuser_sees_every_company(seller: Seller, neighbour: Seller, root: Client) -> None:
    seller.sells("8001")
    neighbour.sells("8002")
    text = text_of(root.get(LIST))
    assert "8001" in text
    assert "8002" in text
