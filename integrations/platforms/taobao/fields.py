"""Reading single fields of TOP's objects: ids, whole numbers, promises; else `Unreadable` with the field's name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.bodies import read_object
from integrations.errors import Unreadable
from integrations.records import time, written


def object_if_told(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, given as such or as JSON text; empty where it is anything else."""
    value = source.get(name)
    if isinstance(value, str):
        try:
            value = read_object(value.encode(errors="replace"))
        except Unreadable:
            return {}
    return value if isinstance(value, Mapping) else {}


def identity(source: Mapping[str, Any], *names: str) -> str:
    """A trade or sub-order id, which comes as text or as a number beyond 2^53."""
    found = next((text for name in names if (text := written(source, name))), "")
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Unreadable(f"{names[-1]} 不是订单号：{found[:40]!r}")
    return found


def whole(source: Mapping[str, Any], name: str) -> int:
    text = written(source, name)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Unreadable(f"字段 {name} 不是整数：{text[:40]!r}")
    return int(text)


def time_if_told(source: Mapping[str, Any], name: str) -> datetime | None:
    """A promise that may be a sentence ("付款后 48 小时内") instead of a time; a sentence is no deadline."""
    try:
        return time(source, name)
    except Unreadable:
        return None
