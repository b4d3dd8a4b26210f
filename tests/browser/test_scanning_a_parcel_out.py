"""A parcel goes out by scans alone, and one that may not go does not: the page against the tower itself."""

import pytest
from playwright.sync_api import Route, expect

from orders.lifecycle import Role
from orders.models import Barcode, Goods, Label, Order, Parcel, PrintAttempt, Scan
from tests.browser.gun import Gun, Hall
from tests.browser.tower import Tower

pytestmark = pytest.mark.browser

BARCODE = "6901234567892"


@pytest.fixture
def order(tower: Tower) -> Order:
    return tower.receives()


def is_told(gun: Gun, word: str) -> None:
    expect(gun.flash.locator(".verdict-word")).to_have_text(word)
    gun.flash.click(position={"x": 5, "y": 5})


def pieces(parcel: Parcel) -> list[str]:
    """One barcode for each piece that goes into the box."""
    for place, goods in enumerate(Goods.objects.filter(packline__parcel=parcel).distinct()):
        Barcode.objects.create(goods=goods, code=f"{int(BARCODE) + place}")
    lines = parcel.pack_lines.order_by("pk")
    return [line.goods.barcodes.get().code for line in lines for _piece in range(line.quantity)]


def test_a_parcel_is_checked_packed_printed_and_handed_over(tower: Tower, hall: Hall, order: Order) -> None:
    parcel = tower.parcel(order)
    codes = pieces(parcel)
    assert codes

    lead = hall(Role.WAREHOUSE_LEAD)
    lead.takes_up("check")
    # A piece before its parcel is no way to begin.
    lead.scans(codes[0])
    expect(lead.stop_screen).to_contain_text("还没有打开包裹")
    lead.handles_it()
    lead.scans(parcel.number)
    is_told(lead, "通过")
    for place, code in enumerate(codes):
        if place and code == codes[place - 1]:
            lead.page.wait_for_timeout(1600)
        lead.scans(code)
        is_told(lead, "通过")
    expect(lead.page.locator(".all-done")).to_have_text("全部验完")
    # One piece too many is seen also when everything is in.
    lead.page.wait_for_timeout(1600)
    lead.scans(codes[-1])
    expect(lead.stop_screen).to_contain_text("多了一件")
    lead.handles_it()
    lead.page.locator("#acts").get_by_role("button", name="确认打包").click()
    is_told(lead, "通过")
    tower.works()

    shipper = hall(Role.SHIPPER, station="B7")
    shipper.takes_up("print")
    shipper.scans(order.platform_order_id)
    shipper.page.locator("#question").get_by_role("button", name="已打印").click()
    is_told(shipper, "已打印")
    label = Label.objects.get(parcel=parcel)
    assert label.state == "printed"
    [attempt] = PrintAttempt.objects.filter(order=order)
    assert (attempt.station, attempt.result) == ("B7", "printed")

    shipper.takes_up("ship")
    shipper.scans(parcel.number)
    expect(shipper.stop_screen).to_contain_text("请扫面单上的运单号")
    shipper.handles_it()
    shipper.scans(label.waybill)
    is_told(shipper, "通过")
    expect(shipper.page.locator(".tally b")).to_have_text("1件")
    shipper.page.wait_for_timeout(1600)
    shipper.scans(label.waybill)
    is_told(shipper, "重复")
    expect(shipper.page.locator(".tally b")).to_have_text("1件")
    parcel.refresh_from_db()
    assert parcel.state == "shipped"
    assert Scan.objects.filter(station="B7", verdict="pass", act="ship").count() == 1
    assert lead.troubles + shipper.troubles == []


def test_a_held_order_stops_at_the_scanner_and_nothing_moves(tower: Tower, hall: Hall, order: Order) -> None:
    tower.asks_money_back(order.platform_order_id)
    tower.works()
    lead = hall(Role.WAREHOUSE_LEAD)
    for job in ("look", "check", "pack"):
        lead.takes_up(job)
        lead.scans(order.platform_order_id)
        expect(lead.stop_screen.locator(".verdict-word")).to_have_text("停发")
        expect(lead.stop_screen).to_contain_text("申请退款")
        expect(lead.stop_screen).to_contain_text("由运营主管解封")
        lead.handles_it()
    assert tower.parcel(order).state == "to_pick"
    assert lead.troubles == []


def test_an_answer_that_was_lost_on_the_way_is_asked_again_and_done_once(
    tower: Tower, hall: Hall, order: Order
) -> None:
    lead = hall(Role.WAREHOUSE_LEAD)
    lost = iter([True])

    def loses_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        if next(lost, False):
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    lead.page.route("**/api/v1/scans/", loses_the_first_answer)
    lead.takes_up("pack")
    lead.scans(order.platform_order_id)
    is_told(lead, "通过")
    lead.waits_for(0)
    assert tower.parcel(order).state == "packed"
    assert Scan.objects.filter(act="pack").count() == 1


def test_a_half_code_and_a_strange_code_are_not_taken(tower: Tower, hall: Hall, order: Order) -> None:
    lead = hall(Role.WAREHOUSE_LEAD)
    lead.scans(order.platform_order_id[:-3])
    expect(lead.stop_screen).to_contain_text("条码不完整，请重扫")
    lead.handles_it()
    lead.scans("ZTO99999999999")
    expect(lead.stop_screen.locator(".verdict-word")).to_have_text("不认识")
