"""Reading the past: everything that changed in a span of days, and Taobao's own list of the trades placed in it.

Both lists reach three months back; what lies before them can only be read trade by trade.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.errors import Permanent
from integrations.platforms.taobao import refunds, trades
from integrations.platforms.taobao.reading import (
    REFUNDS_CHANGED,
    TRADES_PLACED,
    Window,
    rows_in,
)
from integrations.windows import SECOND, last_second, moment, share_of

LISTED = timedelta(days=90) - timedelta(minutes=5)
STEP = timedelta(days=1) - timedelta(seconds=1)


def slice_of(access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
    """One window of [start, end), at most a day: its trades whole, and at its end the refunds that changed in it."""
    reached = moment(cursor.get("reached")) or _begin(access, start, end)
    if reached >= end:
        return Polled(messages=[], cursor={"reached": reached.isoformat()})
    if cursor.get("part") == "refunds":
        until = moment(cursor.get("until")) or end
        refunded = _refunds(access, reached, until)
        share, cursor = share_of(start, end, until), {"reached": until.isoformat()}
        return Polled(messages=refunded, cursor=cursor, more=until < end, share=share)
    window = _window(reached, min(reached + STEP, end))
    changed = trades.changed_in(access, window)
    details = trades.read_details(access, changed, seen=cursor.get("seen") or [])
    kept: dict[str, Any] = {"reached": reached.isoformat()}
    if details.broke_off:
        # What was read is not read again; the window is the same one.
        kept["seen"] = list(details.seen)
    else:
        kept |= {"part": "refunds", "until": _end(window).isoformat()}
    return Polled(messages=details.messages, cursor=kept, more=True, share=share_of(start, end, reached))


def _refunds(access: Access, reached: datetime, until: datetime) -> list[Message]:
    """The refunds of the window whose trades were just read."""
    messages: list[Message] = []
    while reached < until:
        window = _window(reached, until)
        messages += refunds.collected(access, rows_in(access, REFUNDS_CHANGED, window))
        reached = _end(window)
    return messages


def numbers(access: Access, start: datetime, end: datetime) -> Sequence[str]:
    """The ids of the trades placed in [start, end), unpaid ones included."""
    found: dict[str, None] = {}
    reached = _begin(access, start, end)
    while reached < end:
        window = _window(reached, min(reached + STEP, end))
        rows = sorted(rows_in(access, TRADES_PLACED, window), key=lambda row: str(row.get("created") or ""))
        found |= dict.fromkeys(str(row.get("tid_str") or row.get("tid") or "") for row in rows)
        reached = _end(window)
    return [tid for tid in found if tid]


def _begin(access: Access, start: datetime, end: datetime) -> datetime:
    oldest = access.now - LISTED
    if end <= oldest:
        raise Permanent("平台只能查询最近三个月的订单", code="three_months")
    return max(start, oldest)


def _window(since: datetime, until: datetime) -> Window:
    """TOP's windows hold both their ends, and count whole seconds."""
    return Window(since=since, reached=since, until=last_second(since, until))


def _end(window: Window) -> datetime:
    """Where the next window begins: behind the last whole second that this one holds."""
    return window.until.replace(microsecond=0) + SECOND
