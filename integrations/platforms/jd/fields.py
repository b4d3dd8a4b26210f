"""Fields that JD writes in a way of its own: ids, times, objects; `Unreadable` with the field's name otherwise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import records
from integrations.errors import Unreadable

# How JD writes "not yet".
NO_TIMES = ("0001-01-01", "1970-01-01")


def inside(found: Mapping[str, Any], name: str, word: str) -> Mapping[str, Any]:
    row = found.get(name)
    if not isinstance(row, Mapping):
        raise Unreadable(f"报文里没有{word}")
    return row


def identity(source: Mapping[str, Any], name: str) -> str:
    found = records.written(source, name)
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Unreadable(f"{name} 不是编号：{found[:40]!r}")
    return found


def time(source: Mapping[str, Any], name: str) -> datetime | None:
    """A time in Beijing, or `None` where it has not come yet."""
    return None if records.written(source, name).startswith(NO_TIMES) else records.time(source, name)
