"""对接健康: what is wrong with each connection, and a second chance for one, for a selection, or for all of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import budget, health, inbox, replaying
from integrations.adapter import Message
from integrations.models import Connection, Job, Receipt
from orders import clock
from orders.clock import FixedClock
from orders.lifecycle import Role
from orders.models import Event
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

PAGE = "/admin/integrations/health/"


def connect(seller: Seller, name: str = "淘宝旗舰店") -> Connection:
    return Connection.objects.create(
        company=seller.company, shop=seller.shop, adapter="taobao", name=name, base_url="http://127.0.0.1:9"
    )


def parks(connection: Connection, count: int) -> list[int]:
    for number in range(count):
        inbox.park(
            connection, Message(kind="trade", key=f"{connection.pk}:{number}", body=b"{}"), f"缺少订单号 {number}"
        )
    return list(Receipt.objects.filter(connection_id=connection.pk).values_list("pk", flat=True))


def fails(connection: Connection, count: int) -> list[int]:
    return [
        Job.objects.create(
            kind="fetch_order",
            key=f"{connection.pk}:{number}",
            connection=connection,
            state="failed",
            error="订单不存在",
        ).pk
        for number in range(count)
    ]


def replay(client: Client, **fields: Any) -> list[str]:
    return said(client.post(reverse("admin:health_replay"), fields, follow=True))


def states(model: Any) -> list[str]:
    return sorted(model.objects.values_list("state", flat=True))


def test_every_connection_is_shown_with_what_is_wrong(
    clock: FixedClock, seller: Seller, browser: Callable[..., Client]
) -> None:
    cache.clear()
    connection, now = connect(seller), clock.now()
    connection.last_error, connection.last_error_at = "签名无效", now
    connection.paused_until, connection.calls_per_minute = now + timedelta(minutes=5), 40
    connection.token_expires_at = now + timedelta(days=3, minutes=1)
    connection.save()
    with budget.spending_for(connection):
        budget._spend(connection)
    parks(connection, 2)
    fails(connection, 3)
    text = text_of(browser(Role.OPS_MANAGER).get(PAGE))
    for words in (
        "出错",
        "签名无效",
        "暂停调用",
        "本分钟调用 1 / 40",
        "授权到期 3 天后",
        "待处理报文 2",
        "失败的任务 3",
    ):
        assert words in text, words
    [found] = health.in_detail(seller.people[Role.OPS_MANAGER], now=now)
    assert (found.parked, found.failed, found.calls, found.paused_until) == (2, 3, 1, connection.paused_until)


def test_a_push_that_is_believed_again_ends_the_word_of_bad_signatures(seller: Seller) -> None:
    connection, now = connect(seller), clock.now()
    connection.refused_count, connection.last_refused_at = 3, now - timedelta(minutes=1)
    assert health.troubles_of(connection, parked=0, now=now) == ["refused"]
    connection.last_push_at = now
    assert health.troubles_of(connection, parked=0, now=now) == []


def test_ticked_rows_are_taken_again_and_the_trail_says_who_and_how_many(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    connection = connect(seller)
    receipts, jobs = parks(connection, 3), fails(connection, 2)
    client = browser(Role.OPS_MANAGER)
    assert replay(client, receipts=receipts[:2], jobs=jobs[:1]) == ["已安排重新处理 3 条，几秒后刷新看结果"]
    assert (states(Receipt), states(Job)) == (["parked", "received", "received"], ["failed", "ready"])
    events = {event.verb: event for event in Event.objects.filter(stream=seller.company.stream)}
    assert events["receipts_replayed"].facts == {"count": 2, "receipts": sorted(receipts[:2])}
    assert events["jobs_retried"].facts == {"count": 1, "jobs": jobs[:1]}
    me = f"person:{seller.people[Role.OPS_MANAGER].pk}"
    assert {event.actor for event in events.values() if "re" in event.verb} == {me}


def test_all_of_one_connection_leaves_the_others_alone(seller: Seller, browser: Callable[..., Client]) -> None:
    mine, other = connect(seller), connect(seller, "淘宝二店")
    parks(mine, 2)
    parks(other, 2)
    replay(browser(Role.OPS_MANAGER), all_of="receipts", connection=mine.pk)
    assert set(Receipt.objects.filter(state="received").values_list("connection_id", flat=True)) == {mine.pk}
    assert Receipt.objects.filter(state="received").count() == 2


def test_more_than_five_hundred_at_once_are_refused_as_a_whole(seller: Seller, browser: Callable[..., Client]) -> None:
    [first, *_] = parks(connect(seller), 1)
    assert replay(browser(Role.OPS_MANAGER), receipts=[first, *range(10_000, 10_500)]) == ["一次最多 500 条"]
    assert states(Receipt) == ["parked"]
    assert not Event.objects.filter(verb="receipts_replayed").exists()


def test_nothing_ticked_changes_nothing(seller: Seller, browser: Callable[..., Client]) -> None:
    parks(connect(seller), 1)
    assert "请先勾选" in replay(browser(Role.OPS_MANAGER), receipts=["x", "-1", "²"])[0]
    assert states(Receipt) == ["parked"]


def test_another_companys_rows_are_neither_shown_nor_replayed(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    connection = connect(seller)
    receipts, jobs = parks(connection, 1), fails(connection, 1)
    client = browser(neighbour.people[Role.OPS_MANAGER])
    assert "缺少订单号" not in text_of(client.get(f"{PAGE}?connection={connection.pk}"))
    replay(client, receipts=receipts, jobs=jobs)
    replay(client, all_of="receipts", connection=connection.pk)
    replay(client, all_of="jobs")
    assert (states(Receipt), states(Job)) == (["parked"], ["failed"])


def test_who_may_only_look_has_no_buttons(seller: Seller, browser: Callable[..., Client]) -> None:
    receipts = parks(connect(seller), 1)
    auditor = browser(Role.AUDITOR)
    assert "重新处理勾选的" not in text_of(auditor.get(PAGE))
    assert auditor.post(reverse("admin:health_replay"), {"receipts": receipts}).status_code == 403
    assert browser(Role.CS).get(PAGE).status_code == 403
    assert states(Receipt) == ["parked"]


def test_one_message_and_one_job_leave_their_event_too(seller: Seller, browser: Callable[..., Client]) -> None:
    connection = connect(seller)
    [receipt], [job] = parks(connection, 1), fails(connection, 1)
    client = browser(Role.OPS_MANAGER)
    client.post(reverse("admin:integrations_receipt_replay", args=[receipt]))
    client.post(reverse("admin:integrations_job_retry", args=[job]))
    assert Event.objects.get(verb="receipts_replayed").facts["receipts"] == [receipt]
    assert Event.objects.get(verb="jobs_retried").facts["jobs"] == [job]
    client.post(reverse("admin:integrations_job_retry", args=[job]))
    assert Event.objects.filter(verb="jobs_retried").count() == 1


def test_a_job_without_a_connection_is_its_orders(seller: Seller, neighbour: Seller) -> None:
    order = seller.sells("1001")
    job = Job.objects.create(kind="tell_system", key="x", order_id=order.pk, state="failed")
    for who in (neighbour, seller):
        user = who.people[Role.OPS_MANAGER]
        replaying.retry_jobs([job.pk], user=user, cause=who.cause(Role.OPS_MANAGER))
        job.refresh_from_db()
        assert job.state == ("ready" if who is seller else "failed")
    assert Event.objects.get(verb="jobs_retried").stream == seller.company.stream


def test_the_page_asks_as_often_for_many_connections_as_for_one(seller: Seller, browser: Callable[..., Client]) -> None:
    client, asked = browser(Role.OPS_MANAGER), []
    for number in (1, 8):
        for turn in range(number):
            connection = connect(seller, f"店铺 {number}-{turn}")
            parks(connection, 2)
            fails(connection, 2)
        client.get(PAGE)
        with CaptureQueriesContext(database) as queries:
            client.get(PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("chosen", ["x", "-1", "999999", "²"])
def test_a_made_up_connection_is_not_chosen(seller: Seller, browser: Callable[..., Client], chosen: str) -> None:
    connect(seller)
    assert "系统连接" in text_of(browser(Role.OPS_MANAGER).get(f"{PAGE}?connection={chosen}"))
