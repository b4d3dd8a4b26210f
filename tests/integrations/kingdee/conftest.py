"""An emulated K3 Cloud and the tower's connection to it: real bytes between the two, no socket."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import responses

from integrations.adapter import Access, Message, Said, Telling
from integrations.emulation import Request, World
from integrations.erp.kingdee import adapter, sessions
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from orders import clock
from orders.vocabulary import WarehouseReport

BASE = "http://k3.test/kingdee/k3cloud/"
SETTINGS = {
    "acct_id": DEFAULTS["acct_id"],
    "user_name": DEFAULTS["user_name"],
    "app_id": DEFAULTS["app_id"],
    "start": "2026-03-05T08:50:00+08:00",
    "audited_order_means": "accepted",
    "carriers": {"SF01": "sf", "YTO": "yto"},
}
SECRETS = {name: DEFAULTS[name] for name in ("app_secret", "password", "passport")}
LOGINS = (
    *("ValidateUser", "ValidateUser2", "LoginByAppSecret", "LoginByAppSecret2", "LoginBySign"),
    "LoginBySimplePassport",
)
WAYBILL = "YT9693083639795"


@pytest.fixture
def time() -> Iterator[clock.FixedClock]:
    with clock.running_on(clock.FixedClock(datetime(2026, 3, 5, 1, 8, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, clock.FixedClock)
        yield fixed


@pytest.fixture
def kingdee(time: clock.FixedClock) -> KingdeeEmulator:
    sessions._sessions.clear()
    emulator = World().add(KingdeeEmulator)
    assert isinstance(emulator, KingdeeEmulator)
    return emulator


class Wire:
    """What crossed between client and emulator; `before` runs ahead of the n-th call of a service, once."""

    def __init__(self, emulator: KingdeeEmulator) -> None:
        self.emulator = emulator
        self.services: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.before: dict[tuple[str, int], Callable[[], None]] = {}
        # Answers to give instead, first one first.
        self.instead: list[tuple[int, bytes]] = []

    def count(self, service: str) -> int:
        return self.services.count(service)

    def asked(self, service: str) -> list[dict[str, Any]]:
        return [body for name, body in zip(self.services, self.bodies, strict=True) if name == service]

    def __call__(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        path = urlsplit(request.url).path
        service = path.rpartition("/")[2].removesuffix(".common.kdsvc").rpartition(".")[2]
        self.services.append(service)
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(body))
        self.before.pop((service, self.count(service)), lambda: None)()
        if self.instead:
            status, answer = self.instead.pop(0)
            return status, {}, answer
        asked = Request(
            method=request.method,
            path=path.removeprefix("/kingdee"),
            query_string="",
            headers=request.headers,
            body=body,
        )
        with self.emulator.lock:
            found = self.emulator.handle(asked)
        return found.status, dict(found.headers), found.body


@pytest.fixture
def wire(kingdee: KingdeeEmulator) -> Iterator[Wire]:
    wire = Wire(kingdee)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, re.compile(r"http://k3\.test/.*"), callback=wire)
        yield wire


def access(
    *,
    now: datetime | None = None,
    secrets: dict[str, Any] | None = None,
    base_url: str = BASE,
    connection_id: int = 1,
    **settings: Any,
) -> Access:
    return Access(
        connection_id=connection_id,
        base_url=base_url,
        settings={**SETTINGS, **settings},
        secrets={**SECRETS, **(secrets or {})},
        now=now or clock.now(),
    )


def poll_all(cursor: dict[str, Any] | None = None, **settings: Any) -> tuple[list[Message], dict[str, Any]]:
    """Poll until there is no more; every message and the last cursor, which survives being stored as JSON."""
    messages: list[Message] = []
    kept = dict(cursor or {})
    for _step in range(100):
        polled = adapter.poll(access(**settings), kept)
        messages += polled.messages
        kept = json.loads(json.dumps(polled.cursor))
        if not polled.more:
            return messages, kept
    raise AssertionError("the poll never ends")


def said(message: Message) -> Said:
    [found] = adapter.parse(message)
    assert isinstance(found, Said)
    return found


def report(message: Message) -> WarehouseReport:
    snapshot = said(message).snapshot
    assert isinstance(snapshot, WarehouseReport)
    return snapshot


def reports(messages: list[Message]) -> dict[str, WarehouseReport]:
    """The last report of each order."""
    return {said(message).subject: report(message) for message in messages}


def read(subject: str, **settings: Any) -> WarehouseReport:
    return report(adapter.fetch(access(**settings), subject))


def take(kingdee: KingdeeEmulator, order: str, **data: Any) -> dict[str, Any]:
    """The ERP takes a platform's order."""
    found: dict[str, Any] = kingdee.control("order", {"platform_order_id": order, **data})
    return found


def bill(kingdee: KingdeeEmulator, number: str, form: str = "SAL_SaleOrder") -> dict[str, Any]:
    """A bill as it stands in the books now."""
    [found] = [one for one in kingdee.control("bills", {"form": form}) if one["number"] == number]
    return found


def news(stage: str = "shipped", order: str = "T1", **changes: Any) -> Telling:
    told: dict[str, Any] = {
        "stage": stage,
        "at": datetime(2026, 3, 5, 1, 0, 0, 250000, tzinfo=UTC),
        "order": f"OT-{order}",
        "platform_order_id": order,
        "parcel": f"OT-{order}-1",
        "warehouse": "WH01",
        "carrier": "yto",
        "waybill": "" if stage == "packed" else WAYBILL,
    }
    return Telling(**{**told, **changes})
