"""What stands between a connector and its emulator in a test: a fixed time, and bytes that cross without a socket."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from integrations.adapter import Message, Polled
from integrations.emulation import Answer, Emulator, Request, World
from orders import clock

Replied = tuple[int, dict[str, str], bytes]
Kind = TypeVar("Kind", bound=Emulator)


@contextmanager
def standing_at(moment: datetime) -> Iterator[clock.FixedClock]:
    """The tower and the emulators agree on the time, and it stands until the test moves it."""
    fixed = clock.FixedClock(moment)
    with clock.running_on(fixed):
        yield fixed


def alone(kind: type[Kind], *, seed: int = 1, **options: Any) -> Kind:
    """An emulator on a street where nobody else lives."""
    made = World(seed=seed).add(kind, **options)
    assert isinstance(made, kind)
    return made


def bytes_of(request: requests.PreparedRequest) -> bytes:
    return request.body.encode() if isinstance(request.body, str) else request.body or b""


def arriving(request: requests.PreparedRequest, prefix: str = "") -> Request:
    """What a client sends, as the other side reads it below its own path."""
    url = urlsplit(str(request.url))
    return Request(
        method=str(request.method),
        path=url.path.removeprefix(prefix),
        query_string=url.query,
        headers=request.headers,
        body=bytes_of(request),
    )


def replied(answer: Answer) -> Replied:
    return answer.status, {"Content-Type": answer.content_type, **answer.headers}, answer.body


def answer_by(emulator: Emulator) -> Callable[[requests.PreparedRequest], Replied]:
    """A door for `responses`: what knocks is answered by the emulator."""

    def answer(request: requests.PreparedRequest) -> Replied:
        with emulator.lock:
            return replied(emulator.handle(arriving(request, f"/{emulator.name}")))

    return answer


class RecordedWire:
    """What crossed between client and emulator, call by call.

    `before[name, n]` runs ahead of the n-th call of that name, once. Where `instead` holds answers, they are given in
    the emulator's place, first one first.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.calls: list[tuple[str, Any]] = []
        self.before: dict[tuple[str, int], Callable[[], object]] = {}
        self.instead: list[tuple[int, bytes]] = []

    def read(self, asked: Request) -> tuple[str, Any]:
        """By which name the protocol calls this request, and what is told in it."""
        raise NotImplementedError

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def count(self, name: str) -> int:
        return self.names.count(name)

    def asked(self, name: str) -> list[Any]:
        """What was told in every call of that name."""
        return [told for called, told in self.calls if called == name]

    def __call__(self, request: requests.PreparedRequest) -> Replied:
        name, told = self.read(arriving(request, f"/{self.emulator.name}"))
        self.calls.append((name, told))
        self.before.pop((name, self.count(name)), lambda: None)()
        if self.instead:
            status, body = self.instead.pop(0)
            return status, {}, body
        return answer_by(self.emulator)(request)


def to_the_end(
    step: Callable[[dict[str, Any]], Polled], cursor: Mapping[str, Any] | None = None, *, at_most: int = 100
) -> tuple[list[Message], dict[str, Any]]:
    """Step until there is no more: every message, and the last cursor.

    A cursor lives in the database: each one goes through JSON, and what JSON does not keep is lost.
    """
    messages: list[Message] = []
    kept = dict(cursor or {})
    for _step in range(at_most):
        polled = step(kept)
        messages += polled.messages
        kept = json.loads(json.dumps(polled.cursor))
        if not polled.more:
            return messages, kept
    raise AssertionError(f"it never ends: there is more after {at_most} steps")
