"""An emulated K3 WISE and the tower's connection to it: real bytes between the two, no socket."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Access, Message, Said, Telling
from integrations.emulation import Request
from integrations.erp import kingdee_wise
from integrations.erp.kingdee_wise import adapter, client
from integrations.erp.kingdee_wise.emulator import KingdeeWiseEmulator
from orders import clock
from orders.clock import FixedClock
from orders.vocabulary import WarehouseReport
from tests.contract.candidate import answered
from tests.integrations.wire import RecordedWire, alone, standing_at, to_the_end

BASE = "http://k3.test/kingdee_wise"
EXAMPLE = json.loads((Path(kingdee_wise.__file__).parent / "connection.json").read_text())
WAYBILL = "YT9693083639795"


@pytest.fixture
def time() -> Iterator[FixedClock]:
    with standing_at(datetime(2026, 11, 11, 4, 0, 7, tzinfo=UTC)) as fixed:
        yield fixed


@pytest.fixture
def k3(time: FixedClock) -> KingdeeWiseEmulator:
    client._tokens.clear()
    return alone(KingdeeWiseEmulator)


class Wire(RecordedWire):
    """By the names of services, each told its data or its query."""

    def read(self, asked: Request) -> tuple[str, Any]:
        told = json.loads(asked.body)["Data"] if asked.body else dict(asked.query())
        return asked.path.removeprefix("/K3API/"), told


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
    messages, kept = to_the_end(lambda kept: adapter.poll(access(**settings), kept), cursor, at_most=200)
    return {one.order: one for one in map(report, messages)}, kept


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
