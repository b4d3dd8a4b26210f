"""Codes, names, numbers and times as Qimen writes them. `Unreadable` where one makes no sense."""

import re
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from integrations.bodies import digest
from integrations.errors import Unreadable
from integrations.wms.qimen import xml
from orders.vocabulary import beijing

CARRIERS = {"SF": "sf", "YTO": "yto", "ZTO": "zto", "STO": "sto", "YUNDA": "yunda", "JT": "jt", "JTSD": "jt"}

LONGEST_KEY = 180
LONGEST_WORD = 64
LONGEST_NOTE = 500
NUMBER = re.compile(r"^-?\d{1,9}(\.\d{1,6})?$")


def bounded(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[:100]}…{digest(key.encode(), 32)}"


def carrier_of(code: str) -> str:
    return CARRIERS.get(code.upper(), code.lower())


def quantity(text: str) -> int:
    """How many pieces; never fewer than none."""
    found = change(text)
    if found < 0:
        raise Unreadable(f"数量不是整数：{text[:20]}")
    return found


def change(text: str) -> int:
    """How many more or, with a minus, fewer."""
    if not NUMBER.match(text) or Decimal(text) != int(Decimal(text)):
        raise Unreadable(f"数量不是整数：{text[:20]}")
    return int(Decimal(text))


def grams(kilograms: str) -> int | None:
    """A weight that is no number is no reason to lose the waybill beside it."""
    if not NUMBER.match(kilograms) or kilograms.startswith("-"):
        return None
    return int((Decimal(kilograms) * 1000).quantize(Decimal(1)))


def required(element: Element | None, path: str, what: str) -> str:
    found = word(element, path)
    if not found:
        raise Unreadable(f"缺少 {what}（{path}）")
    return found


def word(element: Element | None, path: str) -> str:
    """A code or a name: short, or something is wrong with the sender."""
    found = xml.text(element, path)
    if len(found) > LONGEST_WORD:
        raise Unreadable(f"{path} 超过 {LONGEST_WORD} 个字符")
    return found


def time_of(element: Element | None, path: str) -> datetime | None:
    """The Beijing time at `path`; `None` where it was left out, `Unreadable` where it is no time."""
    written = xml.text(element, path)
    try:
        return beijing(written)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{path} 不是时间：{written[:30]}") from error
