"""The cast: a connection, pushes as 快递100 signs them, and the emulated 快递100 wired to the connector."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import responses

from integrations.adapter import Access, Incoming, Message, Said, TrackWish
from integrations.carriers.kuaidi100 import adapter
from integrations.carriers.kuaidi100.emulator import DEFAULTS, Kuaidi100Emulator
from orders.clock import BEIJING, FixedClock
from tests.integrations import street
from tests.integrations.street import reason_of
from tests.integrations.wire import alone, answer_by

SALT = "salt-of-the-test"
NOW = datetime(2026, 11, 11, 12, 0, 0, tzinfo=BEIJING)
BASE = "http://localhost:9000/kuaidi100"
HOOK = "http://localhost:8000/hooks/kuaidi100/k3y/"
WAYBILL = "YT9693083639795"


def access(*, now: datetime = NOW, salt: Any = SALT, key: Any = DEFAULTS["key"], **settings: Any) -> Access:
    return Access(
        connection_id=1,
        base_url=BASE,
        settings={"customer": DEFAULTS["customer"]} | settings,
        secrets={"key": key, "salt": salt},
        now=now,
        hook_url=HOOK,
    )


def wish(carrier: str = "yto", waybill: str = WAYBILL, phone: str = "1111") -> TrackWish:
    return TrackWish(carrier=carrier, waybill=waybill, phone_last4=phone)


def row(code: str = "103", at: datetime = NOW, context: str = "快件已被揽收", **more: Any) -> dict[str, Any]:
    time = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return {"time": time, "ftime": time, "context": context, "status": "某状态", "statusCode": code} | more


def envelope(*rows: Any, nu: str = WAYBILL, com: str = "yuantong", **more: Any) -> dict[str, Any]:
    """A push; rows are given oldest first, and stand newest first."""
    last = {"message": "ok", "nu": nu, "com": com, "status": "200", "state": "0", "data": list(reversed(rows))}
    return {
        "status": "polling",
        "billstatus": "got",
        "message": "",
        "comOld": "",
        "comNew": "",
        "lastResult": last,
    } | more


def param_of(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def form(param: bytes, *, salt: str | None = SALT, sign: str = "") -> bytes:
    """The form as they post it, written from the protocol's text and not with the connector's code."""
    if salt is not None and not sign:
        sign = hashlib.md5(param + salt.encode()).hexdigest().upper()
    return f"sign={sign}&param={quote_plus(param)}".encode() if sign else f"param={quote_plus(param)}".encode()


def incoming(body: bytes) -> Incoming:
    return Incoming(
        method="POST", query_string="", headers={"Content-Type": "application/x-www-form-urlencoded"}, body=body
    )


def messages(content: Any, *, now: datetime = NOW, **settings: Any) -> list[Message]:
    """What the tower keeps of a push."""
    request = incoming(form(content if isinstance(content, bytes) else param_of(content)))
    adapter.verify(access(now=now, **settings), request)
    return list(adapter.unpack(access(now=now, **settings), request))


def facts(content: Any, *, now: datetime = NOW) -> list[Said]:
    """Every fact of a push; notices left aside."""
    kept = [message for message in messages(content, now=now) if message.kind == "push"]
    return [said for message in kept for said in adapter.parse(message) if isinstance(said, Said)]


def reason(message: Message) -> str:
    return reason_of(adapter, message)


class Tower(street.Tower):
    def said(self) -> dict[str, Said]:
        """Every fact, once, in the order of arrival."""
        pushes = [message for message in self.kept if message.kind == "push"]
        return {one.key: one for message in pushes for one in adapter.parse(message) if isinstance(one, Said)}

    def stages(self) -> list[str]:
        found = sorted(self.said().values(), key=lambda one: one.snapshot.at)  # type: ignore[union-attr]
        return [one.snapshot.stage for one in found]  # type: ignore[union-attr]


class Street(street.Street[Kuaidi100Emulator, Tower]):
    def subscribe(self, wanted: TrackWish | None = None, **changes: Any) -> None:
        adapter.subscribe(self.access(**changes), wanted or wish())

    def query(self, wanted: TrackWish | None = None, **changes: Any) -> Message:
        return adapter.query(self.access(**changes), wanted or wish())


@contextmanager
def built(clock: FixedClock, *, seed: int = 7, **options: Any) -> Iterator[Street]:
    emulator, tower = alone(Kuaidi100Emulator, seed=seed, **options), Tower(clock, adapter, access)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for path in ("/poll", "/poll/query.do", "/label/order"):
            mock.add_callback(responses.POST, BASE + path, callback=answer_by(emulator))
        mock.add_callback(responses.POST, HOOK, callback=tower.hook)
        yield Street(clock, emulator, tower, mock)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
