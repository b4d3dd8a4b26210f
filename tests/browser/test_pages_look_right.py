"""Every page of the day, on a desk and on a telephone: quiet, at home, within its width, in one's own language."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from integrations.models import Connection
from integrations.troubles import raise_trouble
from orders.lifecycle import Role
from orders.models import AddressChange, Order
from tests.browser.desk import ON_A_DESK, ON_A_TELEPHONE, Desk, Office, Size
from tests.browser.tower import Tower
from tests.orders.test_cases import asks_for_another_address

pytestmark = pytest.mark.browser

CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture
def held(tower: Tower) -> Order:
    """A morning: two orders in the warehouse, one of them stopped by a refund, and a message that nobody understood."""
    tower.receives()
    order = tower.receives(buyer_message="请尽快发货，谢谢；不要放在门口，打电话给我，周末在家，平时请放物业，" * 3)
    tower.asks_money_back(order.platform_order_id)
    tower.works()
    tower.puzzles()
    asks_for_another_address(order)
    company = order.company_id
    raise_trouble(company, "unlisted", "x", "淘宝 旗舰店：状态 PAID_FORBID_CONSIGN 没有对照", order_id=order.pk)
    order.refresh_from_db()
    assert order.held
    return order


def pages(order: Order) -> dict[str, tuple[str, str]]:
    """Name → (address, its words in Chinese)."""
    shop = Connection.objects.get(shop=order.shop_id)
    case = AddressChange.objects.get(order=order)
    return {
        "home": ("/admin/", "等待复核的锁单"),
        "orders": ("/admin/orders/order/", order.platform_order_id),
        "order": (f"/admin/orders/order/{order.pk}/change/", "先处理：订单被锁住了"),
        "review": ("/admin/review/", "申请退款"),
        "connections": ("/admin/integrations/connection/", "淘宝 旗舰店"),
        "receipts": ("/admin/integrations/receipt/", "待处理"),
        "setup": (f"/admin/integrations/connection/{shop.pk}/setup/", "看到第一个订单"),
        "health": ("/admin/integrations/health/", "不认识的消息"),
        "troubles": ("/admin/integrations/trouble/", "PAID_FORBID_CONSIGN"),
        "backfills": ("/admin/integrations/backfill/", "新建补读"),
        "backfill": ("/admin/integrations/backfill/begin/", "一次最多 92 天"),
        "address changes": ("/admin/orders/addresschange/", "去答复"),
        "address change": (f"/admin/orders/addresschange/{case.pk}/change/", "同意"),
        "intercepts": ("/admin/orders/interceptrequest/", "拦截申请"),
        "after-sales": ("/admin/orders/aftersale/", "处理中"),
        "scans": ("/admin/orders/scan/", "扫码记录"),
        "policies": ("/admin/orders/transitionpolicy/", "按系统默认的动作"),
    }


@pytest.mark.parametrize("size", [ON_A_DESK, ON_A_TELEPHONE], ids=lambda size: f"{size['width']}x{size['height']}")
def test_no_page_complains_calls_out_or_scrolls_sideways(
    office: Office, held: Order, size: Size, tmp_path: Path
) -> None:
    # No one role may open everything.
    desk = office(Role.OPS_MANAGER, Role.ADMIN, size=size)
    sideways = []
    for name, (address, words) in pages(held).items():
        desk.opens(address)
        desk.page.wait_for_load_state("networkidle")
        desk.sees(words)
        expect(desk.page.locator("html")).to_have_attribute("lang", "zh-hans")
        desk.photographs(tmp_path / f"{name}.png")
        sideways += desk.pushed_sideways()
    assert desk.troubles + sideways == []
    assert len(list(tmp_path.glob("*.png"))) == len(pages(held))


def test_the_switch_turns_the_back_office_english_and_back(office: Office, held: Order) -> None:
    desk = office(Role.OPS_MANAGER, Role.ADMIN)
    desk.opens("/admin/")
    chinese = headings(desk)
    assert {"订单", "系统连接", "最近告警"} <= set(chinese)
    switch_to(desk, "English")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    english = headings(desk)
    assert "Orders" in english
    assert len(english) == len(chinese)
    side_bar = desk.page.locator("#nav-sidebar a").all_inner_texts()
    assert len(side_bar) > 10
    assert [text for text in [*english, *side_bar] if CHINESE.search(text)] == []
    # It stays so on the next page, and until somebody turns it back.
    desk.opens("/admin/orders/transitionpolicy/")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    switch_to(desk, "简体中文")
    desk.opens("/admin/")
    assert headings(desk) == chinese
    assert desk.troubles == []


def headings(desk: Desk) -> list[str]:
    return [text.strip() for text in desk.page.locator("h1, h2").all_inner_texts()]


def switch_to(desk: Desk, language: str) -> None:
    desk.page.locator("[x-on\\:click='openUserLinks = !openUserLinks']").first.click()
    with desk.page.expect_navigation():
        desk.page.locator("form[action='/language/'] button", has_text=language).click()
