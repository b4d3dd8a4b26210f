"""The rules for bad days: servers that talk nonsense, dead lines, and those who knock with bad intentions."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import requests

from integrations.adapter import (
    Access,
    AnswerWish,
    Incoming,
    InterceptWish,
    Message,
    Polled,
    ShipWish,
    Telling,
    TrackWish,
    WaybillWish,
)
from integrations.emulation import Emulator
from integrations.errors import BadSignature, OutsideError, Unreadable
from orders import clock
from tests.contract.candidate import Candidate, answered, incoming
from tests.contract.checks import GOODS, RECEIVER, delivery
from tests.contract.hostile import BODIES, LAUGHS, PAGE

# What it does with a world that does not ------------------------------------------------------------------------
NONSENSE: dict[str, tuple[int, bytes]] = {
    "a page": (200, PAGE.encode()),
    "nothing": (200, b""),
    "bytes": (200, b"\xff\xfe\x00\x80"),
    "half an object": (200, b'{"code":'),
    "deep": (200, b"[" * 100_000),
    "a bomb": (200, LAUGHS.encode()),
    "a number": (200, b"9" * 5_000),
    "500": (500, b"Internal Server Error"),
    "503 page": (503, PAGE.encode()),
    "404": (404, b"not found"),
    "403 page": (403, PAGE.encode()),
    "moved": (302, b""),
    "429": (429, b"slow down"),
}
# Some protocols say "nothing there" in these, so reading may believe them. An act may not.
NEARLY: dict[str, tuple[int, bytes]] = {"null": (200, b"null"), "list": (200, b"[]"), "object": (200, b"{}")}
READING = {"poll", "fetch", "slice", "numbers", "query"}


def calls(one: Candidate) -> dict[str, Callable[[Access], Any]]:
    """Every call that its promises allow, by name."""
    adapter, now = one.adapter, clock.now()
    every: dict[str, dict[str, Callable[[Access], Any]]] = {
        "poll": {"poll": lambda access: adapter.poll(access, {})},
        "fetch": {"fetch": lambda access: adapter.fetch(access, "6937000000000000001")},
        "slice": {"slice": lambda access: adapter.slice(access, now - timedelta(hours=1), now, {})},
        "numbers": {"numbers": lambda access: adapter.numbers(access, now - timedelta(hours=1), now)},
        "ship": {"ship": lambda access: adapter.ship(access, SHIP)},
        "answer": {"answer": lambda access: adapter.answer(access, ANSWER)},
        "tell": {"tell": lambda access: adapter.tell(access, telling())},
        "waybill": {
            "issue_waybill": lambda access: adapter.issue_waybill(access, WAYBILL),
            "cancel_waybill": lambda access: adapter.cancel_waybill(access, "sf", "SF1234567890123", "L9"),
        },
        "deliver": {
            "deliver": lambda access: adapter.deliver(access, delivery("P9")),
            "cancel_delivery": lambda access: adapter.cancel_delivery(access, "P9", "WH01", "订单已取消"),
        },
        "pend": {
            "pend": lambda access: adapter.pend(access, "P9", "WH01", "锁单"),
            "restore": lambda access: adapter.restore(access, "P9", "WH01", "解封"),
        },
        "subscribe": {"subscribe": lambda access: adapter.subscribe(access, TRACK)},
        "query": {"query": lambda access: adapter.query(access, TRACK)},
        "intercept": {"intercept": lambda access: adapter.intercept(access, INTERCEPT)},
        "token": {"refresh": lambda access: adapter.refresh(access)},
        "authorise": {"authorise": lambda access: adapter.authorise(access, "code")},
    }
    return {name: call for word, named in every.items() if one.can(word) for name, call in named.items()}


SHIP = ShipWish(platform_order_id="6937000000000000001", carrier="sf", waybill="SF1234567890123")
ANSWER = AnswerWish(kind="refund", request_id="7001", platform_order_id="6937000000000000001", accepted=True)
TRACK = TrackWish(carrier="sf", waybill="SF1234567890123", phone_last4="1111")
INTERCEPT = InterceptWish(carrier="sf", waybill="SF1234567890123", kind="stop", reason="买家取消", order="P9")
WAYBILL = WaybillWish(
    object_id="L9", carrier="sf", platform_order_ids=("6937000000000000001",), receiver=RECEIVER, goods=GOODS
)


def telling() -> Telling:
    return Telling(
        stage="shipped",
        at=clock.now(),
        order="O9",
        platform_order_id="6937000000000000001",
        parcel="P9",
        warehouse="WH01",
        carrier="sf",
        waybill="SF1234567890123",
    )


def nonsense_is_never_a_success(one: Candidate, name: str) -> None:
    """Whatever the server says, a call ends in one of `integrations.errors`, and an act is not believed done."""
    call = calls(one)[name]
    for title, (status, body) in {**NONSENSE, **NEARLY}.items():
        with answered(partial(_always, status, body)):
            ended = _end_of(lambda: call(one.access()))
        assert not isinstance(ended, OutsideError) or str(ended), "an error without words helps nobody"
        believable = name in READING and (title in NEARLY or will_be_parked(one, ended))
        assert believable or isinstance(ended, OutsideError), f"{name}, answered by {title}: taken for a success"


def _always(status: int, body: bytes, request: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {}, body


def will_be_parked(one: Candidate, ended: Any) -> bool:
    """What was read is kept as it came, and cannot be understood: a person sees it among the parked messages."""
    if not isinstance(ended, Polled) or not ended.messages:
        return False
    for message in ended.messages:
        with suppress(Unreadable):
            one.adapter.parse_kept(message, settings=one.access().settings, at=clock.now())
            return False
    return True


def _end_of(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except OutsideError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} instead of one of integrations.errors: {error}") from error


def a_dead_line_is_temporary(one: Candidate, name: str) -> None:
    def dead(request: Any) -> tuple[int, dict[str, str], bytes]:
        raise requests.ConnectionError("no route to host")

    with answered(dead):
        ended = _end_of(lambda: calls(one)[name](one.access()))
    assert getattr(ended, "code", "") == "network", f"{name}: a dead line ended in {ended!r}"


# What it does with those who knock ------------------------------------------------------------------------------
def who_has_no_signature_is_refused(one: Candidate) -> None:
    for title, body in BODIES.items():
        for headers in ({}, {"Content-Type": "application/json"}):
            asked = Incoming(method="POST", query_string="", headers=headers, body=body)
            try:
                one.adapter.verify(one.access(), asked)
            except BadSignature as error:
                reply = one.adapter.refused(asked, error)
                assert len(reply.body) < 2_000, f"{title}: the refusal repeats what came"
            else:
                raise AssertionError(f"{title}: believed without a signature")


def a_changed_body_is_refused(one: Candidate, emulator: Emulator) -> None:
    request = emulator.signed(b'{"a":1}')
    one.adapter.verify(one.access(), incoming(request))
    if not emulator.signs_body:
        return
    changed = incoming(request, body=request.body.replace(b"1", b"2", 1))
    try:
        one.adapter.verify(one.access(), changed)
    except BadSignature:
        return
    raise AssertionError("one byte was changed under the signature, and it was believed")


def hostile_messages_are_read_or_refused(one: Candidate) -> None:
    """As stored messages of any kind: a fact with bounded names, or `Unreadable` with a Chinese reason."""
    kinds = {path.name.split("_")[0].split(".")[0] for path in (one.folder / "samples").iterdir()}
    for title, body in BODIES.items():
        for kind in sorted(kinds | {"", "order", "?"}):
            try:
                found = one.adapter.parse_kept(
                    Message(kind=kind, key="k", body=body), settings=one.access().settings, at=clock.now()
                )
            except Unreadable as error:
                words = str(error)
                assert any("\u4e00" <= letter <= "\u9fff" for letter in words), f"{title}/{kind}: {words}"
                assert len(words) < 500, f"{title}/{kind}: the reason repeats what came"
            except Exception as error:
                raise AssertionError(f"{title}/{kind}: {type(error).__name__} instead of Unreadable") from error
            else:
                for said in found:
                    assert len(getattr(said, "key", "")) <= 160, f"{title}/{kind}: an endless key"
                    assert len(getattr(said, "subject", "")) <= 80, f"{title}/{kind}: an endless subject"
