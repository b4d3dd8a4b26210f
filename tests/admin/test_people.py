"""People and warehouses: a role brings its pages and moves, goes with them, and nobody gives one to themselves."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.lifecycle import Role
from orders.models import Membership, SkuMap
from tests.admin.pages import text_of
from tests.admin.world import Seller

ADD = "/admin/orders/membership/add/"


def test_a_role_is_given_with_its_pages_and_taken_with_them(seller: Seller, browser: Callable[..., Client]) -> None:
    new = User.objects.create_user("xiaoming")
    client = browser(Role.ADMIN)
    client.post(ADD, {"user": new.pk, "company": seller.company.pk, "role": "cs"})
    membership = Membership.objects.get(user=new)
    new.refresh_from_db()
    assert new.is_staff
    assert new.groups.get().name == "cs"
    client.post(reverse("admin:orders_membership_delete", args=[membership.pk]), {"post": "yes"})
    again = User.objects.get(pk=new.pk)
    assert not again.is_staff
    assert not again.groups.exists()
    assert not Membership.objects.filter(user=new).exists()


def test_nobody_gives_themselves_a_role(seller: Seller, browser: Callable[..., Client]) -> None:
    me = seller.people[Role.ADMIN]
    response = browser(Role.ADMIN).post(ADD, {"user": me.pk, "company": seller.company.pk, "role": "ops_manager"})
    assert "不能给自己任职" in text_of(response)
    assert Membership.objects.filter(user=me).count() == 1


def test_nobody_gives_a_role_in_another_company(
    seller: Seller, neighbour: Seller, browser: Callable[..., Client]
) -> None:
    new = User.objects.create_user("xiaoming")
    browser(Role.ADMIN).post(ADD, {"user": new.pk, "company": neighbour.company.pk, "role": "cs"})
    assert not Membership.objects.filter(user=new).exists()


def test_an_administrator_makes_nobody_a_superuser_and_sees_none(
    seller: Seller, browser: Callable[..., Client]
) -> None:
    chief = User.objects.create_superuser("chief")
    colleague = seller.people[Role.CS]
    client = browser(Role.ADMIN)
    page = reverse("admin:auth_user_change", args=[colleague.pk])
    assert "is_superuser" not in client.get(page).content.decode()
    client.post(page, {"username": colleague.username, "is_superuser": "on", "is_active": "on", "last_name": "李"})
    colleague.refresh_from_db()
    assert (colleague.is_superuser, colleague.last_name) == (False, "李")
    assert client.get(reverse("admin:auth_user_change", args=[chief.pk])).status_code == 302
    assert client.get(reverse("admin:auth_user_password_change", args=[chief.pk])).status_code == 404


def test_whoever_accepts_a_warehouses_word_answers_for_it(seller: Seller, browser: Callable[..., Client]) -> None:
    body = {
        "company": seller.company.pk, "name": "杭州仓", "code": "HZ", "default_carrier": "yto", "mode": "guarding",
        "printed_by": "tower", "accepts_wms_pack": "on",
    }  # fmt: skip
    client = browser(Role.ADMIN)
    page = reverse("admin:orders_warehouse_change", args=[seller.warehouse.pk])
    client.post(page, body)
    seller.warehouse.refresh_from_db()
    assert seller.warehouse.accepts_wms_pack_by == seller.people[Role.ADMIN]
    del body["accepts_wms_pack"]
    client.post(page, body)
    seller.warehouse.refresh_from_db()
    assert seller.warehouse.accepts_wms_pack_by is None


def test_a_changed_mapping_is_a_new_version(seller: Seller, browser: Callable[..., Client]) -> None:
    body = {"company": seller.company.pk, "sku": "CREAM-50", "goods": seller.goods.pk, "quantity": 2}
    browser(Role.OPS_MANAGER).post("/admin/orders/skumap/add/", body)
    old, new = SkuMap.objects.filter(sku="CREAM-50").order_by("version")
    assert old.valid_to is not None
    assert (new.version, new.quantity, new.valid_to) == (2, 2, None)
