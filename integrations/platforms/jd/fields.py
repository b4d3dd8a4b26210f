"""Reading single fields of JD's rows: clean text, ids, money, times; `Unreadable` with the field's name otherwise."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.errors import Unreadable
from orders.vocabulary import beijing, yuan

AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,4})?")
# How JD writes "not yet".
NO_TIMES = ("0001-01-01", "1970-01-01")


def object_in(body: bytes) -> Mapping[str, Any]:
    """A JSON object; fractions stay text, because money is never a float."""
    try:
        found = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable("报文不是 JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("报文不是 JSON 对象")
    return found


def inside(found: Mapping[str, Any], name: str, word: str) -> Mapping[str, Any]:
    row = found.get(name)
    if not isinstance(row, Mapping):
        raise Unreadable(f"报文里没有{word}")
    return row


def written(source: Mapping[str, Any], name: str) -> str:
    """A field as clean text: no NUL and no half characters, which a database would refuse."""
    value = source.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"字段 {name} 不是文字或数字")
    try:
        return str(value).replace("\x00", "").encode(errors="replace").decode().strip()
    except ValueError as error:
        raise Unreadable(f"字段 {name} 太长") from error


def identity(source: Mapping[str, Any], name: str) -> str:
    found = written(source, name)
    if not (found.isascii() and found.isdigit() and len(found) <= 32):
        raise Unreadable(f"{name} 不是编号：{found[:40]!r}")
    return found


def money(source: Mapping[str, Any], name: str) -> Decimal:
    text = written(source, name)
    if not AMOUNT.fullmatch(text):
        raise Unreadable(f"字段 {name} 不是金额：{text[:40]!r}")
    return yuan(text)


def time(source: Mapping[str, Any], name: str) -> datetime | None:
    """A time in Beijing, or `None` where it has not come yet."""
    text = written(source, name)
    if text.startswith(NO_TIMES):
        return None
    try:
        return beijing(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"字段 {name} 不是时间：{text[:40]!r}") from error
