"""A shop on the emulated Douyin, and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import responses

from integrations.adapter import Access, Fetch, Incoming, Message, Said
from integrations.emulate import tick
from integrations.emulation import Request, World
from integrations.platforms.douyin import adapter
from integrations.platforms.douyin.emulator import DouyinEmulator
from orders import clock
from orders.vocabulary import CustomerRequest, OrderSnapshot, RefundSnapshot

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


@pytest.fixture
def time() -> Iterator[clock.FixedClock]:
    with clock.running_on(clock.FixedClock(datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, clock.FixedClock)
        yield fixed


@pytest.fixture
def douyin(time: clock.FixedClock) -> DouyinEmulator:
    emulator = World().add(DouyinEmulator)
    assert isinstance(emulator, DouyinEmulator)
    return emulator


class Wire:
    """What crossed between client and emulator; `before` runs ahead of the next call of a path, once."""

    def __init__(self, emulator: DouyinEmulator) -> None:
        self.emulator = emulator
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: dict[tuple[str, int], Callable[[], None]] = {}
        # What the tower was told, and what it says to it.
        self.pushed: list[Incoming] = []
        self.reply: Callable[[Incoming], tuple[int, bytes]] = lambda incoming: (200, b'{"code":0,"msg":"success"}')
        self.old_envelope = False

    def count(self, path: str) -> int:
        return sum(called == path for called, _ in self.calls)

    def asked(self, path: str) -> list[dict[str, Any]]:
        return [parameters for called, parameters in self.calls if called == path]

    def called(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        url, headers = urlsplit(request.url), dict(request.headers)
        if self.old_envelope:
            headers.pop("x-open-no-old-err-code", None)
        path = url.path.removeprefix("/douyin")
        self.calls.append((path, json.loads(request.body)))
        self.before.pop((path, self.count(path)), lambda: None)()
        asked = Request(method=request.method, path=path, query_string=url.query, headers=headers, body=request.body)
        with self.emulator.lock:
            answer = self.emulator.handle(asked)
        return answer.status, dict(answer.headers), answer.body

    def told(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        incoming = Incoming(method="POST", query_string="", headers=dict(request.headers), body=request.body)
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
            mock.add_callback(responses.POST, BASE + path, callback=wire.called)
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
    messages: list[Message] = []
    kept = dict(cursor or {})
    for _step in range(300):
        polled = adapter.poll(access(**settings), kept)
        messages += polled.messages
        kept = json.loads(json.dumps(polled.cursor))
        if not polled.more:
            return messages, kept
    raise AssertionError("the poll never ends")


def sell(douyin: DouyinEmulator, count: int = 1, **data: Any) -> list[str]:
    return [douyin.control("sell", data)["order_id"] for _one in range(count)]


def ids(messages: list[Message], kind: str = "order") -> list[str]:
    return [message.key.split(":")[1] for message in messages if message.kind == kind]


def said(messages: list[Message]) -> list[Any]:
    return [one.snapshot for message in messages for one in adapter.parse(message) if isinstance(one, Said)]


def pointed(messages: list[Message]) -> list[str]:
    return [one.subject for message in messages for one in adapter.parse(message) if isinstance(one, Fetch)]


def orders_in(messages: list[Message]) -> list[OrderSnapshot]:
    return [one for one in said(messages) if isinstance(one, OrderSnapshot)]


def refunds_in(messages: list[Message]) -> list[RefundSnapshot]:
    return [one for one in said(messages) if isinstance(one, RefundSnapshot)]


def requests_in(messages: list[Message]) -> list[CustomerRequest]:
    return [one for one in said(messages) if isinstance(one, CustomerRequest)]


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
