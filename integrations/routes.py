"""Parcels' ways as couriers write them: rows read with care, and told on without naming people. Pure.

Rows from the future, from another year or without a time are taken out while the time of arrival is at hand (a mapping
has no clock). They come again with later pushes or queries, and count from the moment at which they can be true. What a
person must see becomes a notice: a message of its own, which the mapping parks with the reason written in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from integrations.adapter import Message
from integrations.bodies import canonical_ascii, digest
from integrations.errors import Unreadable
from integrations.records import word
from orders.clock import BEIJING

# Kinds of messages: an answer to a query, and a hint to a person that is no fact.
QUERY, NOTICE = "query", "notice"
# What couriers use, with some room.
NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{3,39}")
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
# A parcel that travels for a month has some sixty rows.
MOST_ROWS = 1000
LONGEST_TEXT = 300
# A terminal's clock may be a little fast.
EARLIEST_FUTURE = timedelta(minutes=10)
# Couriers use a number again after some months: older rows are another parcel's way.
LONGEST_PAST = timedelta(days=180)

_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})-?\d{3,4}(\d{4})(?!\d)")
# What stands before a person's name.
_TITLES = ("签收人", "收件人", "派件员", "派送员", "快递员", "业务员", "收件员", "联系人", "小哥")
_NOBODY = ("本人", "家人", "家属", "亲", "邻居", "同事", "门卫", "保安", "前台", "物业", "代收", "驿站", "柜")

# Rows with the reasons why they cannot be believed.
Doubtful = list[tuple[str, Any]]


@dataclass(frozen=True)
class Way:
    """How one courier writes a parcel's way, and what people read of it."""

    # What it is called, and what is counted in it: 路由, 条.
    name: str
    unit: str
    # The fields that may hold a row's time, all of them Beijing's.
    times: tuple[str, ...]
    # What brings a row again whose time has not come.
    again: str
    # What stands before a person's name there, beside the usual words.
    titles: tuple[str, ...] = ()

    def rows(self, value: Any, field: str) -> list[Any]:
        """The rows that stand in a field; none where it is missing."""
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise Unreadable(f"{field} 不是列表")
        if len(value) > MOST_ROWS:
            raise Unreadable(f"{self.name}过多（{len(value)} {self.unit}）")
        return value

    def moment(self, row: Mapping[str, Any]) -> datetime:
        """When it happened, in UTC; `ValueError` where nobody can tell."""
        for field in self.times:
            for form in TIME_FORMATS:
                try:
                    return datetime.strptime(word(row, field), form).replace(tzinfo=BEIJING).astimezone(UTC)
                except (ValueError, OverflowError):
                    continue
        raise ValueError("no time")

    def oldest_first(self, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """Rows by their time; of one moment as they are given."""
        found = []
        for row in rows:
            if not isinstance(row, dict):
                raise Unreadable(f"{self.name}里有一{self.unit}不是对象")
            try:
                found.append((self.moment(row), row))
            except ValueError as error:
                raise Unreadable(f"{self.name}里有一{self.unit}的时间无法识别") from error
        return [row for _, row in sorted(found, key=lambda pair: pair[0])]

    def sift(self, rows: Iterable[Any], *, now: datetime) -> tuple[list[dict[str, Any]], Doubtful]:
        """The rows that can be believed now, and the others with their reasons."""
        kept: list[dict[str, Any]] = []
        doubtful: Doubtful = []
        for row in rows:
            if reason := self._doubt(row, now):
                doubtful.append((reason, row))
            else:
                kept.append(row)
        return kept, doubtful

    def _doubt(self, row: Any, now: datetime) -> str:
        """Why a row cannot be believed now; empty where it can."""
        if not isinstance(row, dict):
            return f"{self.name}里有一{self.unit}不是对象，未采用"
        try:
            at = self.moment(row)
        except ValueError:
            return f"{self.name}时间无法识别，未采用"
        if at > now + EARLIEST_FUTURE:
            return f"{self.name}时间晚于收到时间 10 分钟以上，未采用；到时间后{self.again}会再带上它"
        if at < now - LONGEST_PAST:
            return f"{self.name}早于收到时间 180 天以上，可能是同一单号的上一个包裹，未采用"
        return ""

    @cached_property
    def _person(self) -> re.Pattern[str]:
        return re.compile(
            rf"((?:{'|'.join((*_TITLES, *self.titles))})"
            r"(?:(?:是|为|[:：])\s*[【\[（(]?|[【\[（(]|(?<=交给))\s*)"
            r"([\u4e00-\u9fff])[\u4e00-\u9fff]{1,3}?(?=[【\[（(】\]）)，,。；;、:：\s\d]|电话|手机|$)"
        )

    def without_people(self, text: str) -> str:
        """A courier's sentence without telephone numbers and names, which the tower keeps unsealed."""
        text = _LANDLINE.sub(r"\1****\2", _MOBILE.sub(r"\1****\2", text))
        return self._person.sub(_first_letter, text)

    def text(self, said: str, mark: str = "") -> str:
        """What people read of a row; `mark` before it where the tower does not know what it means."""
        text = self.without_people(said[: 2 * LONGEST_TEXT])
        return (f"{mark} {text}" if mark else text)[:LONGEST_TEXT]


def _first_letter(found: re.Match[str]) -> str:
    name = found.group(0)[len(found.group(1)) :]
    return found.group(0) if any(place in name for place in _NOBODY) else f"{found.group(1)}{found.group(2)}**"


def number(of: Mapping[str, Any], name: str) -> str:
    """A parcel's number; `Unreadable` for what cannot be one."""
    found = word(of, name)
    if not NUMBER.fullmatch(found):
        raise Unreadable(f"运单号无法识别：{found[:40]}")
    return found


def key(waybill: str, at: datetime, *parts: str) -> str:
    """Everything that a fact consists of is in its key: the same row pushed and pulled is one fact, and the same row
    read otherwise (a new table, another courier) is news and never a contradiction."""
    time, told = at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S"), digest("\n".join(parts).encode(), 24)
    return f"track:{waybill}:{time}:{told}"


def answered(waybill: str, content: Mapping[str, Any], doubtful: Doubtful) -> Message:
    """The answer to a query as it is kept; why rows are missing stays with it."""
    reasons = {"doubtful": [list(pair) for pair in doubtful]} if doubtful else {}
    body = canonical_ascii({**content, **reasons})
    return Message(kind=QUERY, key=f"query:{waybill}:{digest(body, 32)}", body=body)


def notice(kind: str, reason: str, **facts: Any) -> Message:
    """A message that is nothing but its reason. The same facts again are the same message."""
    body = canonical_ascii({"reason": reason, **facts})
    return Message(kind=NOTICE, key=f"{kind}:{digest(body, 32)}", body=body)


def notices(doubtful: Doubtful, waybill: str = "") -> Sequence[Message]:
    """One notice for each reason, so that a push with many such rows fills no list."""
    about = {"waybill": waybill} if waybill else {}
    found = []
    for reason in dict.fromkeys(reason for reason, _ in doubtful):
        rows = [row for why, row in doubtful if why == reason]
        found.append(notice("rows", f"{waybill}：{reason}" if waybill else reason, rows=rows, **about))
    return found
