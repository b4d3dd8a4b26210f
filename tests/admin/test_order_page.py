"""The one page of an order: what stops it, who can help, and exactly the buttons that this person may press."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.lifecycle import Role
from orders.models import Event, Order, Parcel
from orders.services.labels import request_print
from tests.admin.pages import act, order_page, said, text_of
from tests.admin.world import Seller


def buttons(client: Client, order: Order) -> set[str]:
    """The acts whose forms are on the page."""
    import re

    html = client.get(order_page(order.pk)).content.decode()
    return set(re.findall(rf'action="/admin/orders/order/{order.pk}/acts/([a-z_]+/[a-z_]+)/"', html))


def test_a_held_order_says_first_what_stops_it_on_what_evidence_and_who_can_help(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1001")
    seller.prints_twice(order, "YT1001")
    text = text_of(browser(Role.CS).get(order_page(order.pk)))
    assert "先处理：订单被锁住了" in text
    assert "重复打单" in text
    for evidence in ("A3 P1", "B1 P2", "王发货员", "请找运营主管处理"):
        assert evidence in text


def test_the_receiver_is_shown_masked(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1002", phone="13912345678")
    html = browser(Role.CS).get(order_page(order.pk)).content.decode()
    assert "李**" in html
    assert "李雷" not in html
    assert "13912345678" not in html
    assert "文三路" not in html


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (Role.CS, {"order/release", "order/cancel", "hold/hold"}),
        (Role.OPS_MANAGER, {"order/release", "order/cancel", "hold/hold"}),
        (Role.WAREHOUSE_LEAD, {"hold/hold"}),
        (Role.AUDITOR, set()),
        (Role.FINANCE, set()),
    ],
)
def test_a_paid_order_offers_each_role_exactly_its_moves(
    seller: Seller, browser: Callable[..., Client], role: Role, wanted: set[str]
) -> None:
    assert buttons(browser(role), seller.sells("1003")) == wanted


def test_a_parcel_offers_its_moves_to_those_who_may(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1004")
    seller.releases(order)
    assert {"parcel/pack", "parcel/void"} <= buttons(browser(Role.WAREHOUSE_LEAD), order)
    assert "parcel/pack" not in buttons(browser(Role.CS), order)


def test_showing_the_page_changes_nothing(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1005")
    before = (order.version, Event.objects.count())
    browser(Role.CS).get(order_page(order.pk))
    order.refresh_from_db()
    assert (order.version, Event.objects.count()) == before


def test_a_move_is_made_by_the_person_who_pressed_and_stands_on_the_time_line(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1006")
    response = act(browser(Role.CS), order, "order", "release")
    assert said(response) == ["推送仓库：已完成"]
    order.refresh_from_db()
    assert order.state == "to_pick"
    event = Event.objects.get(stream=order.stream, verb="release")
    assert (event.actor, event.role) == (f"person:{seller.people[Role.CS].pk}", "cs")
    assert "后台 王客服" in text_of(response)


def test_the_way_from_packing_to_hand_over_goes_by_buttons(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1007")
    parcel = seller.releases(order)
    lead, shipper = browser(Role.WAREHOUSE_LEAD), browser(Role.SHIPPER)
    act(lead, order, "parcel", "pack", parcel=parcel.pk, weight_grams="420")
    assert said(act(shipper, order, "label", "waybill", parcel=parcel.pk, carrier="sf")) == ["取单号：已完成"]
    parcel = Parcel.objects.get(pk=parcel.pk)
    assert (parcel.state, parcel.weight_grams) == ("packed", 420)
    assert parcel.labels.get().carrier == "sf"


def test_a_stale_version_changes_nothing_and_says_why(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1008")
    response = act(browser(Role.CS), order, "order", "release", version=order.version - 1)
    assert "已被他人修改" in said(response)[0]
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_refusal_shows_its_reason_and_stays_on_the_time_line(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1009")
    parcel = seller.releases(order)
    response = act(browser(Role.CS), order, "parcel", "pack", parcel=parcel.pk)
    assert "没有“确认打包”的权限" in said(response)[0]
    assert "被拒绝" in text_of(response)
    assert Event.objects.filter(stream=order.stream, verb="pack", result="refused").count() == 1
    assert Parcel.objects.get(pk=parcel.pk).state == "to_pick"


def test_a_reason_is_asked_where_the_policy_asks_one(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1010")
    assert "请填写原因" in said(act(browser(Role.CS), order, "order", "cancel"))[0]
    assert said(act(browser(Role.CS), order, "order", "cancel", reason="买家不要了")) == ["取消订单：已完成"]


def test_a_held_order_moves_no_further_until_its_hold_is_lifted(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1011")
    act(browser(Role.CS), order, "hold", "hold", reason="等客户回电", hold_reason="address_unverified")
    assert "order/release" not in buttons(browser(Role.CS), order)
    assert "锁单" in said(act(browser(Role.CS), order, "order", "release"))[0]
    hold = order.holds.get()
    act(browser(Role.OPS_MANAGER), order, "hold", "lift", hold=hold.pk, reason="已确认地址", outcome="false_alarm")
    assert said(act(browser(Role.CS), order, "order", "release")) == ["推送仓库：已完成"]


def test_a_parcel_or_hold_of_another_order_cannot_be_smuggled_in(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    order = seller.sells("1012")
    seller.releases(order)
    theirs = neighbour.releases(neighbour.sells("1013"))
    response = act(browser(Role.WAREHOUSE_LEAD), order, "parcel", "void", parcel=theirs.pk, reason="x")
    assert response.status_code == 404
    assert Parcel.objects.get(pk=theirs.pk).state == "to_pick"


def test_acts_are_done_by_post_alone(seller: Seller, browser: Callable[..., Client]) -> None:
    order = seller.sells("1014")
    page = reverse("admin:orders_order_act", args=[order.pk, "order", "release"])
    assert browser(Role.CS).get(page).status_code == 405
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(seller.people[Role.CS], backend="django.contrib.auth.backends.ModelBackend")
    assert guarded.post(page, {"version": order.version}).status_code == 403
    assert Order.objects.get(pk=order.pk).state == "paid"


def page_queries(client: Client, order: Order) -> int:
    client.get(order_page(order.pk))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(order_page(order.pk)).status_code == 200
    return len(captured)


def test_a_long_story_takes_as_many_queries_as_a_short_one(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)
    short, long = seller.sells("1015"), seller.sells("1016", lines=20)
    seller.prints_twice(short, "YT1015")
    seller.prints_twice(long, "YT1016")
    parcel = Parcel.objects.distinct().get(lines__order_line__order=long)
    for _ in range(10):
        request_print(parcel.pk, cause=seller.cause(Role.SHIPPER), station="B1")
    for number in range(10):
        act(client, long, "hold", "hold", reason=f"第 {number} 次", parcel=parcel.pk)
    assert page_queries(client, long) == page_queries(client, short)


def test_more_parcels_take_no_more_queries(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.WAREHOUSE_LEAD)
    order = seller.sells("1017", lines=6)
    first = seller.releases(order)
    one = page_queries(client, order)
    for index, line in enumerate(first.lines.order_by("pk")[1:]):
        other = Parcel.objects.create(
            company=seller.company, warehouse=seller.warehouse, number=f"{first.number}-x{index}"
        )
        line.parcel = other
        line.save()
    assert page_queries(client, order) == one


def test_older_entries_of_the_time_line_are_a_page_further(
    seller: Seller, browser: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = seller.sells("1018")
    seller.prints(order, "YT1018")
    newest = Event.objects.filter(stream=order.stream).count()
    page = reverse("admin:orders_order_timeline", args=[order.pk])
    text = text_of(browser(Role.CS).get(page, {"before": 2}))
    assert newest > 2
    assert "订单进入指挥塔" in text
    assert "取得面单号" not in text
