"""A street of one emulator: wired to its connector in both directions, on the tower's own clock."""

from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
import responses

from integrations.adapter import Access, Adapter, Incoming, Message
from integrations.emulate import push as send_one
from integrations.emulate import tick
from integrations.emulation import Emulator
from integrations.errors import BadSignature, Unreadable
from orders.clock import FixedClock
from tests.integrations.wire import Replied, bytes_of


class Opens(Protocol):
    """What a connector may use, by its settings: `access` of a connector's own tests."""

    def __call__(self, **changes: Any) -> Access: ...


@dataclass
class Tower:
    """The receiving end: verifies with the connector and keeps what it was told, as the hook does."""

    clock: FixedClock
    adapter: Adapter
    opens: Opens
    kept: list[Message] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    # Answers to give instead, first one first.
    broken: list[tuple[int, bytes]] = field(default_factory=list)

    def hook(self, request: requests.PreparedRequest) -> Replied:
        if self.broken:
            status, body = self.broken.pop(0)
            return status, {}, body
        query = urlsplit(str(request.url)).query
        came = Incoming(method="POST", query_string=query, headers=request.headers, body=bytes_of(request))
        opened = self.opens(now=self.clock.now())
        try:
            self.adapter.verify(opened, came)
        except BadSignature as error:
            self.refused.append(str(error))
            reply = self.adapter.refused(came, error)
        else:
            self.takes(opened, came)
            reply = self.adapter.accepted(came)
        return reply.status, {"Content-Type": reply.content_type}, reply.body

    def takes(self, opened: Access, came: Incoming) -> None:
        self.kept += self.adapter.unpack(opened, came)


AnEmulator = TypeVar("AnEmulator", bound=Emulator)
ATower = TypeVar("ATower", bound=Tower)


@dataclass
class Street(Generic[AnEmulator, ATower]):
    clock: FixedClock
    emulator: AnEmulator
    tower: ATower
    mock: responses.RequestsMock

    def access(self, **changes: Any) -> Access:
        return self.tower.opens(now=self.clock.now(), **changes)

    def live(self, seconds: float, *, step: float = 1) -> None:
        """Let time pass: things happen by themselves, and what is due is pushed."""
        for _ in range(int(seconds / step)):
            self.clock.advance(seconds=step)
            for work in tick(self.emulator):
                send_one(self.emulator, work)

    def journal(self, kind: str) -> list[dict[str, Any]]:
        return self.emulator.journal.entries(kind)


def reason_of(adapter: Adapter, message: Message) -> str:
    """Why a message is parked."""
    try:
        adapter.parse(message)
    except Unreadable as error:
        return str(error)
    raise AssertionError("it is not parked")
