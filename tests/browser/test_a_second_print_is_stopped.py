"""An order arrives, is packed and printed; a second print locks it; 运营主管 lifts it with a reason. All by hand."""

import re

import pytest
from playwright.sync_api import expect

from orders.lifecycle import Role
from orders.models import Hold, Label, Order, PrintAttempt
from tests.browser.desk import Desk, Office
from tests.browser.tower import Tower

pytestmark = pytest.mark.browser

REFUSED = "打印面单被拒绝：重复打单：这张面单已经打印过，订单已锁定，请交运营主管复核"
RECENTLY = re.compile("刚刚|秒前|分钟前")
REASON = "已找回多余的面单并销毁"


@pytest.fixture
def order(tower: Tower) -> Order:
    return tower.receives()


def pack(tower: Tower, lead: Desk, order: Order) -> None:
    """仓管组长 confirms 已打包; the waybill number comes by itself."""
    lead.opens_order(order)
    lead.presses("确认打包")
    lead.sees("确认打包：已完成", "已打包")
    tower.works()


def test_the_order_is_locked_shown_first_told_and_lifted_by_another_person(
    tower: Tower, office: Office, order: Order
) -> None:
    pack(tower, office(Role.WAREHOUSE_LEAD), order)

    # Both have the page open while the label may still be printed once.
    first, second = office(Role.SHIPPER), office(Role.SHIPPER, Role.OPS_MANAGER)
    for desk in (first, second):
        desk.opens_order(order)
        desk.sees("已取号")
    first.presses("打印面单", station="工位A3", printer="P1")
    first.sees("打印面单：已完成", "打印中")
    assert not first.offers("打印面单")
    tower.printer_says("printed", order)
    second.presses("打印面单", station="工位B7", printer="P2")
    second.sees(REFUSED)
    label = Label.objects.get()
    assert label.state == "printed"
    assert PrintAttempt.objects.filter(order=order, outcome="granted").count() == 1

    # The lock stands first, with both attempts: who, where, when.
    top = second.page.locator(".tower-columns .tower-card").first
    expect(top).to_contain_text("先处理：订单被锁住了")
    box = top.bounding_box()
    assert box is not None
    assert box["y"] < 450
    attempts = top.locator(".tower-attempts dl")
    expect(attempts).to_have_count(2)
    expect(attempts.nth(0).locator("dd")).to_have_text([f"后台 {first.name}", "工位A3 P1", RECENTLY])
    expect(attempts.nth(1).locator("dd")).to_have_text([f"后台 {second.name}", "工位B7 P2", RECENTLY])

    # The group hears of it, without personal data.
    tower.works()
    [message] = tower.messages()
    one, two = [line for line in message.splitlines() if "第一次" in line or "第二次" in line]
    assert order.platform_order_id in message
    assert all(word in one for word in (first.name, "工位A3", "P1", label.waybill))
    assert all(word in two for word in (second.name, "工位B7", "P2", label.waybill))

    # Who attempted cannot lift, though the role could.
    hold = Hold.objects.get()
    second.goes_to("复核队列")
    expect(second.review_of(order)).to_contain_text("不能由您处理")
    second.decides(order, "解封", REASON)
    second.sees("解封被拒绝：双人复核")
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN

    manager = office(Role.OPS_MANAGER)
    manager.goes_to("复核队列")
    row = manager.review_of(order)
    for text in ("重复打单", "双人复核", "第一次", first.name, "工位A3 P1", "第二次", second.name, "工位B7 P2"):
        expect(row).to_contain_text(text)
    manager.decides(order, "解封", REASON)
    manager.sees("解封：已完成", "没有等待复核的锁单")

    manager.opens_order(order)
    manager.sees("处理过的锁单")
    assert "先处理" not in manager.page.inner_text("body")
    expect(manager.timeline("锁单").filter(has_text="重复打单")).to_have_count(1)
    refusal = manager.timeline("打印面单").filter(has_text="被拒绝")
    expect(refusal).to_have_count(1)
    expect(refusal).to_contain_text(second.name)
    expect(refusal).to_contain_text("工位B7")
    lifted = manager.timeline(REASON).filter(has_text=manager.name)
    expect(lifted).to_have_count(1)
    order.refresh_from_db()
    assert not order.held
    assert [desk.troubles for desk in (first, second, manager)] == [[], [], []]
