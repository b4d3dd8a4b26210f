"""Reading single fields of Douyin's rows: objects, ids, fen, seconds; `Unreadable` with its name otherwise."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from integrations.errors import Unreadable
from integrations.records import Row, written
from orders.vocabulary import from_fen

# Later than the year 2200 no seconds are meant.
LAST_SECOND = 7_258_118_400
LARGEST_SUM = 10**12


def inside(source: Row, name: str) -> Row:
    """An object within another; an absent one is empty."""
    found = source.get(name)
    if found is None or found == "":
        return {}
    if not isinstance(found, Mapping):
        raise Unreadable(f"字段 {name} 不是对象")
    return found


def rows(source: Row, name: str) -> list[Row]:
    """The objects of a list; an absent list is empty."""
    found = source.get(name)
    if found is None or found == "":
        return []
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise Unreadable(f"字段 {name} 不是列表")
    return found


def told(source: Row, *names: str) -> str:
    """The first of these fields that says something; an id of 0 says nothing."""
    return next((text for name in names if (text := written(source, name)) not in ("", "0")), "")


def identity(source: Row, *names: str) -> str:
    """An id, as text or as a number beyond 2^53. Old calls end an order's id in A, which is no part of it."""
    found = told(source, *names).removesuffix("A")
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Unreadable(f"{names[0]} 不是编号：{found[:40]!r}")
    return found


def number(source: Row, name: str) -> int | None:
    """A whole number, or `None` where there is none."""
    text = written(source, name)
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise Unreadable(f"字段 {name} 不是整数：{text[:40]!r}")
    return int(text)


def fen(source: Row, name: str) -> Decimal | None:
    """Yuan of a sum in fen, or `None` where it is not told."""
    found = number(source, name)
    if found is not None and not 0 <= found <= LARGEST_SUM:
        raise Unreadable(f"字段 {name} 不是金额：{found}")
    return from_fen(found)


def time(source: Row, *names: str) -> datetime | None:
    """The first of these times that has come; Douyin writes 0 for one that has not."""
    for name in names:
        seconds = number(source, name)
        if seconds:
            if not 0 < seconds <= LAST_SECOND:
                raise Unreadable(f"字段 {name} 不是时间：{seconds}")
            return datetime.fromtimestamp(seconds, tz=UTC)
    return None
