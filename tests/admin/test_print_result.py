"""A person at the printer says on the order's page what came out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from orders.lifecycle import Role
from orders.models import Label, Order, PrintAttempt
from orders.services.labels import request_print
from tests.admin.pages import order_page
from tests.admin.world import Seller


def granted(seller: Seller, number: str) -> tuple[Order, PrintAttempt]:
    order = seller.sells(number)
    parcel = seller.labels(order, f"YT{number}")
    request_print(parcel.pk, cause=seller.cause(Role.SHIPPER), station="A3", printer="P1")
    return order, PrintAttempt.objects.get(order=order)


def answer(client: Client, attempt: PrintAttempt, outcome: str) -> int:
    path = reverse("admin:orders_order_print_result", args=[attempt.order_id, attempt.pk, outcome])
    return client.post(path).status_code


@pytest.mark.parametrize(("outcome", "state"), [("printed", "printed"), ("failed", "failed")])
def test_what_the_worker_says_becomes_the_label_s_state(
    seller: Seller, browser: Callable[..., Client], outcome: str, state: str
) -> None:
    order, attempt = granted(seller, "3001")
    shipper = browser(Role.SHIPPER)
    assert "面单出纸了吗" in shipper.get(order_page(order.pk)).content.decode()
    answer(shipper, attempt, outcome)
    assert Label.objects.get(pk=attempt.label_id).state == state
    assert "面单出纸了吗" not in shipper.get(order_page(order.pk)).content.decode()


def test_who_may_not_print_may_not_report_a_print(seller: Seller, browser: Callable[..., Client]) -> None:
    _, attempt = granted(seller, "3002")
    answer(browser(Role.CS), attempt, "failed")
    assert Label.objects.get(pk=attempt.label_id).state == "claimed"


def test_an_attempt_of_another_company_is_not_there(seller: Seller, browser: Callable[..., Client], db: None) -> None:
    stranger = Seller("nandou", name="南斗美妆")
    _, attempt = granted(stranger, "3003")
    assert answer(browser(Role.SHIPPER), attempt, "failed") == 404
    assert Label.objects.get(pk=attempt.label_id).state == "claimed"


def test_a_look_by_get_changes_nothing(seller: Seller, browser: Callable[..., Client]) -> None:
    _, attempt = granted(seller, "3004")
    path = reverse("admin:orders_order_print_result", args=[attempt.order_id, attempt.pk, "failed"])
    assert browser(Role.SHIPPER).get(path).status_code == 405
    assert Label.objects.get(pk=attempt.label_id).state == "claimed"
