"""An emulated K3 Cloud and the tower's connection to it: real bytes between the two, no socket."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from integrations.adapter import Access, Message, Said, Telling
from integrations.emulation import Request
from integrations.erp.kingdee import adapter, sessions
from integrations.erp.kingdee.emulator import DEFAULTS, KingdeeEmulator
from orders import clock
from orders.clock import FixedClock
from orders.vocabulary import WarehouseReport
from tests.integrations.wire import RecordedWire, alone, to_the_end

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
def kingdee(time: FixedClock) -> KingdeeEmulator:
    sessions._sessions.clear()
    return alone(KingdeeEmulator)


class Wire(RecordedWire):
    """By the names of services, each told the body that was sent; `headers` holds those of every call."""

    def __init__(self, emulator: KingdeeEmulator) -> None:
        super().__init__(emulator)
        self.headers: list[Mapping[str, str]] = []

    def read(self, asked: Request) -> tuple[str, Any]:
        self.headers.append(asked.headers)
        service = asked.path.rpartition("/")[2].removesuffix(".common.kdsvc").rpartition(".")[2]
        return service, json.loads(asked.body)


@contextmanager
def wired(emulator: KingdeeEmulator) -> Iterator[Wire]:
    wire = Wire(emulator)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, re.compile(r"http://k3\.test/.*"), callback=wire)
        yield wire


@pytest.fixture
def wire(kingdee: KingdeeEmulator) -> Iterator[Wire]:
    with wired(kingdee) as wire:
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
    return to_the_end(lambda kept: adapter.poll(access(**settings), kept), cursor)


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
