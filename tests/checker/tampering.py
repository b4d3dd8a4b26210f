"""Hands in the files after they were written: what the chain and the anchors are for."""

from collections.abc import Callable

from .chain import hash_of
from .small_shop import Line


def resealed(lines: list[Line], stream: str) -> None:
    """The whole chain of a stream written anew, by somebody who knows how."""
    head = ""
    for seq, line in enumerate((each for each in lines if each["stream"] == stream), 1):
        line.update(seq=seq, prev_hash=head)
        head = line["hash"] = hash_of(line)


def in_order_three(lines: list[Line], verb: str) -> int:
    return next(at for at, line in enumerate(lines) if line["stream"] == "order:3" and line["verb"] == verb)


def swap(lines: list[Line]) -> None:
    at = in_order_three(lines, "release")
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def rewrite(lines: list[Line]) -> None:
    lines[in_order_three(lines, "print")]["actor"] = "person:9"
    resealed(lines, "order:3")


def take_out_and_reseal(lines: list[Line]) -> None:
    del lines[in_order_three(lines, "print_result")]
    resealed(lines, "order:3")


def delete_order_three(lines: list[Line]) -> None:
    lines[:] = [each for each in lines if each["order"] != 3]


TRAIL_ATTACKS: dict[str, Callable[[list[Line]], object]] = {
    "an actor is edited": lambda lines: lines[in_order_three(lines, "print")].update(actor="person:9"),
    "a fact is edited": lambda lines: lines[in_order_three(lines, "print")]["facts"].update(printer="P2"),
    "a time is edited": lambda lines: lines[-1].update(source_at="2026-11-11T00:00:00.000000+00:00"),
    "an event is taken out": lambda lines: lines.pop(in_order_three(lines, "print_result")),
    "the first event is taken out": lambda lines: lines.pop(in_order_three(lines, "order_seen")),
    "the tail is cut": lambda lines: [lines.pop() for _ in range(2)],
    "two events are swapped": swap,
    "an event is put in twice": lambda lines: lines.insert(len(lines), dict(lines[-1])),
    "a new event is put in": lambda lines: lines.insert(len(lines) - 1, {**lines[-1], "verb": "comment"}),
    "a field is added": lambda lines: lines[-1].update(note="ok"),
    "an event moves to another order": lambda lines: lines[-1].update(stream="order:1", order=1),
    "an order is deleted": delete_order_three,
    "a chain is rewritten whole": rewrite,
    "an event is taken out and the chain rewritten": take_out_and_reseal,
}

ANCHOR_ATTACKS: dict[str, Callable[[list[Line]], object]] = {
    "an anchor is edited": lambda lines: lines[0].update(mark=7),
    "an anchor's place is edited": lambda lines: lines[1]["streams"][0].__setitem__(1, 3),
    "an anchor is taken out": lambda lines: lines.pop(0),
    "two anchors are swapped": lambda lines: lines.reverse(),
    "a signature is not true": lambda lines: lines[1].update(signature="00" * 64),
    "a signature is another anchor's": lambda lines: lines[1].update(signature=lines[0]["signature"]),
    "another key signs": lambda lines: lines[1].update(public_key="11" * 32),
}
