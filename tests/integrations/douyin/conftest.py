"""A shop on the emulated Douyin, and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
import responses

from integrations.adapter import Access, Fetch, Incoming, Message
from integrations.emulate import tick
from integrations.emulation import Request
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders import clock
from orders.clock import FixedClock
from orders.vocabulary import OrderSnapshot
from tests.integrations.reading import Reading
from tests.integrations.reading import ids as ids
from tests.integrations.wire import RecordedWire, Replied, alone, bytes_of, to_the_end

BASE = "http://douyin.test/douyin"
HOOK = "http://tower.test/hooks/douyin/key/"
APP_KEY, SECRET = "3409400000000000001", "emulator-secret"
TOKEN, REFRESH = "emulator-token", "emulator-refresh"
SHOP_ID = "4463798"
SENDER = {
    "address": {
        "province_name": "浙江省",
        "city_name": "杭州市",
        "district_name": "余杭区",
        "detail_address": "仓库路1号",
    },
    "contact": {"name": "发货员", "mobile": "19900000000"},
}
SETTINGS: dict[str, Any] = {
    "app_key": APP_KEY,
    "shop_id": SHOP_ID,
    "start": "2026-03-05T08:50:00+08:00",
    "sender": SENDER,
    "template_url": "https://template.example/standard",
}
SEARCH, DETAIL, SALES = "/order/searchList", "/order/orderDetail", "/afterSale/List"
RETURN = "http://tower.test/admin/integrations/connection/authorised/"
READ = Reading(adapter, points=True)
said, orders_in, refunds_in, requests_in = READ.said, READ.orders, READ.refunds, READ.requests


@pytest.fixture
def douyin(time: FixedClock) -> DouyinEmulator:
    return alone(DouyinEmulator)


class Wire(RecordedWire):
    """By paths, each told its parameters. What the tower was told is in `pushed`, and `reply` is what it says to it."""

    def __init__(self, emulator: DouyinEmulator) -> None:
        super().__init__(emulator)
        self.pushed: list[Incoming] = []
        self.reply: Callable[[Incoming], tuple[int, bytes]] = lambda incoming: (200, b'{"code":0,"msg":"success"}')
        self.old_envelope = False

    def read(self, asked: Request) -> tuple[str, Any]:
        return asked.path, json.loads(asked.body)

    def __call__(self, request: requests.PreparedRequest) -> Replied:
        if self.old_envelope:
            request.headers.pop("x-open-no-old-err-code", None)
        return super().__call__(request)

    def told(self, request: requests.PreparedRequest) -> Replied:
        incoming = Incoming(method="POST", query_string="", headers=request.headers, body=bytes_of(request))
        self.pushed.append(incoming)
        status, body = self.reply(incoming)
        return status, {}, body

    def tick(self) -> None:
        """Let the platform live for a moment, and send what it has to say."""
        for work in tick(self.emulator):
            work()


@pytest.fixture
def wire(douyin: DouyinEmulator) -> Iterator[Wire]:
    wire = Wire(douyin)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for path in (*douyin.gate.paths, "/token/refresh", "/token/create"):
            mock.add_callback(responses.POST, BASE + path, callback=wire)
        mock.add_callback(responses.POST, HOOK, callback=wire.told)
        yield wire


def access(
    *,
    access_token: Any = TOKEN,
    app_secret: Any = SECRET,
    refresh_token: Any = REFRESH,
    now: datetime | None = None,
    base_url: str = BASE,
    **settings: Any,
) -> Access:
    return Access(
        connection_id=1,
        base_url=base_url,
        settings={**SETTINGS, **settings},
        secrets={"app_secret": app_secret, "access_token": access_token, "refresh_token": refresh_token},
        now=now or clock.now(),
        return_url=RETURN,
    )


def poll_all(cursor: dict[str, Any] | None = None, **settings: Any) -> tuple[list[Message], dict[str, Any]]:
    """Poll until there is no more; every message and the last cursor, which must survive its way through JSON."""
    return to_the_end(lambda kept: adapter.poll(access(**settings), kept), cursor, at_most=300)


def sell(douyin: DouyinEmulator, count: int = 1, **data: Any) -> list[str]:
    return [douyin.control("sell", data)["order_id"] for _one in range(count)]


def pointed(messages: list[Message]) -> list[str]:
    return [one.subject for message in messages for one in adapter.parse(message) if isinstance(one, Fetch)]


def unpacked(wire: Wire, **settings: Any) -> list[Message]:
    """The messages of everything that was pushed, each checked as the tower does."""
    found: list[Message] = []
    for incoming in wire.pushed:
        adapter.verify(access(**settings), incoming)
        found += adapter.unpack(access(**settings), incoming)
    return found


def snapshot_of(order_id: str) -> OrderSnapshot:
    """The order as the tower reads it now."""
    [found] = orders_in([adapter.fetch(access(), order_id)])
    return found
