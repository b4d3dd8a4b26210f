"""A shop on the emulated Taobao, and the tower's connection to it: real bytes between the two, no socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from integrations.adapter import Access, Polled
from integrations.emulation import Request
from integrations.platforms.taobao import adapter
from integrations.platforms.taobao.emulator import TaobaoEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.wire import RecordedWire, alone, to_the_end

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
def taobao(time: FixedClock) -> TaobaoEmulator:
    return alone(TaobaoEmulator)


class Wire(RecordedWire):
    """By TOP's methods, each told the whole form."""

    def read(self, asked: Request) -> tuple[str, Any]:
        form = dict(asked.query()) | dict(parse_qsl(asked.body.decode()))
        return form.get("method", ""), form


@contextmanager
def wired(emulator: TaobaoEmulator) -> Iterator[Wire]:
    wire = Wire(emulator)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, f"{GATEWAY}/router/rest", callback=wire)
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, f"{GATEWAY}/oauth/authorize", callback=wire)
        mock.add_callback(responses.POST, f"{GATEWAY}/oauth/token", callback=wire)
        yield wire


@pytest.fixture
def wire(taobao: TaobaoEmulator) -> Iterator[Wire]:
    with wired(taobao) as wire:
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

    def step(kept: dict[str, Any]) -> Polled:
        polled = adapter.poll(access(**settings), kept)
        if confirm:
            adapter.confirm(access(**settings), polled)
        return polled

    return to_the_end(step, cursor)


def sell(taobao: TaobaoEmulator, count: int = 1, **data: Any) -> list[str]:
    return [taobao.control("sell", data)["tid"] for _one in range(count)]


def tids(messages: list[Any], kind: str = "trade") -> list[str]:
    return [message.key.split(":")[1] for message in messages if message.kind == kind]
