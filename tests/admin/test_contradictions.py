"""状态不一致 in the back office: what stands, for how long, who likely is wrong, and what was tried."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Contradiction
from orders import clock
from orders.lifecycle import Role
from orders.models import Order
from tests.admin.pages import text_of
from tests.admin.world import Seller

PAGE = "/admin/integrations/contradiction/"


def stands(order: Order, code: str = "left_platform_not_told", **fields: object) -> Contradiction:
    return Contradiction.objects.create(
        **{
            "company": order.company,
            "order": order,
            "code": code,
            "subject": "order",
            "likely_wrong": "platform",
            "level": "warning",
            "state": "curing",
            "cure": "tell_platform",
            "cure_at": clock.now(),
            "tries": 1,
            "since": clock.now() - timedelta(hours=3),
            **fields,
        }
    )


def test_the_list_says_what_stands_since_when_and_who_likely_is_wrong(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1001")
    stands(order)
    stands(seller.sells("1002"), "released_warehouse_silent", state="watching", likely_wrong="wms")
    text = text_of(browser(Role.OPS_MANAGER).get(PAGE))
    assert "包裹已发出，平台还是待发货" in text
    assert "重新回传平台" in text
    assert "1001" in text
    assert "1002" not in text
    assert "已推送仓库，仓库没有任何回执" in text_of(browser(Role.OPS_MANAGER).get(f"{PAGE}?state=watching"))


def test_a_page_of_its_own_gives_the_reason(seller: Seller, browser: Callable[..., Client]) -> None:
    row = stands(seller.sells("1001"), note="重新回传平台后仍不一致")
    text = text_of(browser(Role.AUDITOR).get(f"{PAGE}{row.pk}/change/"))
    assert "回传没有生效" in text
    assert "重新回传平台后仍不一致" in text


def test_the_page_of_an_order_shows_what_stands_and_nothing_that_is_only_watched(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1001")
    page = f"/admin/orders/order/{order.pk}/change/"
    stands(order, "released_warehouse_silent", state="watching")
    client = browser(Role.CS)
    assert "仓库没有任何回执" not in text_of(client.get(page))
    stands(order, "shipped_nothing_left")
    text = text_of(client.get(page))
    assert "平台已发货，但没有包裹离开仓库" in text
    assert "多半不对的一方" in text


def test_the_list_asks_no_more_for_more_rows(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)
    counts = []
    for number in range(1, 7):
        stands(seller.sells(f"10{number}"))
        if number in (1, 6):
            client.get(PAGE)
            with CaptureQueriesContext(database) as queries:
                client.get(PAGE)
            counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("role", [Role.CS, Role.WAREHOUSE_LEAD])
def test_who_does_not_oversee_connections_does_not_open_it(
    seller: Seller, browser: Callable[..., Client], role: Role
) -> None:
    assert browser(role).get(PAGE).status_code == 403
