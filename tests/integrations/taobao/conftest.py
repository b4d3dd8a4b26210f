"""A shop on the emulated Taobao, and the tower's connection to it: real bytes between the two, no socket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from integrations.adapter import Access
from integrations.emulation import Request, World
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders import clock

GATEWAY = "http://taobao.test/taobao"
APP_KEY, SECRET, SESSION, SELLER = "21000001", "emulator-secret", "6100emulator", "测试旗舰店"
SENDER = {
    "name": "发货员",
    "mobile": "19900000000",
    "address": {"province": "浙江省", "city": "杭州市", "district": "余杭区", "detail": "仓库路1号"},
}
SETTINGS = {
    "app_key": APP_KEY,
    "seller_nick": SELLER,
    "sender": SENDER,
    "template_url": "http://cloudprint.cainiao.com/template/standard/101",
    "user_id": "12",
    "start": "2026-03-05T08:50:00+08:00",
    "oauth_url": f"{GATEWAY}/oauth",
}
RETURN = "http://tower.test/admin/integrations/connection/authorised/"


@pytest.fixture
def time() -> Iterator[clock.FixedClock]:
    with clock.running_on(clock.FixedClock(datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, clock.FixedClock)
        yield fixed


@pytest.fixture
def taobao(time: clock.FixedClock) -> TaobaoEmulator:
    emulator = World().add(TaobaoEmulator)
    assert isinstance(emulator, TaobaoEmulator)
    return emulator


class Wire:
    """What crossed between client and emulator; `before` runs ahead of the next call of a method, once."""

    def __init__(self, emulator: TaobaoEmulator) -> None:
        self.emulator = emulator
        self.methods: list[str] = []
        self.before: dict[tuple[str, int], Callable[[], None]] = {}

    def count(self, method: str) -> int:
        return self.methods.count(method)

    def __call__(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        url = urlsplit(request.url)
        asked = Request(
            method=request.method,
            path=url.path.removeprefix("/taobao"),
            query_string=url.query,
            headers=dict(request.headers),
            body=body,
        )
        method = dict(asked.query()) | _form(body)
        name = method.get("method", "")
        self.methods.append(name)
        self.before.pop((name, self.count(name)), lambda: None)()
        with self.emulator.lock:
            answer = self.emulator.handle(asked)
        return answer.status, dict(answer.headers), answer.body


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode()))


@pytest.fixture
def wire(taobao: TaobaoEmulator) -> Iterator[Wire]:
    wire = Wire(taobao)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, f"{GATEWAY}/router/rest", callback=wire)
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, f"{GATEWAY}/oauth/authorize", callback=wire)
        mock.add_callback(responses.POST, f"{GATEWAY}/oauth/token", callback=wire)
        yield wire


def access(
    *,
    session: str = SESSION,
    app_secret: Any = SECRET,
    refresh_token: str = "",
    now: datetime | None = None,
    **settings: Any,
) -> Access:
    return Access(
        connection_id=1,
        base_url=GATEWAY,
        settings={**SETTINGS, **settings},
        secrets={"app_secret": app_secret, "session": session, "refresh_token": refresh_token},
        now=now or clock.now(),
        return_url=RETURN,
    )


def snapshot_of(tid: str) -> Any:
    """The order as the tower reads it now."""
    [said] = adapter.parse(adapter.fetch(access(), tid))
    return said.snapshot  # type: ignore[union-attr]


def poll_all(cursor: dict[str, Any] | None = None, *, confirm: bool = True, **settings: Any) -> tuple[list[Any], Any]:
    """Poll until there is no more; every message and the last cursor."""
    messages: list[Any] = []
    kept = dict(cursor or {})
    for _step in range(100):
        polled = adapter.poll(access(**settings), kept)
        messages += polled.messages
        kept = dict(polled.cursor)
        if confirm:
            adapter.confirm(access(**settings), polled)
        if not polled.more:
            return messages, kept
    raise AssertionError("the poll never ends")


def sell(taobao: TaobaoEmulator, count: int = 1, **data: Any) -> list[str]:
    return [taobao.control("sell", data)["tid"] for _one in range(count)]


def tids(messages: list[Any], kind: str = "trade") -> list[str]:
    return [message.key.split(":")[1] for message in messages if message.kind == kind]
