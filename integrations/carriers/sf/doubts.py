"""Routes that cannot be used as they stand, found while the time of arrival is at hand (a mapping has no clock).

Rows from the future, from another year, without a number or without a time are taken out. What a person must see
becomes a notice: a message of its own, which `mapping.parse` parks with the reason written in it.
"""

from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Message
from integrations.carriers.sf import reading
from integrations.carriers.sf.words import NOTICE

# A terminal's clock may be a little fast.
EARLIEST_FUTURE = timedelta(minutes=10)
# Numbers are used again after some months: older rows are another parcel's way.
LONGEST_PAST = timedelta(days=180)

Doubts = list[tuple[str, Any]]


def sift(rows: list[Any], *, now: datetime) -> tuple[list[dict[str, Any]], Doubts]:
    """The rows that can be believed now, and the others with their reasons."""
    kept: list[dict[str, Any]] = []
    doubtful: Doubts = []
    for row in rows:
        if reason := doubt(row, now=now):
            doubtful.append((reason, row))
        else:
            kept.append(row)
    return kept, doubtful


def doubt(row: Any, *, now: datetime) -> str:
    """Why a row cannot be believed now; empty where it can."""
    if not isinstance(row, dict):
        return "路由里有一条不是对象，未采用"
    try:
        at = reading.moment(row)
    except ValueError:
        return "路由时间无法识别，未采用"
    if at > now + EARLIEST_FUTURE:
        return "路由时间晚于收到时间 10 分钟以上，未采用；到时间后主动查询会再带上它"
    if at < now - LONGEST_PAST:
        return "路由早于收到时间 180 天以上，可能是同一单号的上一个包裹，未采用"
    return ""


def notices(doubtful: Doubts) -> list[Message]:
    """One notice for each reason, so that a push with many such rows fills no list. The same again is the same."""
    found = []
    for reason in dict.fromkeys(reason for reason, _ in doubtful):
        body = reading.to_bytes({"reason": reason, "rows": [row for why, row in doubtful if why == reason]})
        found.append(Message(kind=NOTICE, key=f"rows:{reading.digest(body)}", body=body))
    return found
