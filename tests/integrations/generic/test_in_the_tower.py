"""A described source seen by the whole tower: pushes and polls become orders, corrections reach what was parked."""

import copy
import json
from typing import Any

import pytest
from django.test import Client

from integrations import sync
from integrations.connecting import Where, WrongSettings, connect
from integrations.erp.generic.emulator import OldErpEmulator
from integrations.inbox import process_due, replay
from integrations.models import Connection, Receipt, Trouble
from integrations.platforms.generic.emulator import ShopEmulator
from orders.clock import FixedClock
from orders.models import Claim, Hold, Order
from tests.integrations.generic.conftest import (
    ERP_BASE,
    ERP_SECRETS,
    ERP_SETTINGS,
    SHOP_BASE,
    SHOP_MAPPING,
    SHOP_SECRETS,
    SHOP_SETTINGS,
    Wire,
)
from tests.integrations.generic.test_mapping import row
from tests.orders import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(time: FixedClock) -> Connection:
    company = factories.company()
    shop = factories.shop(company, platform="generic", warehouse=factories.warehouse(company))
    return connected("generic", company, SHOP_BASE, SHOP_SETTINGS, SHOP_SECRETS, shop=shop)


def connected(adapter: str, company: Any, base_url: str, settings: Any, secrets: Any, **more: Any) -> Connection:
    values = {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in settings.items()}
    made, new = connect(
        adapter, where=Where(company=company, **more), name=adapter, base_url=base_url, values={**values, **secrets}
    )
    assert new
    return made


def push(connection: Connection, *rows: dict[str, Any], body: bytes | None = None) -> None:
    connection.settings = {**connection.settings, "signature": "token"}
    connection.save()
    content = json.dumps({"list": rows}).encode() if body is None else body
    answer = Client().post(
        f"/hooks/{connection.adapter}/{connection.key}/",
        data=content,
        content_type="application/json",
        headers={"X-Token": connection.secrets()["push_secret"]},
    )
    assert answer.status_code == 200
    process_due()


def remap(connection: Connection, **changes: Any) -> None:
    mapping = copy.deepcopy(SHOP_MAPPING)
    for name, value in changes.items():
        mapping["order"][name] = value
    mapping["revision"] = int(connection.settings.get("mapping", {}).get("revision", 0)) + 1
    connection.settings = {**connection.settings, "mapping": mapping}
    connection.save()


def look(connection: Connection, time: FixedClock, *, after: float = 61) -> int:
    time.advance(seconds=after)
    new = sync.poll(Connection.objects.get(pk=connection.pk))
    process_due()
    return new


def order(number: str) -> Order:
    return Order.objects.get(platform_order_id=number)


def test_a_shops_orders_are_recorded_by_poll_and_once(
    shop: ShopEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    numbers = [shop.control("sell", {"kinds": 2})["tid"] for _one in range(3)]
    assert look(connection, time) == 3
    assert look(connection, time) == 0
    assert {order(number).state for number in numbers} == {"paid"}
    assert order(numbers[0]).lines.count() == 2
    assert not Receipt.objects.exclude(state=Receipt.State.DONE).exists()


def test_a_refund_at_the_shop_holds_the_order_until_it_is_withdrawn(
    shop: ShopEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    number = shop.control("sell", {})["tid"]
    look(connection, time)
    shop.control("refund", {"tid": number})
    look(connection, time)
    holds = Hold.objects.filter(order=order(number), reason="refund_requested")
    assert [hold.state for hold in holds] == ["open"]
    shop.control("refund", {"tid": number, "state": "已撤销"})
    look(connection, time)
    assert [hold.state for hold in holds.all()] == ["withdrawn"]


def test_a_new_address_is_a_new_version_and_a_cancelled_order_is_cancelled(
    shop: ShopEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    number = shop.control("sell", {})["tid"]
    look(connection, time)
    shop.control("change_address", {"tid": number})
    look(connection, time)
    assert order(number).address_version == 2
    shop.control("cancel", {"tid": number})
    look(connection, time)
    assert order(number).state == "cancelled"


def test_the_same_record_pushed_and_polled_is_one_fact(
    shop: ShopEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    sold = shop.control("sell", {})
    look(connection, time)
    push(connection, sold)
    assert Receipt.objects.count() == 1


def test_an_unlisted_word_is_unknown_counted_and_known_once_it_is_listed(connection: Connection) -> None:
    open_group = {"state": "待拼团", "payTime": ""}
    push(connection, row(tid="1", **open_group), row(tid="2", **open_group))
    assert {order("1").state, order("2").state} == {"pending_payment"}
    trouble = Trouble.objects.get(kind=Trouble.Kind.UNLISTED)
    assert "待拼团" in trouble.text
    assert (trouble.times, trouble.connection) == (2, connection)
    table = {"已付款": "paid", "待拼团": "已付款"}
    remap(connection, status={"path": "$.state", "values": table})
    push(connection, row(tid="1", **open_group))
    assert order("1").state == "paid"


def test_what_was_parked_under_a_wrong_mapping_is_read_again_under_the_right_one(connection: Connection) -> None:
    remap(connection, placed_at="$.remark")
    push(connection, row())
    receipt = Receipt.objects.get()
    assert (receipt.state, "“订单·下单时间”不是时间" in receipt.reason) == (Receipt.State.PARKED, True)
    remap(connection)
    assert replay(receipt.pk) == Receipt.State.DONE
    assert order(row()["tid"]).state == "paid"


def test_what_came_before_there_was_any_mapping_is_held_whole_and_read_later(connection: Connection) -> None:
    connection.settings = {**connection.settings, "mapping": {}}
    push(connection, row(tid="1"), row(tid="2"))
    receipt = Receipt.objects.get()
    assert "还没有设置字段映射" in receipt.reason
    remap(connection)
    assert replay(receipt.pk) == Receipt.State.DONE
    assert Order.objects.count() == 2


def test_without_a_time_of_change_the_moment_of_the_first_arrival_counts(
    connection: Connection, time: FixedClock
) -> None:
    mapping = copy.deepcopy(SHOP_MAPPING)
    del mapping["order"]["modified_at"]
    connection.settings = {**connection.settings, "mapping": mapping}
    push(connection, row(state="待付款", payTime=""))
    time.advance(seconds=5)
    push(connection, row(to={**row()["to"], "detail": "学院路 2 号"}))
    assert (order(row()["tid"]).state, order(row()["tid"]).address_version) == ("paid", 2)


def test_the_export_of_an_old_erp_is_a_claim_about_the_order_with_its_waybill(
    shop: ShopEmulator, erp: OldErpEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    number = shop.control("sell", {})["tid"]
    look(connection, time)
    erp_connection = connected("generic_erp", connection.company, ERP_BASE, ERP_SETTINGS, ERP_SECRETS)
    bill = erp.control("audit", {"order": number, "waybill": "YT8000000000001", "goods": [["A", 1], ["B", 2]]})
    assert look(erp_connection, time) == 1
    claim = Claim.objects.get(order=order(number), system="erp")
    assert (claim.stage, claim.source_status) == ("shipped", "已审核")
    documents = set(order(number).documents.values_list("kind", "number"))
    assert {("out_stock", bill["单据编号"]), ("waybill", "YT8000000000001")} <= documents


def test_what_the_erp_says_before_the_shop_waits_for_the_order(
    shop: ShopEmulator, erp: OldErpEmulator, wire: Wire, connection: Connection, time: FixedClock
) -> None:
    erp_connection = connected("generic_erp", connection.company, ERP_BASE, ERP_SETTINGS, ERP_SECRETS)
    number = "2026111100000001000"
    erp.control("audit", {"order": number, "waybill": "YT1", "status": "创建"})
    look(erp_connection, time)
    assert Receipt.objects.get().state == Receipt.State.WAITING
    shop.control("sell", {"tid": number})
    look(connection, time)
    process_due()
    assert Claim.objects.get(order=order(number), system="erp").stage == "accepted"


def test_a_wrong_mapping_is_not_even_connected(time: FixedClock) -> None:
    settings = {**SHOP_SETTINGS, "mapping": {"order": {"status": "$.state"}}}
    with pytest.raises(WrongSettings, match="缺少“订单·平台订单号”从哪里读"):
        connected("generic", factories.company(), SHOP_BASE, settings, SHOP_SECRETS)
    assert not Connection.objects.exists()
