"""Reading without being told: K3 Cloud pushes nothing, so the poll is all there is.

A window of time is read in pages of changed bills, first sale orders, then out-stock bills; what each page's orders
look like now is kept. A step is one page. Audit and cancellation have times of their own which leave FModifyDate
alone, so that a window looks at every time field.

The cursor: `reached`, up to where everything was read; `window`, the one being read as `{"since", "until", "form",
"after"}`; `seen`, bills of the overlap as form:id → their times, so that they are not read again unchanged.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.bodies import once
from integrations.erp.kingdee import bills, reading
from integrations.erp.kingdee.bills import Row, word
from integrations.erp.kingdee.preferences import OUT_STOCK, SALE_ORDER, names
from integrations.preferences import number
from integrations.windows import moment, start_of

FORMS = (SALE_ORDER, OUT_STOCK)
REMEMBERED = 2000
# A bill that changed this lately may change again within the second that its time shows.
SETTLED_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class _Window:
    """What is being read: bills changed in [since, until), of one form, behind an id."""

    since: datetime
    until: datetime
    form: int = 0
    after: int = 0

    def kept(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "form": self.form,
            "after": self.after,
        }


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """One page of the window at hand, or of the next one."""
    reached = moment(cursor.get("reached")) or bills.floor(min(start_of(access), access.now))
    window = _open_window(cursor) or _next_window(access, reached)
    seen: dict[str, str] = dict(cursor.get("seen") or {})
    form = FORMS[window.form]
    heads, after = _heads(access, window)
    fresh = [head for head in heads if seen.get(_name(form, head)) != _times(access, form, head)]
    messages = _messages(access, form, fresh)
    for head in heads:
        _remember(access, seen, form, head)
    kept: dict[str, Any] = {"reached": reached.isoformat(), "seen": dict(list(seen.items())[-REMEMBERED:])}
    following = _following(window, after)
    if following:
        return Polled(messages=messages, cursor={**kept, "window": following.kept()}, more=True)
    kept["reached"] = window.until.isoformat()
    return Polled(messages=messages, cursor=kept, more=window.until < bills.floor(access.now))


def slice_of(access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
    """One page of everything that changed in [start, end)."""
    window = _open_window(cursor) or _Window(since=start, until=end)
    if start >= end or cursor.get("done"):
        return Polled(messages=[], cursor={"done": True})
    heads, after = _heads(access, window)
    messages = _messages(access, FORMS[window.form], heads)
    following = _following(window, after)
    return Polled(
        messages=messages,
        cursor={"window": following.kept()} if following else {"done": True},
        more=following is not None,
    )


def numbers(access: Access, start: datetime, end: datetime) -> Sequence[str]:
    """The order numbers of the sale orders made in [start, end) and not cancelled: what this ERP says it has."""
    wanted = names(access)
    if start >= end:
        return []
    where = f"({bills.between([wanted.created], start, end)}) and FCancelStatus={bills.quoted(bills.NO)}"
    found: dict[str, None] = {}
    after = 0
    for _page in itertools.count():
        limit, fields = bills.page_size(access), reading.order_fields(wanted)
        heads, following = bills.heads_after(access, SALE_ORDER, fields, where, after=after, limit=limit)
        found |= dict.fromkeys(subject for head in heads for subject in reading.subjects_in(head, wanted))
        if following is None:
            break
        after = following
    return list(found)


# The window ---------------------------------------------------------------------------------------------------------


def _open_window(cursor: Mapping[str, Any]) -> _Window | None:
    kept = cursor.get("window")
    since, until = (moment(kept.get(name)) for name in ("since", "until")) if kept else (None, None)
    if not kept or since is None or until is None:
        return None
    return _Window(since, until, int(kept.get("form") or 0), int(kept.get("after") or 0))


def _next_window(access: Access, reached: datetime) -> _Window:
    """From a little before where the last one ended: bills are dated when they begin to be saved, not when they are
    there to be read."""
    length = timedelta(minutes=number(access.settings, "window_minutes", 1440, most=10080))
    overlap = timedelta(seconds=number(access.settings, "overlap_seconds", 300, least=0, most=3600))
    until = min(reached + length, bills.floor(access.now))
    return _Window(since=min(reached, until) - overlap, until=until)


def _following(window: _Window, after: int | None) -> _Window | None:
    """The next page, the next form's first page, or nothing more."""
    if after is not None:
        return _Window(window.since, window.until, window.form, after)
    if window.form + 1 < len(FORMS):
        return _Window(window.since, window.until, window.form + 1)
    return None


def _heads(access: Access, window: _Window) -> tuple[list[Row], int | None]:
    wanted, form = names(access), FORMS[window.form]
    times = _time_fields(access, form)
    fields = [*times, *(reading.order_fields(wanted) if form == SALE_ORDER else [])]
    where = bills.between(times, window.since, window.until)
    limit = number(access.settings, "bills_a_step", 200, most=bills.page_size(access))
    return bills.heads_after(access, form, fields, where, after=window.after, limit=limit)


def _messages(access: Access, form: str, heads: Sequence[Row]) -> list[Message]:
    if not heads:
        return []
    found = reading.of_sale_heads(access, heads) if form == SALE_ORDER else reading.of_out_heads(access, heads)
    return once(found)


def _time_fields(access: Access, form: str) -> tuple[str, ...]:
    wanted = names(access)
    return wanted.sale_times if form == SALE_ORDER else wanted.out_times


# What was seen ------------------------------------------------------------------------------------------------------


def _remember(access: Access, seen: dict[str, str], form: str, head: Row) -> None:
    name, times = _name(form, head), _times(access, form, head)
    seen.pop(name, None)
    newest = max((time for one in times.split("|") if (time := _time(one))), default=None)
    if newest is not None and newest < access.now - SETTLED_AFTER:
        seen[name] = times


def _name(form: str, head: Row) -> str:
    return f"{FORMS.index(form)}:{word(head['FID'])}"


def _times(access: Access, form: str, head: Row) -> str:
    return "|".join(word(head[name]) for name in _time_fields(access, form))


def _time(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None
