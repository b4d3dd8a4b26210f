"""One order from the buyer's payment to the door, by people with a browser and a scanner, and everything in between."""

import pytest
from playwright.sync_api import expect

from orders.lifecycle import Role
from orders.models import Hold, Label, Order, PrintAttempt
from orders.services.verification import verify_trail
from tests.browser.desk import Office
from tests.browser.gun import Hall
from tests.browser.test_scanning_a_parcel_out import is_told
from tests.browser.tower import Tower

pytestmark = pytest.mark.browser


def test_an_order_goes_from_the_shop_to_the_door_and_its_second_label_does_not(
    tower: Tower, office: Office, hall: Hall
) -> None:
    # The order arrives, and 客服 finds it in the list.
    order = tower.receives()
    clerk = office(Role.CS)
    clerk.opens_order(order)
    clerk.sees("待拣货")
    parcel = tower.parcel(order)

    # 仓管组长 confirms 已打包 with the scanner; the number is fetched by itself.
    lead = hall(Role.WAREHOUSE_LEAD)
    lead.takes_up("pack")
    lead.scans(parcel.number)
    is_told(lead, "通过")
    tower.works()
    label = Label.objects.get(parcel=parcel)
    assert label.state == "live"

    # The label is printed once. The second print is refused and locks the order.
    picker = hall(Role.PICKER, station="A3")
    picker.takes_up("print")
    picker.scans(order.platform_order_id)
    picker.page.locator("#question").get_by_role("button", name="已打印").click()
    is_told(picker, "已打印")
    shipper = hall(Role.SHIPPER, station="B7")
    shipper.takes_up("print")
    shipper.scans(label.waybill)
    expect(shipper.stop_screen).to_contain_text("重复打单")
    shipper.handles_it()
    assert PrintAttempt.objects.filter(order=order, outcome="granted").count() == 1
    tower.works()
    [message] = tower.messages()
    assert order.platform_order_id in message

    # While it is locked it does not leave.
    shipper.takes_up("ship")
    shipper.scans(label.waybill)
    expect(shipper.stop_screen).to_contain_text("重复打单")
    shipper.handles_it()
    parcel.refresh_from_db()
    assert parcel.state == "packed"

    # Another person lifts the lock.
    manager = office(Role.OPS_MANAGER)
    manager.goes_to("复核队列")
    manager.decides(order, "解封", "已找回多余的面单并销毁")
    manager.sees("解封：已完成")
    tower.works()

    # It is handed over by a scan, the platform hears of it, and the courier takes it to the door.
    shipper.page.wait_for_timeout(1600)
    shipper.scans(label.waybill)
    is_told(shipper, "通过")
    tower.works()
    assert tower.platform_says(order) == "WAIT_BUYER_CONFIRM_GOODS"
    tower.courier_says(label.waybill, "103", "快件已揽收")
    clerk.opens_order(order)
    clerk.sees("已发货", "快件已揽收")
    tower.courier_says(label.waybill, "301", "本人签收")
    clerk.opens_order(order)
    clerk.sees("已签收")

    order.refresh_from_db()
    assert (order.state, order.held) == ("signed", False)
    assert Order.objects.count() == 1
    assert not Hold.objects.filter(state="open").exists()
    assert verify_trail().is_clean
    assert [one.troubles for one in (clerk, manager, lead, picker, shipper)] == [[], [], [], [], []]
