"""Their JSON, read with suspicion: what it may look like, and what a number, a time and a parcel's number are in it."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.errors import Unreadable
from orders.clock import BEIJING

LARGEST = 1024 * 1024
# One push brings a handful; a parcel that travels for a month has some sixty.
MOST_ROWS = 1000
# SF and twelve or thirteen signs, twelve digits in old days; with some room.
NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{3,39}")
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


def read_object(body: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8, all numbers as their text (a parcel's number keeps its digits); else `Unreadable`."""
    if len(body) > LARGEST:
        raise Unreadable(f"报文过大（{len(body)} 字节）")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("报文编码不是 UTF-8") from error
    if not text.strip():
        raise Unreadable("报文是空的")
    try:
        found = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_without_doubles
        )
    except RecursionError as error:
        raise Unreadable("报文嵌套过深") from error
    except ValueError as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def _no_number(word: str) -> str:
    raise Unreadable(f"报文里有非法数字 {word}")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: nobody could say which of them is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("报文里同一个字段出现两次")
    return found


def part(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside; empty where it is missing or null."""
    value = of.get(name)
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} 不是对象")
    return value


def rows(of: Mapping[str, Any], name: str) -> list[Any]:
    """A list; one object alone, as some gateways write it, is a list of one."""
    value = of.get(name)
    if value in (None, ""):
        return []
    found = [value] if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise Unreadable(f"{name} 不是列表")
    if len(found) > MOST_ROWS:
        raise Unreadable(f"路由过多（{len(found)} 条）")
    return found


def word(of: Mapping[str, Any], name: str) -> str:
    """A text as every database takes it: no NUL and no half characters; "" for whatever is no text."""
    value = of.get(name)
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "\ufffd").encode(errors="replace").decode().strip()


def number(of: Mapping[str, Any], name: str) -> str:
    """A parcel's number in capitals; `Unreadable` for what cannot be one."""
    found = word(of, name)
    if not NUMBER.fullmatch(found):
        raise Unreadable(f"运单号无法识别：{found[:40]}")
    return found.upper()


def moment(row: Mapping[str, Any]) -> datetime:
    """When it happened, in UTC; `ValueError` where nobody can tell. They write Beijing time."""
    for form in TIME_FORMATS:
        try:
            return datetime.strptime(word(row, "acceptTime"), form).replace(tzinfo=BEIJING).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise ValueError("no time")


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """One text for one content, as ASCII, which carries even half characters unharmed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
