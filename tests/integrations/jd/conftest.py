"""A shop on the emulated JD, and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from integrations.adapter import Access, Message, Said
from integrations.emulation import Request, World
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders import clock
from orders.vocabulary import CustomerRequest, OrderSnapshot, RefundSnapshot

BASE = "http://jd.test/jd"
APP_KEY, SECRET, TOKEN, REFRESH = "JDEMULATOR0001", "emulator-secret", "emulator-token", "emulator-refresh"
SETTINGS = {"app_key": APP_KEY, "start": "2026-03-05T08:50:00+08:00", "oauth_url": f"{BASE}/oauth2"}
RETURN = "http://tower.test/admin/integrations/connection/authorised/"
SEARCH, GET = "jingdong.pop.order.search", "jingdong.pop.order.get"
SHIPMENT = "jingdong.pop.order.shipment"
REFUNDS, REPLY = "jingdong.pop.afs.soa.refundapply.queryPageList", "jingdong.pop.afs.soa.refundapply.replyRefund"


@pytest.fixture
def time() -> Iterator[clock.FixedClock]:
    with clock.running_on(clock.FixedClock(datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, clock.FixedClock)
        yield fixed


@pytest.fixture
def jd(time: clock.FixedClock) -> JdEmulator:
    emulator = World().add(JdEmulator)
    assert isinstance(emulator, JdEmulator)
    return emulator


class Wire:
    """What crossed between client and emulator; `before` runs ahead of the next call of a method, once."""

    def __init__(self, emulator: JdEmulator) -> None:
        self.emulator = emulator
        self.forms: list[dict[str, str]] = []
        self.before: dict[tuple[str, int], Callable[[], None]] = {}

    @property
    def methods(self) -> list[str]:
        return [form.get("method", "") for form in self.forms]

    def count(self, method: str) -> int:
        return self.methods.count(method)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The business parameters of every call of a method."""
        return [json.loads(form["360buy_param_json"]) for form in self.forms if form.get("method") == method]

    def __call__(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        url = urlsplit(request.url)
        form = dict(parse_qsl(url.query)) | dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.forms.append(form)
        name = form.get("method", "")
        self.before.pop((name, self.count(name)), lambda: None)()
        asked = Request(
            method=request.method,
            path=url.path.removeprefix("/jd"),
            query_string=url.query,
            headers=dict(request.headers),
            body=body,
        )
        with self.emulator.lock:
            answer = self.emulator.handle(asked)
        return answer.status, dict(answer.headers), answer.body


@pytest.fixture
def wire(jd: JdEmulator) -> Iterator[Wire]:
    wire = Wire(jd)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, f"{BASE}/routerjson", callback=wire)
        for name in ("refresh_token", "access_token", "to_login"):
            mock.add_callback(responses.GET, f"{BASE}/oauth2/{name}", callback=wire)
        mock.add_callback(responses.POST, f"{BASE}/oauth2/to_login", callback=wire)
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
    for _step in range(200):
        polled = adapter.poll(access(**settings), kept)
        messages += polled.messages
        kept = json.loads(json.dumps(polled.cursor))
        if not polled.more:
            return messages, kept
    raise AssertionError("the poll never ends")


def sell(jd: JdEmulator, count: int = 1, **data: Any) -> list[str]:
    return [jd.control("sell", data)["order_id"] for _one in range(count)]


def ids(messages: list[Message], kind: str = "order") -> list[str]:
    return [message.key.split(":")[1] for message in messages if message.kind == kind]


def said(messages: list[Message]) -> list[Any]:
    found = [one for message in messages for one in adapter.parse(message)]
    assert all(isinstance(one, Said) for one in found)
    return [one.snapshot for one in found if isinstance(one, Said)]


def orders_in(messages: list[Message]) -> list[OrderSnapshot]:
    return [one for one in said(messages) if isinstance(one, OrderSnapshot)]


def refunds_in(messages: list[Message]) -> list[RefundSnapshot]:
    return [one for one in said(messages) if isinstance(one, RefundSnapshot)]


def requests_in(messages: list[Message]) -> list[CustomerRequest]:
    return [one for one in said(messages) if isinstance(one, CustomerRequest)]
