"""对接问题: the open first; closed by hand with a reason, where the tower itself does not see that it is over."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection, Trouble
from integrations.troubles import END_BY_THEMSELVES, end_trouble, raise_trouble
from orders.lifecycle import Role
from orders.models import Event
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

LIST = "/admin/integrations/trouble/"


@pytest.fixture
def connection(seller: Seller) -> Connection:
    return Connection.objects.create(
        company=seller.company, shop=seller.shop, adapter="taobao", name="淘宝旗舰店", base_url="http://x"
    )


def trouble(connection: Connection, key: str = "x", kind: str = Trouble.Kind.UNLISTED, **more: Any) -> Trouble:
    raise_trouble(connection.company_id, kind, key, f"没有对照的状态 {key}", connection=connection, **more)
    return Trouble.objects.get(kind=kind, key=key, closed_at=None)


def close(client: Client, row: Trouble, reason: str = "已对照") -> Any:
    return client.post(reverse("admin:integrations_trouble_close", args=[row.pk]), {"reason": reason}, follow=True)


def test_the_open_ones_are_listed_with_connection_and_order(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1001")
    trouble(connection, "A", order_id=order.pk)
    trouble(connection, "B")
    end_trouble(seller.company.pk, Trouble.Kind.UNLISTED, "B")
    client = browser(Role.OPS_MANAGER)
    text = text_of(client.get(LIST))
    for words in ("没有对照的状态 A", "未知状态", "注意", "淘宝旗舰店", "1001"):
        assert words in text, words
    assert "没有对照的状态 B" not in text
    assert "没有对照的状态 B" in text_of(client.get(f"{LIST}?state=closed"))
    assert "没有对照的状态 B" in text_of(client.get(f"{LIST}?state=all"))


def test_a_person_closes_one_with_a_reason_and_it_may_come_again(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    row, client = trouble(connection), browser(Role.OPS_MANAGER)
    assert said(close(client, row, reason=" ")) == ["请填写原因后再处理"]
    row.refresh_from_db()
    assert row.closed_at is None
    close(client, row)
    assert Trouble.objects.filter(pk=row.pk, closed_at__isnull=False).exists()
    event = Event.objects.get(verb="trouble_closed")
    assert (event.stream, event.reason, event.facts["trouble"]) == (seller.company.stream, "已对照", row.pk)
    assert "已经结束" in said(close(client, row))[0]
    assert Event.objects.filter(verb="trouble_closed").count() == 1
    assert trouble(connection).pk != row.pk


@pytest.mark.parametrize("kind", sorted(END_BY_THEMSELVES))
def test_what_ends_by_itself_is_not_closed_by_hand(
    connection: Connection, browser: Callable[..., Client], kind: str
) -> None:
    row, client = trouble(connection, kind=kind), browser(Role.OPS_MANAGER)
    page = text_of(client.get(reverse("admin:integrations_trouble_change", args=[row.pk])))
    assert "关闭问题" not in page
    assert "自动结束" in page
    close(client, row)
    row.refresh_from_db()
    assert row.closed_at is None


def test_nobody_closes_what_they_may_not(
    connection: Connection, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    row = trouble(connection)
    assert close(browser(Role.AUDITOR), row).status_code == 403
    assert close(browser(neighbour.people[Role.OPS_MANAGER]), row).status_code == 404
    row.refresh_from_db()
    assert row.closed_at is None


def test_the_list_asks_as_often_for_many_as_for_one(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    client, asked = browser(Role.OPS_MANAGER), []
    for number in (1, 6):
        for turn in range(number):
            name = f"{number}-{turn}"
            trouble(connection, name, order_id=seller.sells(name).pk)
        client.get(LIST)
        with CaptureQueriesContext(database) as queries:
            client.get(LIST)
        asked.append(len(queries))
    assert asked[0] == asked[1]
