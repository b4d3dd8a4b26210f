"""运营主管 changes in admin who may confirm 已打包; it counts at the next attempt, is versioned, and can be undone."""

import pytest
from playwright.sync_api import expect

from orders.lifecycle import Role
from orders.models import Event, Order
from tests.browser.desk import Desk, Office
from tests.browser.tower import Tower

pytestmark = pytest.mark.browser

REASON = "双十一由发货员确认打包"


def chooses_who_packs(manager: Desk, *, take_from: str, give_to: str) -> None:
    manager.goes_to("操作权限")
    manager.page.locator("tr", has_text="包裹 · 确认打包").get_by_role("link", name="修改").click()
    roles = manager.page.get_by_role("group", name="允许的角色")
    roles.get_by_label(take_from, exact=True).uncheck()
    roles.get_by_label(give_to, exact=True).check()
    manager.page.get_by_role("group", name="修改原因").get_by_role("textbox").fill(REASON)
    manager.sends("保存为新版本")


def test_the_old_role_is_refused_the_new_one_works_and_the_change_is_undone(tower: Tower, office: Office) -> None:
    first, second = tower.receives(), tower.receives()
    lead, shipper, manager = office(Role.WAREHOUSE_LEAD), office(Role.SHIPPER), office(Role.OPS_MANAGER)
    # The button is on the page before the change; the change counts all the same.
    lead.opens_order(first)
    assert lead.offers("确认打包")

    chooses_who_packs(manager, take_from="仓管组长", give_to="发货员")
    manager.sees("已保存为第 1 版", "第 1 版")
    policy_page = manager.page.url

    lead.presses("确认打包")
    lead.sees("确认打包被拒绝：", "没有“确认打包”的权限", "请找发货员处理")
    assert not lead.offers("确认打包")
    assert state(tower, first) == "to_pick"
    assert Event.objects.filter(order_id=first.pk, verb="pack", result="refused").count() == 1

    shipper.opens_order(second)
    shipper.presses("确认打包")
    shipper.sees("确认打包：已完成")
    assert state(tower, second) == "packed"

    manager.opens(policy_page)
    version = manager.page.locator(".tower-version", has_text="第 1 版")
    for text in (manager.name, REASON, "发货员", "当前"):
        expect(version).to_contain_text(text)
    expect(version.locator("time")).to_have_count(1)
    manager.sends("撤销此修改")
    manager.sees("第 2 版", "停用，按默认")
    expect(manager.page.locator(".tower-version")).to_have_count(2)

    lead.opens_order(first)
    lead.presses("确认打包")
    lead.sees("确认打包：已完成")
    assert state(tower, first) == "packed"
    assert [desk.troubles for desk in (lead, shipper, manager)] == [[], [], []]


def state(tower: Tower, order: Order) -> str:
    parcel = tower.parcel(order)
    order.refresh_from_db()
    assert order.state == parcel.state
    return str(parcel.state)
