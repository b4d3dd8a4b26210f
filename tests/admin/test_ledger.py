"""订单对账, 静默监测 and 大促日历 in the back office."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection, Edge, Job, LedgerBucket, LedgerGap, LedgerGrace, Promotion, bucket_start
from orders.lifecycle import Role
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

LIST = reverse("admin:integrations_ledgerbucket_changelist")


def bucket(seller: Seller, clock, minutes: int = 0, **fields) -> LedgerBucket:
    start = bucket_start(clock.now()) - timedelta(minutes=minutes)
    values = {"platform_state": "known", "platform_count": 3, "orders": 2, "ways": {"webhook": 1, "poll": 1}, **fields}
    return LedgerBucket.objects.create(company=seller.company, shop=seller.shop, start=start, **values)


def gap(of: LedgerBucket, number: str, hop: str = "platform", **fields) -> LedgerGap:
    LedgerBucket.objects.filter(pk=of.pk).update(gap_count=1)
    return LedgerGap.objects.create(bucket=of, hop=hop, number=number, since=of.end, cure="fetch_order", **fields)


def page_of(row: LedgerBucket) -> str:
    return reverse("admin:integrations_ledgerbucket_change", args=[row.pk])


def listing_connection(seller: Seller) -> Connection:
    return Connection.objects.create(
        company=seller.company, shop=seller.shop, adapter="jd", name="京东", base_url="http://x"
    )


def test_the_list_shows_what_is_missing_and_never_a_zero_for_what_nobody_knows(
    seller: Seller, browser: Callable[..., Client], clock
) -> None:
    bucket(
        seller,
        clock,
        platform_state="unknown",
        platform_count=None,
        hops={"erp": {"state": "na"}, "wms": {"state": "counted", "present": 4, "missing": 2}, "any": {"reasoned": 7}},
    )
    text = text_of(browser(Role.OPS_MANAGER).get(LIST))
    for words in ("未知", "不适用", "4/6", "推送 1，轮询 1", "7"):
        assert words in text


def test_a_bucket_lists_its_differences_with_links_and_a_second_reading(
    seller: Seller, browser: Callable[..., Client], clock
) -> None:
    listing_connection(seller)
    order = seller.sells("7001")
    row = bucket(seller, clock)
    missing = gap(row, "JD2")
    gap(row, "7001", "wms", order=order)
    client = browser(Role.ADMIN)
    html = client.get(page_of(row)).content.decode()
    assert reverse("admin:orders_order_change", args=[order.pk]) in html
    again = reverse("admin:integrations_ledgerbucket_again", args=[row.pk, missing.pk])
    assert html.count("再拉一次") == 1
    assert client.get(again).status_code == 404
    assert said(client.post(again, follow=True)) == ["已安排重新读取 JD2"]
    assert Job.objects.get(kind="fetch_order").payload == {"subject": "JD2", "via": "ledger"}


def test_only_who_works_with_connections_may_read_again(seller: Seller, browser: Callable[..., Client], clock) -> None:
    listing_connection(seller)
    row = bucket(seller, clock)
    missing = gap(row, "JD2")
    again = reverse("admin:integrations_ledgerbucket_again", args=[row.pk, missing.pk])
    auditor = browser(Role.AUDITOR)
    assert "再拉一次" not in auditor.get(page_of(row)).content.decode()
    assert auditor.post(again).status_code == 403
    assert browser(Role.CS).get(LIST).status_code == 403
    assert not Job.objects.exists()


def test_nobody_sees_or_reads_again_what_belongs_to_another_company(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client], clock
) -> None:
    listing_connection(neighbour)
    row = bucket(neighbour, clock)
    missing = gap(row, "JD2")
    client = browser(Role.ADMIN)
    assert neighbour.shop.name not in text_of(client.get(f"{LIST}?gaps=open"))
    assert client.get(page_of(row)).status_code in (302, 404)
    again = reverse("admin:integrations_ledgerbucket_again", args=[row.pk, missing.pk])
    assert client.post(again).status_code in (302, 404)
    assert not Job.objects.exists()


def test_the_list_costs_the_same_queries_for_many_buckets_as_for_few(
    seller: Seller, browser: Callable[..., Client], clock
) -> None:
    client = browser(Role.OPS_MANAGER)
    counted = []
    for many in (2, 40):
        for _ in range(many):
            bucket(seller, clock, minutes=5 * LedgerBucket.objects.count(), hops={"wms": {"state": "counted"}})
        with CaptureQueriesContext(database) as queries:
            assert client.get(LIST).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_filter_shows_only_buckets_with_differences(seller: Seller, browser: Callable[..., Client], clock) -> None:
    gap(bucket(seller, clock), "JD2")
    bucket(seller, clock, minutes=5)
    client = browser(Role.OPS_MANAGER)
    rows = {query: client.get(f"{LIST}{query}").context["cl"].result_count for query in ("", "?gaps=open")}
    assert rows == {"": 2, "?gaps=open": 1}


def test_times_and_promotions_are_set_by_who_plans(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)
    body = {"company": seller.company.pk, "shop": "", "warehouse": "", "erp": "20", "wms": ""}
    assert client.post(reverse("admin:integrations_ledgergrace_add"), body).status_code == 302
    assert LedgerGrace.objects.get().erp == 20
    body = {
        "company": seller.company.pk, "name": "双十一", "start_0": "2026-11-10", "start_1": "20:00:00",
        "end_0": "2026-11-11", "end_1": "02:00:00", "factor": "5",
    }  # fmt: skip
    client.post(reverse("admin:integrations_promotion_add"), body)
    assert Promotion.objects.get().factor == 5
    assert browser(Role.AUDITOR).post(reverse("admin:integrations_promotion_add"), body).status_code == 403


def test_an_edge_shows_its_rhythm_and_that_it_is_silent(seller: Seller, browser: Callable[..., Client], clock) -> None:
    edge = Edge.objects.create(
        company=seller.company, kind="webhook", key="connection:1", name="淘宝推送", silent_since=clock.now(),
        last_at=clock.now(), rhythm={"means": [2.0] * 168, "spread": 0.02}, expected=31.5,
    )  # fmt: skip
    client = browser(Role.OPS_MANAGER)
    assert "静默" in text_of(client.get(reverse("admin:integrations_edge_changelist")))
    text = text_of(client.get(reverse("admin:integrations_edge_change", args=[edge.pk])))
    for words in ("静默自", "120", "31.5", "周日"):
        assert words in text


def test_silent_edges_stand_first(seller: Seller, browser: Callable[..., Client], clock) -> None:
    for name, silent_since in (("一号", None), ("二号", clock.now()), ("三号", None)):
        Edge.objects.create(company=seller.company, kind="wms", key=name, name=name, silent_since=silent_since)
    text = text_of(browser(Role.OPS_MANAGER).get(reverse("admin:integrations_edge_changelist")))
    assert text.index("二号") < text.index("一号") < text.index("三号")
