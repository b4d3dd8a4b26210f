"""Bodies made bad on purpose, and what may become of them: read, or refused with a reason; nothing else."""

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from integrations.adapter import Access, Adapter, Incoming, Message
from integrations.errors import Unreadable

# Values that stand where others belong.
STRANGE: list[Any] = [
    None,
    [],
    {},
    True,
    -1,
    0.1,
    10**400,
    "\x00",
    "\ud800",
    "9" * 5_000,
    [[]],
    {"a": {}},
    "2026-13-40 00:00:00",
    "9999-12-31 23:59:59",
    "0001-01-01 00:00:00",
    "<img src=x onerror=alert(1)>",
    "\u202e签收",
    "',\"}]",
]
HUGE = 2 * 1024 * 1024
# What is no push of anybody's.
NO_PUSH: dict[str, bytes] = {
    "spaces": b"  \r\n\t ",
    "mark only": b"\xef\xbb\xbf",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "text": b'"x"',
    "open": b"{",
    "html": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "too large and nothing else": b"A" * HUGE,
}
OF_JSON = (b"{", b"}", b"[", b'"', b"\\u0000", b"\\ud800", b"\x00", b"\xff")


def spoilt(good: bytes) -> dict[str, bytes]:
    """A good push, not quite as it was: any one of JSON with an object in it."""
    return NO_PUSH | {
        "utf-16": good.decode().encode("utf-16"),
        "too large": good[:-1] + b',"x":"' + b"x" * HUGE + b'"}',
        "text behind": good + b"x",
        "two objects": good + good,
        "cut in the middle": good[:60],
        "comment": b"/* */" + good,
        "trailing comma": good[:-1] + b",}",
    }


def damaged(
    good: bytes, chance: random.Random, *, blows: int, put_in: Sequence[bytes] = OF_JSON, cut: int = 30
) -> bytes:
    """A good body with broken bytes: some changed, some cut out, some put in, some said twice."""
    body = bytearray(good)
    for _ in range(chance.randint(1, blows)):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randint(1, cut)]
            case 2:
                body[place:place] = chance.choice(put_in)
            case _:
                body[place:place] = body[: chance.randint(1, 80)]
    return bytes(body)


def is_a_sentence(text: str, longest: int = 500) -> bool:
    """For people: Chinese, and not what came said again."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text) and len(text) < longest


def why_not(act: Callable[[], Any]) -> str:
    """The reason for which something is unreadable; empty where it was read. Any other exception is a bug."""
    try:
        act()
    except Unreadable as error:
        return str(error) or "?"
    return ""


def facts_of(adapter: Adapter, access: Access, request: Incoming) -> list[Any]:
    """What a push says, read as the inbox reads it: facts with bounded names; a notice brings none."""
    adapter.verify(access, request)
    said: list[Any] = []
    for message in adapter.unpack(access, request):
        assert len(message.key) <= 160
        if message.kind == "notice":
            assert is_a_sentence(why_not(partial(adapter.parse, message)))
        else:
            said += adapter.parse(message)
    for one in said:
        assert len(one.key) <= 160
        assert len(one.subject) <= 80
        repr(one.snapshot).encode()
    return said


def count_refused(parse: Callable[[Message], Iterable[Any]], kind: str, bodies: Iterable[bytes]) -> int:
    """How many of these are refused as stored messages of a kind; what is read can be stored and shown."""

    def read(body: bytes) -> None:
        for one in parse(Message(kind=kind, key="k", body=body)):
            assert "\x00" not in repr(one)
            repr(one).encode()

    return sum(why_not(partial(read, body)) != "" for body in bodies)
