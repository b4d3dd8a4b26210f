"""Reading single fields of TOP's objects: clean text, ids, money, times; else `Unreadable` with the field's name."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.errors import Unreadable
from orders.vocabulary import beijing, yuan

AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,4})?")


def object_in(body: bytes) -> Mapping[str, Any]:
    """A JSON object; fractions stay text, because money is never a float."""
    try:
        found = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def written(source: Mapping[str, Any], name: str) -> str:
    """A field as clean text: no NUL and no half characters, which a database would refuse."""
    value = source.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"字段 {name} 不是文字或数字")
    return clean(str(value))


def clean(text: str) -> str:
    return text.replace("\x00", "").encode(errors="replace").decode().strip()


def object_if_told(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, given as such or as JSON text; empty where it is anything else."""
    value = source.get(name)
    if isinstance(value, str):
        try:
            value = object_in(value.encode(errors="replace"))
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


def money(source: Mapping[str, Any], name: str) -> Decimal:
    text = written(source, name)
    if not AMOUNT.fullmatch(text):
        raise Unreadable(f"字段 {name} 不是金额：{text[:40]!r}")
    return yuan(text)


def time(source: Mapping[str, Any], name: str) -> datetime | None:
    text = written(source, name)
    try:
        return beijing(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"字段 {name} 不是时间：{text[:40]!r}") from error


def time_if_told(source: Mapping[str, Any], name: str) -> datetime | None:
    """A promise that may be a sentence ("付款后 48 小时内") instead of a time; a sentence is no deadline."""
    try:
        return time(source, name)
    except Unreadable:
        return None
