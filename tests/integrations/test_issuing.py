"""Whose number a label gets, and where a dead label's number goes back: one choice for both."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.issuing import issuer_for, issuer_of
from integrations.models import Connection, Job
from orders.lifecycle import Move, Role
from orders.models import Label
from orders.services.labels import request_waybill, waybill_issued
from orders.services.move import move_parcel
from ordertower import dispatch
from tests.integrations.sf.street import SETTINGS
from tests.laws.cast import RECEIVER, SYSTEM, Seller, order_of, person, seller
from tests.orders import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Seller:
    made = seller()
    made.taobao()
    return made


def sf(of: Seller, name: str = "顺丰", *, issues: str = "是", **scope: Any) -> Connection:
    made = Connection.objects.create(
        **{
            "company_id": of.company_id,
            "adapter": "sf",
            "name": name,
            "base_url": "http://127.0.0.1:9/sf",
            "settings": {**SETTINGS, "issues_waybills": issues},
            **scope,
        }
    )
    made.set_secrets({"check_word": "x"})
    made.save()
    return made


def label_of(shop: Seller, carrier: str = "sf", **fields: Any) -> Label:
    order = shop.sells(**fields)
    made = factories.parcel(order)
    return Label.objects.create(parcel=made, carrier=carrier, address_version=order.address_version)


def chosen(label: Label) -> str:
    found = issuer_for(order_of(label.parcel), label)
    return found.adapter if found else ""


def test_the_platform_issues_where_nobody_said_otherwise(shop: Seller) -> None:
    assert chosen(label_of(shop)) == "taobao"
    sf(shop, issues="否")
    assert chosen(label_of(shop)) == "taobao"


def test_a_courier_s_connection_of_the_shop_that_may_not_issue_is_not_taken_for_the_platform(shop: Seller) -> None:
    Connection.objects.all().delete()
    sf(shop, issues="否", shop=shop.shop)
    assert chosen(label_of(shop)) == ""


def test_the_courier_s_own_connection_issues_its_own_labels_and_no_others(shop: Seller) -> None:
    sf(shop)
    assert chosen(label_of(shop)) == "sf"
    assert chosen(label_of(shop, "yto")) == "taobao"
    assert chosen(label_of(shop, "")) == "taobao"


def test_a_connection_for_all_couriers_issues_nothing(shop: Seller) -> None:
    Connection.objects.create(
        company_id=shop.company_id, adapter="kuaidi100", name="快递100", base_url="http://127.0.0.1:9"
    )
    assert chosen(label_of(shop)) == "taobao"


@pytest.mark.parametrize("elsewhere", ["company", "warehouse", "shop", "disabled"])
def test_a_connection_that_does_not_speak_for_this_parcel_issues_nothing(shop: Seller, elsewhere: str) -> None:
    company = shop.shop.company
    scope = {
        "company": {"company_id": factories.company().pk},
        "warehouse": {"warehouse": factories.warehouse(company)},
        "shop": {"shop": factories.shop(company)},
        "disabled": {"enabled": False},
    }[elsewhere]
    sf(shop, **scope)
    label = label_of(shop)
    label.parcel.warehouse = shop.warehouse
    label.parcel.save()
    assert chosen(label) == "taobao"


def test_the_warehouse_s_own_contract_goes_before_the_company_s(shop: Seller) -> None:
    sf(shop, "公司月结")
    own = sf(shop, "仓库月结", warehouse=shop.warehouse)
    label = label_of(shop)
    label.parcel.warehouse = shop.warehouse
    label.parcel.save()
    assert issuer_for(order_of(label.parcel), label) == own


def test_a_receiver_whom_only_the_platform_knows_gets_the_platform_s_number(shop: Seller) -> None:
    sf(shop)
    masked = replace(RECEIVER, name="王**", phone="*******1111", key="OAID-1", masked=True)
    assert chosen(label_of(shop, receiver=masked)) == "taobao"
    # Without a platform that could, the courier is asked and says why not.
    Connection.objects.filter(adapter="taobao").delete()
    assert chosen(label_of(shop, receiver=masked)) == "sf"


def issued(shop: Seller) -> Label:
    parcel = shop.packed()
    asked = request_waybill(parcel.pk, carrier="sf", cause=SYSTEM)
    dispatch.drain_all()
    label = Label.objects.get(pk=asked.made["label"])
    assert waybill_issued(label.pk, carrier="sf", waybill=f"SF7{label.pk:012}", cause=SYSTEM).ok
    return label


def test_a_number_goes_back_to_where_it_came_from_whatever_is_set_by_then(shop: Seller) -> None:
    own = sf(shop)
    label = issued(shop)
    assert Job.objects.get(kind="issue_waybill").connection == own
    own.settings = {**own.settings, "issues_waybills": "否"}
    own.save()
    assert chosen(label) == "taobao"
    assert issuer_of(order_of(label.parcel), label) == own
    lead = person(shop.user(Role.WAREHOUSE_LEAD))
    assert move_parcel(label.parcel_id, Move.VOID, cause=lead, reason="破损").ok
    dispatch.drain_all()
    job = Job.objects.get(kind="cancel_waybill")
    assert (job.connection, job.payload["label"]) == (own, label.pk)


def test_a_number_of_the_platform_goes_back_to_the_platform(shop: Seller) -> None:
    label = issued(shop)
    sf(shop)
    found = issuer_of(order_of(label.parcel), label)
    assert found is not None
    assert found.adapter == "taobao"
