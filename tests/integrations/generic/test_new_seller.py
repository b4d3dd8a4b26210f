"""New seller in ten minutes: from nothing to a recorded order, by the pages of the back office alone."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from integrations.inbox import process_due
from integrations.models import Connection, Receipt, Trouble
from integrations.registry import adapter_named
from orders.lifecycle import Role
from orders.models import Event, Order
from tests.admin.conftest import browser, neighbour, seller
from tests.admin.pages import said, text_of
from tests.admin.world import Seller
from tests.integrations.generic.conftest import Wire, shop, time, wire
from tests.integrations.generic.test_mapping import row
from tests.integrations.generic.test_reading import xlsx

__all__ = ["browser", "neighbour", "seller", "shop", "time", "wire"]

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "/admin/integrations/connection/add/?adapter=generic"
SAMPLE = json.dumps({"code": 0, "list": [row()]}, ensure_ascii=False)
PATHS = {
    "order.platform_order_id.path": "$.tid",
    "order.status.path": "$.state",
    "order.status.values": "已付款=已付款\n待付款=unpaid",
    "order.modified_at.path": "$.updated",
    "order.placed_at.path": "$.created",
    "order.amount.path": "$.payment",
    "receiver.name.path": "$.to.name",
    "receiver.phone.path": "$.to.mobile",
    "receiver.address.path": "$.to.detail",
    "lines.path": "$.items",
    "lines.sku.path": "$.code",
    "lines.quantity.path": "$.num",
    "lines.price.path": "$.price",
}
GENERAL = {"records": "$.list", "header_row": "1", "money": "fen", "time_format": "auto", "time_zone": "Asia/Shanghai"}


def form(seller: Seller, **changes: Any) -> dict[str, Any]:
    return {
        "name": "自建商城", "company": seller.company.pk, "shop": seller.shop.pk, "base_url": "http://shop.test/orders",
        "poll_seconds": 60, "enabled": "on", "secret_push_secret": "push-token", **defaults(), **changes,
    }  # fmt: skip


def defaults() -> dict[str, str]:
    fields = adapter_named("generic").fields
    return {f"setting_{field.name}": str(field.default) for field in fields if not field.secret and field.default}


def page_of(connection: Connection) -> str:
    return reverse("admin:integrations_connection_mapping", args=[connection.pk])


def filled(do: str, **changes: str) -> dict[str, str]:
    return {**GENERAL, **PATHS, "revision": "0", "sample": "", "do": do, **changes}


@pytest.fixture
def connection(seller: Seller, browser: Callable[..., Client]) -> Connection:
    response = browser(Role.ADMIN).post(ADD, form(seller), follow=True)
    assert response.status_code == 200
    return Connection.objects.get()


def test_a_new_seller_comes_from_nothing_to_a_recorded_order_by_pages_alone(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    client = browser(Role.ADMIN)
    # 1 min: choose the system, and make the connection.
    assert "通用店铺" in text_of(client.get("/admin/integrations/connection/add/"))
    assert client.get(ADD).status_code == 200
    client.post(ADD, form(seller))
    connection = Connection.objects.get()
    # The connection's page leads to the mapping.
    change = reverse("admin:integrations_connection_change", args=[connection.pk])
    assert page_of(connection) in client.get(change).content.decode()
    # 3 min: paste what the source sends; the page lists its fields, to be picked.
    empty = {**GENERAL, "records": "", "revision": "0", "sample": SAMPLE, "do": "preview"}
    listed = client.post(page_of(connection), empty)
    assert "$.list[0].to.mobile" in text_of(listed)
    assert "缺少“订单·平台订单号”从哪里读" in text_of(listed)
    # 8 min: fill the rows, see the order as it would be recorded, and save.
    preview = text_of(client.post(page_of(connection), filled("preview", sample=SAMPLE)))
    assert "读到 1 条，其中 1 条可以记录" in preview
    for words in ("320260311000000017", "¥128.50", "李雷 13800138000", "CREAM-50 × 1", "2026-11-11 00:00:05"):
        assert words in preview
    assert not Order.objects.exists()
    assert said(client.post(page_of(connection), filled("save"), follow=True)) == ["字段映射已保存"]
    # 10 min: the source pushes to the address that the page shows.
    address = re.search(r"/hooks/generic/[^/]+/", client.get(page_of(connection)).content.decode())
    assert address
    pushed = Client().post(
        address[0], data=SAMPLE.encode(), content_type="application/json", headers={"X-Token": "push-token"}
    )
    assert (pushed.status_code, pushed.json()) == (200, {"success": True})
    process_due()
    order = Order.objects.get()
    assert (order.platform_order_id, order.state, order.shop) == ("320260311000000017", "paid", seller.shop)


def test_a_mistake_is_refused_on_save_with_a_sentence_and_changes_nothing(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    wrong = filled("save", **{"order.status.values": "已付款=fertig", "order.amount.path": "$.["})
    text = text_of(browser(Role.ADMIN).post(page_of(connection), wrong))
    assert "“fertig”不是指挥塔的值" in text
    assert "“订单·订单金额”：路径写法不对" in text
    connection.refresh_from_db()
    assert "mapping" not in connection.settings


def test_the_preview_counts_values_without_a_meaning_and_says_what_cannot_be_recorded(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    rows = [row(state="待拼团"), row(tid="2", state="待拼团"), row(tid="3", created="gestern")]
    text = text_of(browser(Role.ADMIN).post(page_of(connection), filled("preview", sample=json.dumps({"list": rows}))))
    assert "读到 3 条，其中 2 条可以记录" in text
    assert "订单·状态：待拼团（2 次）" in text
    assert "“订单·下单时间”不是时间" in text


def test_an_excel_file_is_previewed_by_its_columns(connection: Connection, browser: Callable[..., Client]) -> None:
    rows: list[list[object]] = [["订单", "编码", "数量"], ["320260311000000017", "A", 2], ["", "B", 1]]
    asked: dict[str, Any] = {
        **GENERAL, "money": "yuan", "revision": "0", "do": "preview", "order.platform_order_id.path": "订单",
        "order.status.default": "已付款", "lines.sku.path": "编码", "lines.quantity.path": "数量",
        "file": SimpleUploadedFile("a.xlsx", xlsx(rows)),
    }  # fmt: skip
    text = text_of(browser(Role.ADMIN).post(page_of(connection), asked))
    assert "A × 2" in text
    assert "B × 1" in text


def test_a_trial_reads_the_source_and_stores_nothing(
    shop: Any, wire: Wire, connection: Connection, browser: Callable[..., Client]
) -> None:
    number = shop.control("sell", {})["tid"]
    connection.settings = {**connection.settings, "pull": "http"}
    connection.set_secrets({**connection.secrets(), "pull_token": "Bearer emulator-token"})
    connection.save()
    client = browser(Role.ADMIN)
    text = text_of(client.post(page_of(connection), filled("try")))
    assert number in text
    assert "读到 1 条，其中 1 条可以记录" in text
    wire.answers = [(401, b"{}")]
    assert "对方不认可读取令牌" in text_of(client.post(page_of(connection), filled("try")))
    before = (Order.objects.count(), Receipt.objects.count())
    connection.refresh_from_db()
    assert (*before, connection.cursor, connection.settings.get("mapping")) == (0, 0, {}, None)


def test_a_saved_mapping_is_shown_again_word_for_word_and_leaves_an_event_without_values(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.ADMIN)
    Trouble.objects.create(
        company=connection.company, connection=connection, kind="unlisted", key="connection:x", text="待拼团"
    )
    client.post(page_of(connection), filled("save"))
    connection.refresh_from_db()
    mapping = connection.settings["mapping"]
    assert mapping["revision"] == 1
    assert mapping["order"]["status"] == {"path": "$.state", "values": {"已付款": "已付款", "待付款": "unpaid"}}
    event = Event.objects.get(verb="connection_changed")
    assert "mapping.order" in event.facts["fields"]
    assert "$.tid" not in str(event.facts)
    assert Trouble.objects.get().closed_at is not None
    html = client.get(page_of(connection)).content.decode()
    for path in ("$.to.mobile", "已付款=已付款", "$.items"):
        assert path in html
    client.post(page_of(connection), filled("save", revision="1"))
    again = Connection.objects.get().settings["mapping"]
    assert {**again, "revision": 1} == mapping


def test_the_connections_own_form_leaves_the_mapping_alone(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.ADMIN)
    client.post(page_of(connection), filled("save"))
    change = reverse("admin:integrations_connection_change", args=[connection.pk])
    assert "setting_mapping" not in client.get(change).content.decode()
    client.post(change, form(seller, name="新名字"))
    connection.refresh_from_db()
    assert connection.name == "新名字"
    assert connection.settings["mapping"]["revision"] == 1
    text = text_of(client.post(change, form(seller, setting_page_size="many")))
    assert "要是 1 到 5000 的整数" in text


def test_who_saves_over_somebody_elses_mapping_is_told(connection: Connection, browser: Callable[..., Client]) -> None:
    client = browser(Role.ADMIN)
    client.post(page_of(connection), filled("save"))
    late = text_of(client.post(page_of(connection), filled("save", records="$.other")))
    assert "已被他人修改，请刷新" in late
    assert Connection.objects.get().settings["mapping"]["records"] == "$.list"


@pytest.mark.parametrize("do", ["preview", "try", "save"])
def test_who_may_not_change_connections_sees_nothing_of_it(
    do: str, connection: Connection, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    assert browser(Role.AUDITOR).post(page_of(connection), filled(do)).status_code == 403
    assert browser(neighbour.people[Role.ADMIN]).post(page_of(connection), filled(do)).status_code in (302, 403, 404)
    assert "mapping" not in Connection.objects.get().settings


def test_a_connector_of_its_own_kind_has_no_mapping_page(seller: Seller, browser: Callable[..., Client]) -> None:
    other = Connection.objects.create(company=seller.company, adapter="taobao", name="x", base_url="http://x")
    assert browser(Role.ADMIN).get(page_of(other)).status_code == 404


def test_the_page_has_no_scripts_of_its_own_and_is_not_kept_by_the_browser(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    response = browser(Role.ADMIN).post(page_of(connection), filled("preview", sample=SAMPLE))
    assert "no-store" in response["Cache-Control"]
    assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", response.content.decode())
