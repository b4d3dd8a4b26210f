"""Every page of the back office, for every role: it opens or refuses, in Chinese, within one's own companies."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, Channel, Rule
from integrations import inbox
from integrations.adapter import Message
from integrations.models import (
    Backfill,
    Connection,
    Contradiction,
    Edge,
    Job,
    LedgerBucket,
    LedgerGrace,
    Passage,
    Promotion,
    StockClaim,
    Trouble,
)
from orders.lifecycle import Role
from orders.models import (
    AddressChange,
    AfterSale,
    Anchor,
    ApiKey,
    Device,
    GiftRule,
    InterceptRequest,
    Order,
    Scan,
    TransitionPolicy,
    WarehouseOperator,
)
from orders.services.keys import create_key
from tests.admin.pages import text_of
from tests.admin.world import NAMES, Seller

# What each role works with; everything else must refuse.
OPENS = {
    Role.CS: {
        "order", "hold", "parcel", "label", "printattempt", "goods", "skumap", "shop", "warehouse", "alert",
        "addresschange", "interceptrequest", "aftersale", "scan",
    },
    Role.WAREHOUSE_LEAD: {"order", "hold", "parcel", "label", "scan"},
    Role.SHIPPER: {"order", "hold", "parcel", "label", "scan"},
    Role.FINANCE: {"order", "aftersale"},
}  # fmt: skip


def fill(seller: Seller) -> None:
    """One row for every model that has a page."""
    seller.prints_twice(seller.sells("1001"), "YT1001")
    connection = Connection(
        company=seller.company, shop=seller.shop, adapter="taobao", name="淘宝", base_url="http://x"
    )
    connection.save()
    connection.set_secrets({"app_secret": "geheim"})
    connection.save()
    inbox.park(connection, Message(kind="trade", key="1", body=b"{}"), "缺少订单号")
    Job.objects.create(kind="fetch_order", key="1", connection=connection, state="failed", error="订单不存在")
    Passage.objects.create(connection=connection, code="ERP1", lines=[["1001", "1", 1]], state="passed")
    StockClaim.objects.create(connection=connection, code="CR50", grade="ZP", counted=99)
    Contradiction.objects.create(
        company=seller.company, order=Order.objects.filter(company=seller.company).latest("pk"), subject="order",
        code="shipped_nothing_left", likely_wrong="platform", level="warning", state="escalated",
        since=connection.created_at,
    )  # fmt: skip
    Backfill.objects.create(connection=connection, numbers=["1001", "1002"])
    Trouble.objects.create(company=seller.company, connection=connection, kind="unlisted", key="x", text="状态 X")
    LedgerBucket.objects.create(company=seller.company, shop=seller.shop, start=connection.created_at)
    LedgerGrace.objects.create(company=seller.company, shop=seller.shop, erp=20)
    Edge.objects.create(company=seller.company, kind="print", key="warehouse:1:A3", name="杭州仓 A3")
    starts = connection.created_at
    Promotion.objects.create(company=seller.company, name="双十一", start=starts, end=starts + timedelta(hours=4))
    order = Order.objects.get(shop=seller.shop, platform_order_id="1001")
    for case in (AddressChange, InterceptRequest):
        case.objects.create(order=order, channel="platform", source_key="R1")
    now = connection.created_at
    AfterSale.objects.create(order=order, refund_id="T1", requested_at=now, source_at=now)
    Scan.objects.create(
        company=seller.company, nonce="n1", code="YT1001", act="ship", verdict="stop", order=order, scanned_at=now
    )
    rule = Rule.objects.create(company=seller.company, name="重复打单")
    Alert.objects.create(company=seller.company, rule=rule, event_id=1, level="critical", title="重复打单")
    Channel.objects.create(company=seller.company, kind="wecom", name="仓库群")
    GiftRule.objects.create(company=seller.company, sku="CREAM-50", goods=seller.goods)
    Device.objects.create(company=seller.company, name="PDA 1", token_digest="x")
    WarehouseOperator.objects.create(warehouse=seller.warehouse, code="w1", user=seller.people[Role.WAREHOUSE_LEAD])
    TransitionPolicy.objects.create(company=seller.company, act="order.release", roles=["cs"])
    create_key(seller.company, "店小蜜", scopes=["orders:read"])
    Anchor.objects.create(seq=1, at=connection.created_at, mark=0, streams=0, events=0, hash="x", signature="x")


def pages() -> list[tuple[type, str]]:
    """Model and address of every list."""
    return [
        (model, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        for model in admin.site._registry
    ]


def test_every_list_and_every_object_opens_for_a_superuser(seller: Seller, root: Client) -> None:
    fill(seller)
    for model, address in pages():
        assert root.get(address).status_code == 200, address
        row = model._default_manager.order_by("pk").first()  # type: ignore[attr-defined]
        assert row is not None or model is User, f"no row of {model} to look at"
        assert root.get(f"{address}{row.pk}/change/").status_code == 200, address
        assert root.get(f"{address}add/").status_code in (200, 403), address


@pytest.mark.parametrize("role", OPENS)
def test_a_role_opens_what_it_works_with_and_nothing_else(
    seller: Seller, browser: Callable[..., Client], role: Role
) -> None:
    fill(seller)
    client = browser(role)
    opened = {model._meta.model_name for model, address in pages() if client.get(address).status_code == 200}  # type: ignore[attr-defined]
    assert opened == OPENS[role]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OPS_MANAGER, Role.AUDITOR])
def test_those_who_oversee_open_everything_of_theirs(
    seller: Seller, browser: Callable[..., Client], role: Role
) -> None:
    fill(seller)
    client = browser(role)
    refused = {model._meta.model_name for model, address in pages() if client.get(address).status_code != 200}  # type: ignore[attr-defined]
    assert refused <= {"user", "group"}


@pytest.mark.parametrize("role", NAMES)
def test_the_home_page_and_every_link_of_the_side_bar_open(
    seller: Seller, browser: Callable[..., Client], role: Role
) -> None:
    fill(seller)
    client = browser(role)
    html = client.get("/admin/").content.decode()
    side_bar = html[html.index("nav-sidebar-apps") : html.index('id="main"')]
    links = set(re.findall(r'href="(/admin/[^"]*)"', side_bar))
    assert links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_no_page_shows_rows_of_another_company(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    fill(neighbour)
    client = browser(Role.OPS_MANAGER)
    for model, address in pages():
        # Groups and anchors belong to the install and say nothing of a company.
        if model._meta.model_name in ("group", "anchor"):  # type: ignore[attr-defined]
            continue
        row = model._default_manager.order_by("-pk").first()  # type: ignore[attr-defined]
        assert row is not None, address
        listed = client.get(f"{address}?state=all").content.decode()
        assert f"{address}{row.pk}/change/" not in listed, address
        assert client.get(f"{address}{row.pk}/change/").status_code in (302, 403, 404), address
        assert client.get(f"{address}{row.pk}/history/").status_code in (302, 403, 404), address


def test_nothing_that_services_write_can_be_added_changed_or_deleted_here(seller: Seller, root: Client) -> None:
    fill(seller)
    for name in ("order", "parcel", "label", "printattempt", "hold", "event", "anchor"):
        address = reverse(f"admin:orders_{name}_changelist")
        model = next(model for model, place in pages() if place == address)
        row = model._default_manager.first()  # type: ignore[attr-defined]
        before = model._default_manager.count()  # type: ignore[attr-defined]
        assert root.post(f"{address}add/", {}).status_code == 403, name
        assert root.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403, name
        root.post(f"{address}{row.pk}/change/", {"state": "signed", "reason": "x"})
        after = model._default_manager.get(pk=row.pk)  # type: ignore[attr-defined]
        assert getattr(after, "state", "") == getattr(row, "state", "")
        assert model._default_manager.count() == before  # type: ignore[attr-defined]


def test_an_old_version_of_a_row_is_never_written_back(seller: Seller, root: Client) -> None:
    order = seller.sells("2001")
    seller.releases(order)
    oldest = order.history.order_by("history_id").first()
    page = reverse("admin:orders_order_simple_history", args=[order.pk, oldest.history_id])
    assert root.post(page, {"state": "paid"}).status_code == 403
    order.refresh_from_db()
    assert order.state == "to_pick"


def words_on(client: Client, page: str) -> list[str]:
    """Column heads and labels of a page."""
    html = client.get(page).content.decode()
    main = html[html.index('id="main"') :]
    columns = " ".join(re.findall(r"<thead[^>]*>(.*?)</thead>", main, flags=re.DOTALL))
    heads = re.findall(r"<th[^>]*>(.*?)</th>", columns, flags=re.DOTALL)
    labels = re.findall(r"<label[^>]*>(.*?)</label>", main, flags=re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", text).strip() for text in heads + labels]


ENGLISH = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Names that staff say in English themselves.
SAID_IN_ENGLISH = {
    "ERP",
    "App Key *",
    "App Secret",
    "App Secret *",
    "customerId *",
    "App Key",
    "AppKey *",
    "AppSecret *",
}


def test_no_column_and_no_label_is_left_in_english(seller: Seller, root: Client) -> None:
    fill(seller)
    left = set()
    for model, address in pages():
        row = model._default_manager.order_by("pk").first()  # type: ignore[attr-defined]
        for page in (address, f"{address}{row.pk}/change/", f"{address}add/"):
            if root.get(page).status_code == 200:
                words = words_on(root, page)
                left |= {(word, page) for word in words if ENGLISH.search(word) and not CHINESE.search(word)}
    assert not {(word, page) for word, page in left if word not in SAID_IN_ENGLISH}


def test_the_language_is_switched_by_a_form_on_every_page(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.CS)
    assert "复核队列" in text_of(client.get("/admin/"))
    assert 'action="/language/"' in client.get("/admin/").content.decode()
    client.post("/language/", {"language": "en", "next": "/admin/"})
    text = text_of(client.get("/admin/"))
    assert "Review queue" in text
    assert "复核队列" not in text


def test_the_theme_may_evaluate_strings_but_no_page_has_inline_scripts(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("3001")
    client = browser(Role.OPS_MANAGER)
    for page in ("/admin/", "/admin/review/", reverse("admin:orders_order_change", args=[order.pk])):
        response = client.get(page)
        assert "script-src 'self' 'unsafe-eval'" in response["Content-Security-Policy"]
        assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", response.content.decode())
        assert not re.findall(r"\son(click|change|submit|load)=", response.content.decode())


def test_a_key_is_shown_once_and_can_be_revoked(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.ADMIN)
    response = client.post(
        "/admin/orders/apikey/add/",
        {"company": seller.company.pk, "name": "店小蜜", "scopes": ["orders:read"], "acts_as": "system"},
    )
    assert "密钥只显示这一次" in text_of(response)
    text = re.search(r"ot_[a-z0-9]+_[a-z0-9]+", response.content.decode())
    assert text
    key = ApiKey.objects.get()
    page = reverse("admin:orders_apikey_change", args=[key.pk])
    assert text[0] not in client.get(page).content.decode()
    client.post(reverse("admin:orders_apikey_revoke", args=[key.pk]))
    key.refresh_from_db()
    assert key.revoked_at is not None
