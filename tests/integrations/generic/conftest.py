"""Sources that nobody wrote a connector for: their mappings, and real bytes between emulator and tower, no socket."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses

from integrations.adapter import Access
from integrations.emulation import Emulator, Request
from integrations.erp.generic.emulator import OldErpEmulator
from integrations.platforms.generic.emulator import ShopEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.wire import Replied, alone, arriving, replied

SHOP_BASE, ERP_BASE = "http://shop.test/orders", "http://erp.test/export/outstock.csv"
SHOP_MAPPING: dict[str, Any] = {
    "revision": 1,
    "records": "$.list",
    "money": "fen",
    "order": {
        "platform_order_id": "$.tid",
        "status": {"path": "$.state", "values": {"待付款": "unpaid", "已付款": "paid", "已取消": "closed"}},
        "modified_at": "$.updated",
        "placed_at": "$.created",
        "paid_at": "$.payTime",
        "amount": "$.payment",
        "buyer_note": "$.remark",
    },
    "receiver": {
        "name": "$.to.name",
        "phone": "$.to.mobile",
        "province": "$.to.province",
        "city": "$.to.city",
        "district": "$.to.area",
        "address": "$.to.detail",
    },
    "lines": {"path": "$.items", "sku": "$.code", "title": "$.title", "quantity": "$.num", "price": "$.price"},
    "refunds": {
        "path": "$.refunds",
        "refund_id": "$.id",
        "status": {
            "path": "$.state",
            "values": {"申请中": "open", "已撤销": "withdrawn", "已退款": "done", "已拒绝": "refused"},
        },
        "requested_at": "$.applied",
        "updated_at": "$.updated",
    },
}
ERP_MAPPING: dict[str, Any] = {
    "revision": 1,
    "report": {
        "platform_order_id": "平台单号",
        "sale_order": "销售订单号",
        "out_stock": "单据编号",
        "stage": {"path": "单据状态", "values": {"创建": "accepted", "已审核": "shipped", "已作废": "cancelled"}},
        "reported_at": "审核日期",
    },
    "parcels": {"waybill": "运单号", "carrier": "物流公司"},
}
SHOP_SETTINGS: dict[str, Any] = {
    "mapping": SHOP_MAPPING,
    "pull": "http",
    "paging": "page",
    "page_size": 100,
    "since_parameter": "since",
    "until_parameter": "until",
    "one_path": "/{id}",
    "signature": "standard_webhooks",
}
ERP_SETTINGS: dict[str, Any] = {"mapping": ERP_MAPPING, "pull": "http", "token_parameter": "key", "encoding": "gbk"}
SHOP_SECRETS = {"pull_token": "Bearer emulator-token", "push_secret": "whsec_ZW11bGF0b3Itc2VjcmV0"}
ERP_SECRETS = {"pull_token": "emulator-token", "push_secret": "erp-push"}


@pytest.fixture
def time(clock: FixedClock) -> FixedClock:
    return clock


@pytest.fixture
def shop(time: FixedClock) -> ShopEmulator:
    return alone(ShopEmulator)


@pytest.fixture
def erp(time: FixedClock) -> OldErpEmulator:
    return alone(OldErpEmulator)


class Wire:
    """What crossed between the tower and the emulators; `answers` takes the place of the next ones."""

    def __init__(self, emulators: dict[str, Emulator]) -> None:
        self.emulators = emulators
        self.asked: list[Request] = []
        self.answers: list[tuple[int, bytes]] = []

    def __call__(self, request: requests.PreparedRequest) -> Replied:
        asked = arriving(request)
        self.asked.append(asked)
        if self.answers:
            status, given = self.answers.pop(0)
            return status, {}, given
        return replied(self.emulators[urlsplit(str(request.url)).netloc].handle(asked))


@pytest.fixture
def wire(shop: ShopEmulator, erp: OldErpEmulator) -> Iterator[Wire]:
    wire = Wire({"shop.test": shop, "erp.test": erp})
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, re.compile(r"http://(shop|erp)\.test/.*"), callback=wire)
        yield wire


def access(base_url: str = SHOP_BASE, *, secrets: dict[str, Any] | None = None, **settings: Any) -> Access:
    return Access(
        connection_id=7,
        base_url=base_url,
        settings={**SHOP_SETTINGS, **settings},
        secrets=SHOP_SECRETS if secrets is None else secrets,
        now=clock.now(),
    )
