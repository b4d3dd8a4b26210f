"""复核队列: the most urgent first, both attempts shown, decided in one click and a reason, never by who caused it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.lifecycle import Role
from orders.models import Hold
from orders.services.holds import place_hold
from orders.services.roles import grant
from tests.admin.pages import said, text_of
from tests.admin.world import Seller

QUEUE = "/admin/review/"


def decide(client: Client, hold_id: int, act: str = "lift", **more: str) -> object:
    body = {"act": act, "reason": "已核实", "outcome": "false_alarm", **more}
    return client.post(reverse("admin:review_decide", args=[hold_id]), body, follow=True)


def test_a_double_print_shows_both_attempts_before_what_only_waits(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    seller.prints_twice(seller.sells("1001"), "YT1")
    place_hold(seller.sells("1002").pk, note="等客户回电", cause=seller.cause(Role.CS))
    text = text_of(browser(Role.OPS_MANAGER).get(QUEUE))
    assert text.index("1001") < text.index("1002")
    for evidence in ("第一次", "A3 P1", "第二次", "B1 P2", "YT1"):
        assert evidence in text


@pytest.mark.parametrize("outcome", ["false_alarm", "confirmed"])
def test_a_manager_lifts_with_a_reason_and_an_outcome(
    seller: Seller, browser: Callable[..., Client], outcome: str
) -> None:
    hold_id = seller.prints_twice(seller.sells("1003"), "YT3")
    response = decide(browser(Role.OPS_MANAGER), hold_id, outcome=outcome, reason="面单没有出纸")
    assert said(response) == ["解封：已完成"]
    hold = Hold.objects.get(pk=hold_id)
    assert (hold.state, hold.outcome, hold.decision) == ("lifted", outcome, "面单没有出纸")
    assert hold.decided_by == seller.people[Role.OPS_MANAGER]


def test_what_is_confirmed_stays_locked(seller: Seller, browser: Callable[..., Client]) -> None:
    hold_id = seller.prints_twice(seller.sells("1004"), "YT4")
    assert said(decide(browser(Role.OPS_MANAGER), hold_id, "confirm")) == ["确认异常：已完成"]
    hold = Hold.objects.get(pk=hold_id)
    assert (hold.state, hold.outcome) == ("open", "confirmed")
    assert hold.order.held


def test_without_a_reason_nothing_is_decided(seller: Seller, browser: Callable[..., Client]) -> None:
    hold_id = seller.prints_twice(seller.sells("1005"), "YT5")
    assert said(decide(browser(Role.OPS_MANAGER), hold_id, reason="  ")) == ["请填写原因后再处理"]
    assert Hold.objects.get(pk=hold_id).state == "open"


def test_whoever_took_part_in_a_double_print_may_not_lift_it_and_is_told_so(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    both = seller.people[Role.SHIPPER]
    grant(both, seller.company, Role.OPS_MANAGER)
    hold_id = seller.prints_twice(seller.sells("1006"), "YT6")
    client = browser(Role.SHIPPER)
    assert "不能由您处理" in text_of(client.get(QUEUE))
    assert "双人复核" in said(decide(client, hold_id))[0]
    assert Hold.objects.get(pk=hold_id).state == "open"


def test_who_may_not_decide_is_told_who_can(seller: Seller, browser: Callable[..., Client]) -> None:
    hold_id = seller.prints_twice(seller.sells("1007"), "YT7")
    client = browser(Role.CS)
    response = client.get(QUEUE)
    assert "请找运营主管处理" in text_of(response)
    assert reverse("admin:review_decide", args=[hold_id]) not in response.content.decode()
    assert "没有“解封”的权限" in said(decide(client, hold_id))[0]
    assert Hold.objects.get(pk=hold_id).state == "open"


def test_another_companys_holds_are_not_in_the_queue(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    hold_id = neighbour.prints_twice(neighbour.sells("1008"), "YT8")
    client = browser(Role.OPS_MANAGER)
    assert "1008" not in text_of(client.get(QUEUE))
    assert decide(client, hold_id).status_code == 404  # type: ignore[attr-defined]
    assert Hold.objects.get(pk=hold_id).state == "open"


def test_the_queue_takes_as_many_queries_for_many_as_for_one(seller: Seller, browser: Callable[..., Client]) -> None:
    client = browser(Role.OPS_MANAGER)

    def queries() -> int:
        client.get(QUEUE)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(QUEUE).status_code == 200
        return len(captured)

    seller.prints_twice(seller.sells("1100"), "YT1100")
    one = queries()
    for number in range(1101, 1110):
        seller.prints_twice(seller.sells(str(number)), f"YT{number}")
    assert queries() == one


def test_the_side_bar_counts_what_waits(seller: Seller, browser: Callable[..., Client]) -> None:
    seller.prints_twice(seller.sells("1201"), "YT1201")
    seller.prints_twice(seller.sells("1202"), "YT1202")
    assert "复核队列 2" in text_of(browser(Role.OPS_MANAGER).get("/admin/"))


def test_the_queue_is_filtered_by_reason_and_stays_so_after_a_decision(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    first = seller.prints_twice(seller.sells("1301"), "YT1301")
    seller.prints_twice(seller.sells("1302"), "YT1302")
    place_hold(seller.sells("1303").pk, note="x", cause=seller.cause(Role.CS))
    client = browser(Role.OPS_MANAGER)
    assert "1303" not in text_of(client.get(QUEUE, {"reason": "duplicate_print"}))
    response = decide(client, first, chosen="duplicate_print")
    assert response.request["QUERY_STRING"] == "reason=duplicate_print"  # type: ignore[attr-defined]
