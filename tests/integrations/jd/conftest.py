"""A shop on the emulated JD, and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from integrations.adapter import Access, Message
from integrations.emulation import Request
from integrations.platforms.jd import adapter
from integrations.platforms.jd.emulator import JdEmulator
from orders import clock
from orders.clock import FixedClock
from tests.integrations.reading import Reading
from tests.integrations.reading import ids as ids
from tests.integrations.wire import RecordedWire, alone, to_the_end

BASE = "http://jd.test/jd"
APP_KEY, SECRET, TOKEN, REFRESH = "JDEMULATOR0001", "emulator-secret", "emulator-token", "emulator-refresh"
SETTINGS = {"app_key": APP_KEY, "start": "2026-03-05T08:50:00+08:00", "oauth_url": f"{BASE}/oauth2"}
RETURN = "http://tower.test/admin/integrations/connection/authorised/"
SEARCH, GET = "jingdong.pop.order.search", "jingdong.pop.order.get"
SHIPMENT = "jingdong.pop.order.shipment"
REFUNDS, REPLY = "jingdong.pop.afs.soa.refundapply.queryPageList", "jingdong.pop.afs.soa.refundapply.replyRefund"
READ = Reading(adapter, points=False)
said, orders_in, refunds_in, requests_in = READ.said, READ.orders, READ.refunds, READ.requests


@pytest.fixture
def jd(time: FixedClock) -> JdEmulator:
    return alone(JdEmulator)


class Wire(RecordedWire):
    """By JD's methods, each told its business parameters; `forms` holds all that was sent."""

    def __init__(self, emulator: JdEmulator) -> None:
        super().__init__(emulator)
        self.forms: list[dict[str, str]] = []

    def read(self, asked: Request) -> tuple[str, Any]:
        form = dict(asked.query()) | dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        self.forms.append(form)
        return form.get("method", ""), json.loads(form.get("360buy_param_json", "{}"))


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
    return to_the_end(lambda kept: adapter.poll(access(**settings), kept), cursor)


def sell(jd: JdEmulator, count: int = 1, **data: Any) -> list[str]:
    return [jd.control("sell", data)["order_id"] for _one in range(count)]
