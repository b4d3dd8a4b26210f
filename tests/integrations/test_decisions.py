"""Questions that want their answer in the reply: a yes only where it harms nobody, else a case for a person."""

import json
from typing import Any

import pytest
from django.test import Client

from integrations import decisions, inbox, jobs
from integrations.models import Connection, Job, Receipt
from integrations.platforms.taobao import adapter
from orders.lifecycle import Move, Role
from orders.models import AddressChange, InterceptRequest, Order
from orders.services.cases import answer_request
from orders.services.move import move
from ordertower import dispatch
from tests.integrations.test_hooks import ASKED, ask
from tests.laws.cast import SYSTEM, Seller, person, seller

pytestmark = pytest.mark.django_db
STOP = "qimen.taobao.qianniu.cloudkefu.order.self.intercept"


@pytest.fixture
def shop() -> Seller:
    return seller()


@pytest.fixture
def taobao(shop) -> Connection:
    return shop.taobao()


def said(client: Client, to: Connection, order_id: str, *, method: str = ASKED) -> dict[str, str]:
    body = json.dumps({"bizOrderId": order_id, "oaid": "NEW-OAID", "buyerNick": "王**"}).encode()
    answer = ask(client, to, body, method=method)
    assert answer.status_code == 200
    result: dict[str, str] = json.loads(answer.content)["result"]
    return result


def test_an_order_that_nobody_began_may_be_changed_and_waits_for_the_new_address(client, shop, taobao):
    order = shop.sells()
    assert said(client, taobao, order.platform_order_id) == {"success": "true"}
    order.refresh_from_db()
    assert order.held
    assert AddressChange.objects.get(order=order).state == "open"


def test_an_order_in_the_warehouse_s_hands_goes_to_a_person(client, shop, taobao):
    order = shop.sells()
    assert move(order.pk, Move.RELEASE, cause=SYSTEM).ok
    answer = said(client, taobao, order.platform_order_id, method=STOP)
    assert (answer["success"], answer["errorCode"]) == ("false", "MANUAL_REVIEW")
    assert InterceptRequest.objects.get(order=order).state == "open"
    order.refresh_from_db()
    assert order.held


def test_an_order_the_tower_does_not_know_is_refused_and_its_case_opens_when_it_comes(client, shop, taobao, clock):
    assert said(client, taobao, "2026111199999999")["success"] == "false"
    assert Receipt.objects.get().state == "waiting"
    order = shop.sells(order_id="2026111199999999")
    clock.advance(minutes=11)
    inbox.retry_waiting()
    assert AddressChange.objects.get(order=order).state == "open"


def test_the_same_question_twice_is_one_case_and_the_same_answer(client, shop, taobao):
    order = shop.sells()
    first = said(client, taobao, order.platform_order_id)
    assert said(client, taobao, order.platform_order_id) == first
    assert AddressChange.objects.count() == 1


def test_whatever_breaks_while_deciding_the_answer_is_a_person(client, shop, taobao, monkeypatch):
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(decisions, "decide_request", breaks)
    order = shop.sells()
    assert said(client, taobao, order.platform_order_id)["errorMsg"] == "转人工处理"
    assert AddressChange.objects.get(order=order).state == "open"


def test_a_yes_that_comes_too_late_is_a_no(client, shop, taobao, monkeypatch):
    monkeypatch.setattr(decisions, "SECONDS", -1)
    assert said(client, taobao, shop.sells().platform_order_id)["success"] == "false"


def test_a_question_nobody_has_heard_of_is_kept_and_goes_to_a_person(client, shop, taobao):
    order = shop.sells()
    assert said(client, taobao, order.platform_order_id, method="qimen.taobao.unheard.of")["success"] == "false"
    assert Receipt.objects.count() == 1
    assert not AddressChange.objects.exists()


def test_a_person_s_answer_is_carried_to_a_platform_that_waits_for_it(client, shop, taobao, monkeypatch):
    carried = []
    monkeypatch.setattr(type(adapter), "capabilities", adapter.capabilities | {"answer"})
    monkeypatch.setattr(type(adapter), "answer", lambda self, access, wish: carried.append(wish))
    order = shop.sells()
    assert move(order.pk, Move.RELEASE, cause=SYSTEM).ok
    said(client, taobao, order.platform_order_id)
    case = AddressChange.objects.get()
    assert answer_request("address", case.pk, accepted=False, reason="已打包", cause=person(shop.user(Role.CS))).ok
    dispatch.drain_all()
    [job] = Job.objects.filter(kind="answer_platform")
    jobs.run(job.pk)
    [wish] = carried
    assert (wish.kind, wish.request_id, wish.accepted, wish.reason) == ("address", case.source_key, False, "已打包")
    assert wish.platform_order_id == Order.objects.get().platform_order_id


def test_what_the_reply_itself_said_needs_no_telling(client, shop, taobao):
    said(client, taobao, shop.sells().platform_order_id)
    dispatch.drain_all()
    assert not Job.objects.filter(kind="answer_platform").exists()
