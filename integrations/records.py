"""Single values of a JSON object that somebody sent: text, whole numbers, money, times, lists. Pure.

`Unreadable` names the field that makes no sense.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.errors import Unreadable
from orders.clock import BEIJING
from orders.vocabulary import beijing, yuan

Row = Mapping[str, Any]

AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,4})?")


def clean(text: str) -> str:
    """Without NUL and half characters, which a database would refuse."""
    return text.replace("\x00", "").encode(errors="replace").decode().strip()


def written(source: Row, name: str) -> str:
    """A text or a whole number as clean text; "" where it is missing."""
    value = source.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"字段 {name} 不是文字或数字")
    try:
        return clean(str(value))
    except ValueError as error:
        raise Unreadable(f"字段 {name} 太长") from error


def word(source: Row, name: str) -> str:
    """A text with every NUL and half character marked; "" for whatever is no text."""
    value = source.get(name)
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "\ufffd").encode(errors="replace").decode().strip()


def short(value: Any, name: str, longest: int = 80) -> str:
    """A clean text that is no longer than a name may be."""
    if not isinstance(value, str):
        raise Unreadable(f"字段 {name} 不是文字")
    text = clean(value)
    if len(text) > longest:
        raise Unreadable(f"字段 {name} 超过 {longest} 个字符")
    return text


def whole(value: Any, digits: int = 12) -> int | None:
    """A whole number that is written as such or as text; `None` for anything else, or more digits."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def money(source: Row, name: str) -> Decimal:
    text = written(source, name)
    if not AMOUNT.fullmatch(text):
        raise Unreadable(f"字段 {name} 不是金额：{text[:40]!r}")
    return yuan(text)


def time(source: Row, name: str) -> datetime | None:
    """A time in Beijing; `None` where there is none."""
    text = written(source, name)
    try:
        return beijing(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"字段 {name} 不是时间：{text[:40]!r}") from error


def instant(text: str) -> datetime | None:
    """An ISO time in UTC, of Beijing where it has no zone; `None` for an empty text."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"不是时间：{text[:40]}") from error


def part(source: Row, name: str) -> dict[str, Any]:
    """An object inside; empty where it is missing or null."""
    value = source.get(name)
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} 不是对象")
    return value


def rows(source: Row, name: str) -> list[dict[str, Any]]:
    """The objects of a list, which is absent or null when it is empty; whatever else stands there is passed over."""
    found = source.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def all_rows(source: Row, name: str, most: int) -> list[Row]:
    """A list of nothing but objects, and of no more than `most`."""
    found = source.get(name, [])
    if not isinstance(found, list) or len(found) > most or not all(isinstance(one, dict) for one in found):
        raise Unreadable(f"{name} 不是列表，或太长")
    return found
