"""系统连接: secrets go in and never come out; what could not be read is read again; failed jobs get a second chance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import health, inbox
from integrations.adapter import Message
from integrations.models import Connection, Job, Receipt
from orders import clock
from orders.lifecycle import Role
from orders.models import Event
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

ADD = "/admin/integrations/connection/add/?adapter=taobao"


def form(seller: Seller, **changes: Any) -> dict[str, Any]:
    return {
        "name": "淘宝旗舰店", "company": seller.company.pk, "shop": seller.shop.pk, "base_url": "http://127.0.0.1:8100/t",
        "poll_seconds": 60, "enabled": "on", "setting_app_key": "12345", "secret_app_secret": "streng-geheim",
        "secret_session": "sitzung", "setting_page_size": "50", **changes,
    }  # fmt: skip


@pytest.fixture
def connection(seller: Seller, browser: Callable[..., Client]) -> Connection:
    response = browser(Role.ADMIN).post(ADD, form(seller), follow=True)
    assert response.status_code == 200
    return Connection.objects.get()


@pytest.fixture
def parked(connection: Connection) -> Receipt:
    inbox.park(connection, Message(kind="trade", key="1", body='{"tid": "李雷"}'.encode()), "缺少订单号")
    return Receipt.objects.get()


def page_of(row: Any) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])


def test_a_connection_is_made_with_the_fields_of_its_system(seller: Seller, connection: Connection) -> None:
    assert (connection.adapter, connection.settings["app_key"], connection.settings["page_size"]) == (
        "taobao", "12345", 50,
    )  # fmt: skip
    assert connection.secrets()["app_secret"] == "streng-geheim"
    event = Event.objects.get(verb="connection_made")
    assert event.stream == seller.company.stream
    assert "streng-geheim" not in str(event.facts)


def test_a_secret_is_never_shown_again_and_stays_where_its_field_is_left_empty(
    seller: Seller, connection: Connection, browser: Callable[..., Client]
) -> None:
    client = browser(Role.ADMIN)
    html = client.get(page_of(connection)).content.decode()
    assert "streng-geheim" not in html
    assert "已设置，留空表示不修改" in html
    client.post(page_of(connection), form(seller, secret_app_secret="", secret_session="neu, alt", name="新名字"))
    connection.refresh_from_db()
    assert connection.name == "新名字"
    assert connection.secrets() == {"app_secret": "streng-geheim", "session": ["neu", "alt"]}


def test_a_missing_secret_is_asked_for(seller: Seller, browser: Callable[..., Client]) -> None:
    response = browser(Role.ADMIN).post(ADD, form(seller, secret_app_secret=""))
    assert response.status_code == 200
    assert not Connection.objects.exists()


def test_the_address_for_the_other_side_can_be_copied(connection: Connection, browser: Callable[..., Client]) -> None:
    assert f"/hooks/taobao/{connection.key}/" in text_of(browser(Role.ADMIN).get(page_of(connection)))


def test_who_may_only_look_sees_neither_form_nor_secret_fields(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    html = browser(Role.AUDITOR).get(page_of(connection)).content.decode()
    assert "secret_app_secret" not in html
    assert "setting_app_key" not in html


def test_the_list_says_what_is_wrong(connection: Connection, parked: Receipt, browser: Callable[..., Client]) -> None:
    now = clock.now()
    connection.last_error, connection.last_error_at = "签名无效", now
    connection.last_poll_at, connection.lag_milliseconds = now - timedelta(hours=2), 400_000
    connection.refused_count = 2
    connection.save()
    assert health.troubles_of(connection, parked=1, now=now) == ["error", "silent", "lag", "parked", "refused"]
    text = text_of(browser(Role.OPS_MANAGER).get("/admin/integrations/connection/"))
    for trouble in ("出错", "轮询停了", "延迟", "待处理报文", "签名错误"):
        assert trouble in text
    assert "签名无效" in text_of(browser(Role.OPS_MANAGER).get("/admin/"))


def test_a_parked_receipt_is_listed_with_its_reason_and_can_be_replayed(
    parked: Receipt, browser: Callable[..., Client]
) -> None:
    client = browser(Role.OPS_MANAGER)
    assert "缺少订单号" in text_of(client.get("/admin/integrations/receipt/"))
    response = client.post(reverse("admin:integrations_receipt_replay", args=[parked.pk]), follow=True)
    assert said(response)[0].startswith("重新处理")
    parked.refresh_from_db()
    assert parked.reason != "缺少订单号"


def test_the_raw_message_needs_its_right_and_leaves_a_record(
    seller: Seller, parked: Receipt, browser: Callable[..., Client]
) -> None:
    page = reverse("admin:integrations_receipt_raw", args=[parked.pk])
    assert browser(Role.ADMIN).post(page).status_code == 403
    assert not Event.objects.filter(verb="raw_message_seen").exists()
    client = browser(Role.OPS_MANAGER)
    assert client.get(page).status_code == 302
    response = client.post(page)
    assert "李雷" in text_of(response)
    assert "no-store" in response["Cache-Control"]
    event = Event.objects.get(verb="raw_message_seen")
    assert event.actor == f"person:{seller.people[Role.OPS_MANAGER].pk}"


def test_another_companys_receipt_is_neither_read_nor_replayed(
    parked: Receipt, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    client = browser(neighbour.people[Role.OPS_MANAGER])
    for name in ("raw", "replay"):
        page = reverse(f"admin:integrations_receipt_{name}", args=[parked.pk])
        assert client.post(page).status_code == 404
    parked.refresh_from_db()
    assert parked.reason == "缺少订单号"


def test_a_failed_job_gets_a_second_chance_from_those_who_may(
    connection: Connection, browser: Callable[..., Client]
) -> None:
    job = Job.objects.create(kind="fetch_order", key="1", connection=connection, state="failed", error="订单不存在")
    retry = reverse("admin:integrations_job_retry", args=[job.pk])
    assert browser(Role.AUDITOR).post(retry).status_code == 403
    client = browser(Role.OPS_MANAGER)
    assert "订单不存在" in text_of(client.get("/admin/integrations/job/"))
    assert said(client.post(retry, follow=True)) == ["已安排重新执行"]
    job.refresh_from_db()
    assert job.state == "ready"
    assert "只有失败的任务" in said(client.post(retry, follow=True))[0]


def test_a_warehouses_page_says_what_cannot_be_stopped_there(seller: Seller, browser: Callable[..., Client]) -> None:
    made = Connection.objects.create(
        company=seller.company,
        adapter="qimen",
        name="奇门",
        base_url="http://127.0.0.1:9/",
        settings={"topology": "observe"},
    )
    text = text_of(browser(Role.ADMIN).get(page_of(made)))
    assert "指挥塔在这里拦不住的事" in text
    assert "锁单、取消和退款后的推单都拦不住" in text
