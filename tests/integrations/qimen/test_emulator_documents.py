"""The emulated warehouse besides an order's steps: documents, stock, accidents of the floor, and whom it believes."""

import hashlib
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.adapter import Goods
from integrations.emulation import Request
from integrations.errors import Permanent
from integrations.wms.qimen import adapter, client
from orders.clock import BEIJING, FixedClock
from tests.integrations.qimen.street import SECRET, Street, built, wish


@pytest.mark.parametrize(
    ("command", "data", "method"),
    [
        ("exception", {"order": "SO001", "text": "包装破损"}, "orderexception.report"),
        ("wave", {"orders": ["SO001"]}, "wavenum.report"),
        ("return_package", {"waybills": ["YT1"]}, "returnpackage.report"),
        ("return_order", {"order": "SO001", "waybill": "YT1"}, "returnorder.confirm"),
        ("count", {"items": {"CREAM-50": -1}}, "inventory.report"),
        ("change", {"items": {"CREAM-50": 2, "LIP-01": -2}}, "stockchange.report"),
        ("itemlack", {"order": "SO001"}, "itemlack.report"),
        ("confirm", {"order": "SO001", "packages": []}, "deliveryorder.confirm"),
    ],
)
def test_every_message_is_sent_by_command_and_repeated_in_the_same_words(
    street: Street, command: str, data: dict[str, Any], method: str
) -> None:
    adapter.deliver(street.access(), wish())
    street.qimen.control("pause", {})
    street.qimen.control(command, {**data, "repeat": 2} if command != "itemlack" else data)
    street.live(2)
    assert not street.tower.refused
    assert {message.kind for message in street.tower.kept} == {method}
    assert len({message.key for message in street.tower.kept}) == 1
    assert all(adapter.parse(message) for message in street.tower.kept)
    # A fault does to it what it does to the steps.
    street.qimen.control("faults", {"drop": 1.0})
    street.qimen.control(command, data)
    assert street.qimen.journal.entries("dropped")[-1]["method"] == method


def test_the_floor_has_accidents_by_their_shares(clock: FixedClock) -> None:
    with built(clock, mishaps={"itemlack": 1, "two_packages": 1, "partial": 1}) as street:
        goods = tuple(Goods(code=code, name=code, quantity=1) for code in ("CREAM-50", "LIP-01"))
        adapter.deliver(street.access(), wish(goods=goods))
        street.live(90)
        kinds = [message.kind for message in street.tower.kept]
        assert kinds.count("itemlack.report") == 1
        first, last = (
            adapter.parse(message)[0].snapshot  # type: ignore[union-attr]
            for message in street.tower.kept
            if message.kind == "deliveryorder.confirm"
        )
        assert (first.final, last.final) == (False, True)  # type: ignore[union-attr]
        packed = [(parcel.waybill, parcel.items) for one in (first, last) for parcel in one.parcels]  # type: ignore[union-attr]
        assert [items for _, items in packed] == [(("CREAM-50", 1),), (("LIP-01", 1),)]
        assert [waybill for waybill, _ in packed] == street.order()["waybills"]


def test_stock_is_answered_by_item_and_by_page(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    street.qimen.control("connect", {"stock": {f"G{number:03}": 5 for number in range(101)}})
    street.qimen.control("change", {"items": {"CREAM-50": -10}})
    one = adapter.fetch(street.access(), "stock:WH01:CREAM-50")
    (word,) = adapter.parse(one)
    assert (word.code, word.total, word.locked, word.at) == ("CREAM-50", 990, 2, street.clock.now())  # type: ignore[union-attr]
    polled = adapter.poll(street.access(stock_minutes=5), {})
    (message,) = polled.messages
    assert len(adapter.parse(message)) == 102
    assert adapter.poll(street.access(stock_minutes=5), polled.cursor).messages == []


def test_a_page_that_is_too_large_is_refused(street: Street) -> None:
    for asked in ({"page": 1, "pageSize": 101}, {"page": 0, "pageSize": 10}, {"pageSize": 10}):
        with pytest.raises(Permanent, match="pageSize"):
            client.call(street.access(), "stock.query", asked)


def test_a_delivery_can_be_stopped_until_it_left(street: Street) -> None:
    adapter.deliver(street.access(), wish())
    client.call(street.access(), "order.callback", {"deliveryOrderCode": "SO001"})
    assert street.order()["pended"]
    adapter.restore(street.access(), "SO001", "WH01", "放行")
    street.live(60)
    with pytest.raises(Permanent, match="已出库"):
        client.call(street.access(), "order.callback", {"deliveryOrderCode": "SO001"})


@pytest.mark.parametrize("skip_empty", [True, False])
def test_both_ways_of_signing_an_empty_value_are_believed(street: Street, skip_empty: bool) -> None:
    body = b"<request><orderCode>SO404</orderCode></request>"
    query = {
        "app_key": "12345678",
        "method": "taobao.qimen.orderprocess.query",
        "session": "",
        "sign_method": "md5",
        "timestamp": street.clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }
    joined = "".join(name + query[name] for name in sorted(query) if query[name] or not skip_empty)
    query["sign"] = hashlib.md5(SECRET.encode() + joined.encode() + body + SECRET.encode()).hexdigest().upper()
    request = Request(method="POST", path="/", query_string=urlencode(query), headers={}, body=body)
    assert "订单不存在" in street.qimen.handle(request).body.decode()
