"""改址 and 拦截申请: a yes or a no at the case or at the order, by those whose policy says so; scans to look at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders import clock
from orders.lifecycle import CauseKind, Role
from orders.models import AddressChange, AfterSale, Event, InterceptRequest, Order, Scan
from orders.vocabulary import AddressSnapshot, CustomerRequest
from tests.admin.pages import order_page, said, text_of
from tests.admin.world import Seller

MODELS: dict[str, Any] = {"address": AddressChange, "intercept": InterceptRequest}
LISTS = {"address": "/admin/orders/addresschange/", "intercept": "/admin/orders/interceptrequest/"}


def asks(seller: Seller, order: Order, kind: str) -> Any:
    now = clock.now()
    receiver = AddressSnapshot(
        name="王小明", phone="13800001111", province="浙江省", city="杭州市", address="文三路 2 号"
    )
    request = CustomerRequest(
        kind=kind, request_id=f"R-{kind}", status="open", requested_at=now, updated_at=now,
        receiver=receiver if kind == "address" else None,
    )  # fmt: skip
    outcome = seller.hears(f"{order.pk}:{kind}", order.platform_order_id, request, CauseKind.PLATFORM)
    assert outcome.ok, outcome.detail
    order.refresh_from_db()
    return MODELS[kind].objects.get(order=order)


def answer(client: Client, case: Any, **fields: Any) -> Any:
    page = reverse(f"admin:orders_{case._meta.model_name}_answer", args=[case.pk])
    return client.post(page, {"version": case.order.version, "back": "case", **fields}, follow=True)


@pytest.mark.parametrize("kind", MODELS)
def test_a_no_is_given_with_its_reason_and_frees_the_order(
    seller: Seller, browser: Callable[..., Client], kind: str
) -> None:
    case = asks(seller, seller.sells("1001"), kind)
    client = browser(Role.CS)
    assert "1001" in text_of(client.get(LISTS[kind]))
    assert "拒绝要写明原因" in said(answer(client, case, answer="refuse"))[0]
    assert said(answer(client, case, answer="refuse", reason="已打包")) == ["答复买家申请：已完成"]
    case.refresh_from_db()
    assert (case.state, case.entered_by, case.order.held) == ("refused", seller.people[Role.CS], False)
    event = Event.objects.get(verb="case_answered")
    assert (event.reason, event.facts["accepted"]) == ("已打包", False)
    assert "1001" not in text_of(client.get(LISTS[kind]))


@pytest.mark.parametrize("kind", MODELS)
def test_a_yes_is_given_on_the_orders_page_and_waits_for_the_platform(
    seller: Seller, browser: Callable[..., Client], kind: str
) -> None:
    order = seller.sells("1001")
    case = asks(seller, order, kind)
    client = browser(Role.CS)
    html = client.get(order_page(order.pk)).content.decode()
    assert reverse(f"admin:orders_{case._meta.model_name}_answer", args=[case.pk]) in html
    response = answer(client, case, answer="accept", back="order")
    assert response.redirect_chain[-1][0] == order_page(order.pk)
    assert "已答复，等平台生效" in text_of(response)
    case.refresh_from_db()
    assert (case.state, case.act, case.order.held) == ("open", "accept", True)


def test_who_may_not_answer_is_told_whom_to_ask(seller: Seller, browser: Callable[..., Client]) -> None:
    case = asks(seller, seller.sells("1001"), "address")
    auditor = browser(Role.AUDITOR)
    page = text_of(auditor.get(reverse("admin:orders_addresschange_change", args=[case.pk])))
    assert "请找运营主管、客服处理" in page
    assert "被拒绝" in said(answer(auditor, case, answer="accept"))[0]
    assert answer(browser(Role.WAREHOUSE_LEAD), case, answer="accept").status_code == 403
    case.refresh_from_db()
    assert (case.state, case.act) == ("open", "")


def test_an_answer_to_what_was_changed_meanwhile_is_not_given(seller: Seller, browser: Callable[..., Client]) -> None:
    case = asks(seller, seller.sells("1001"), "address")
    told = said(answer(browser(Role.CS), case, answer="accept", version=case.order.version - 1))
    assert "已被他人修改" in told[0]
    case.refresh_from_db()
    assert case.act == ""


def test_another_companys_case_is_not_found(seller: Seller, neighbour: Seller, browser: Callable[..., Client]) -> None:
    case = asks(seller, seller.sells("1001"), "intercept")
    client = browser(neighbour.people[Role.CS])
    assert answer(client, case, answer="refuse", reason="x").status_code == 404
    assert "1001" not in text_of(client.get(f"{LISTS['intercept']}?state=all"))
    case.refresh_from_db()
    assert case.state == "open"


def test_a_case_is_answered_by_post_alone(seller: Seller, browser: Callable[..., Client]) -> None:
    case = asks(seller, seller.sells("1001"), "address")
    assert browser(Role.CS).get(reverse("admin:orders_addresschange_answer", args=[case.pk])).status_code == 404


def test_after_sales_are_listed_open_first_with_the_platforms_deadline(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    order, now = seller.sells("1001"), clock.now()
    for number, state in (("T1", "open"), ("T2", "done")):
        AfterSale.objects.create(
            order=order, refund_id=number, state=state, requested_at=now, source_at=now, answer_by=now
        )
    text = text_of(browser(Role.CS).get("/admin/orders/aftersale/"))
    assert "T1" in text
    assert "T2" not in text
    assert "T2" in text_of(browser(Role.FINANCE).get("/admin/orders/aftersale/?state=done"))


def test_scans_are_found_by_order_and_verdict_and_by_nobody_elses(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    lead = seller.people[Role.WAREHOUSE_LEAD]
    for number, verdict in (("1001", "stop"), ("1002", "pass")):
        Scan.objects.create(
            company=seller.company, nonce=number, code=f"YT{number}", act="ship", verdict=verdict, user=lead,
            order=seller.sells(number), station="A3", reason="已锁单", scanned_at=clock.now(),
        )  # fmt: skip
    page = "/admin/orders/scan/"
    client = browser(Role.WAREHOUSE_LEAD)
    text = text_of(client.get(page))
    for words in ("YT1001", "停发", "交接", "王组长", "A3", "已锁单"):
        assert words in text, words
    found = text_of(client.get(f"{page}?q=1001"))
    assert "YT1001" in found
    assert "YT1002" not in found
    assert "YT1002" not in text_of(client.get(f"{page}?verdict=stop"))
    assert "YT1001" not in text_of(browser(neighbour.people[Role.WAREHOUSE_LEAD]).get(page))
    row = Scan.objects.first()
    assert row is not None
    assert client.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 403
