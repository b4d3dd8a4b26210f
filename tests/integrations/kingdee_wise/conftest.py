"""An emulated K3 WISE and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.adapter import Access, Message, Said, Telling
from integrations.emulation import Request, World
from integrations.erp import kingdee_wise
from integrations.erp.kingdee_wise import adapter, client
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from orders import clock
from orders.vocabulary import WarehouseReport
from tests.contract.candidate import answered

BASE = "http://k3.test/kingdee_wise"
EXAMPLE = json.loads((Path(kingdee_wise.__file__).parent / "connection.json").read_text())
WAYBILL = "YT9693083639795"


@pytest.fixture
def time() -> Iterator[clock.FixedClock]:
    with clock.running_on(clock.FixedClock(datetime(2026, 11, 11, 4, 0, 7, tzinfo=UTC))) as fixed:
        assert isinstance(fixed, clock.FixedClock)
        yield fixed


@pytest.fixture
def k3(time: clock.FixedClock) -> KingdeeWiseEmulator:
    client._tokens.clear()
    emulator = World().add(KingdeeWiseEmulator)
    assert isinstance(emulator, KingdeeWiseEmulator)
    return emulator


class Wire:
    """What crossed between client and emulator; `before` runs ahead of the n-th call of a service, once."""

    def __init__(self, emulator: KingdeeWiseEmulator) -> None:
        self.emulator = emulator
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: dict[tuple[str, int], Callable[[], object]] = {}
        # Answers to give instead, first one first.
        self.instead: list[tuple[int, bytes]] = []

    def asked(self, service: str) -> list[dict[str, Any]]:
        return [data for name, data in self.calls if name == service]

    def __call__(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        url = urlsplit(request.url)
        service = url.path.removeprefix("/kingdee_wise/K3API/")
        data = json.loads(body)["Data"] if body else {name: value for name, [value] in parse_qs(url.query).items()}
        self.calls.append((service, data))
        self.before.pop((service, len(self.asked(service))), lambda: None)()
        if self.instead:
            status, answer = self.instead.pop(0)
            return status, {}, answer
        path = url.path.removeprefix("/kingdee_wise")
        found = self.emulator.handle(
            Request(method=request.method, path=path, query_string=url.query, headers=request.headers, body=body)
        )
        return found.status, dict(found.headers), found.body


@pytest.fixture
def wire(k3: KingdeeWiseEmulator) -> Iterator[Wire]:
    wire = Wire(k3)
    with answered(wire):
        yield wire


def access(*, code: str = "emulator-authority-code", **settings: Any) -> Access:
    return Access(
        connection_id=1,
        base_url=BASE,
        settings={**EXAMPLE["settings"], **settings},
        secrets={"authority_code": code},
        now=clock.now(),
    )


def report(message: Message, settings: Mapping[str, Any] = EXAMPLE["settings"]) -> WarehouseReport:
    [said] = adapter.parse_kept(message, settings=settings, at=None)
    assert isinstance(said, Said)
    assert isinstance(said.snapshot, WarehouseReport)
    return said.snapshot


def poll_all(cursor: Mapping[str, Any] | None = None, **settings: Any) -> tuple[dict[str, WarehouseReport], Any]:
    """Poll until there is no more: the last report of each order, and a cursor that survived being stored."""
    found: dict[str, WarehouseReport] = {}
    kept: Any = cursor or {}
    for _step in range(200):
        polled = adapter.poll(access(**settings), kept)
        found |= {one.order: one for one in map(report, polled.messages)}
        kept = json.loads(json.dumps(polled.cursor))
        if not polled.more:
            return found, kept
    raise AssertionError("the poll never ends")


def take(k3: KingdeeWiseEmulator, order: str, **data: Any) -> dict[str, Any]:
    found: dict[str, Any] = k3.control("order", {"platform_order_id": order, **data})
    return found


def news(stage: str = "shipped", **changes: Any) -> Telling:
    told: dict[str, Any] = {
        "stage": stage,
        "at": clock.now(),
        "order": "OT-T1",
        "platform_order_id": "T1",
        "parcel": "OT-T1-1",
        "warehouse": "WH01",
        "carrier": "yto",
        "waybill": "" if stage == "packed" else WAYBILL,
    }
    return Telling(**{**told, **changes})
