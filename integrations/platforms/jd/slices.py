"""Reading the past: everything that changed in a span of days, and JD's own list of the orders placed in it.

JD searches by time of change three months back, by time of the order about two years.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Polled
from integrations.bodies import once
from integrations.platforms.jd import reading, refunds
from integrations.platforms.jd.polling import BUSY_WINDOW, LONGEST_READ, SHORTEST_WINDOW
from integrations.windows import last_second, moment, share_of

CHANGES_KEPT = timedelta(days=85)
STEP = timedelta(days=1)

Search = Callable[[datetime, datetime, int], reading.Page]


def slice_of(access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
    """One window of [start, end), at most a day: its orders, and the refund applications made in it."""
    reached = moment(cursor.get("reached")) or start
    if reached >= end:
        return Polled(messages=[], cursor={"reached": reached.isoformat()})
    date_type = reading.BY_MODIFIED if reached >= access.now - CHANGES_KEPT else reading.BY_CREATED

    def search(since: datetime, until: datetime, page: int) -> reading.Page:
        return reading.search(access, since, until, page=page, date_type=date_type)

    until, rows = _window(access, search, reached, min(reached + STEP, end))
    messages = [reading.order_message(row, flags=reading.flags_of(access, row)) for row in rows]
    messages += refunds.collected(access, refunds.between(access, "apply", reached, last_second(reached, until)))
    kept = {"reached": until.isoformat()}
    return Polled(messages=once(messages), cursor=kept, more=until < end, share=share_of(start, end, until))


def numbers(access: Access, start: datetime, end: datetime) -> Sequence[str]:
    """The ids of the orders placed in [start, end). Unpaid ones count only where the connection reads them."""

    def search(since: datetime, until: datetime, page: int) -> reading.Page:
        fields = "orderId,orderStartTime"
        return reading.search(access, since, until, page=page, date_type=reading.BY_CREATED, fields=fields)

    def unpaid(since: datetime, until: datetime, page: int) -> reading.Page:
        return reading.unpaid(access, since, until, page=page)

    found: dict[str, None] = {}
    for source in (search, unpaid) if access.settings.get("read_unpaid") else (search,):
        reached = start
        while reached < end:
            reached, rows = _window(access, source, reached, min(reached + LONGEST_READ, end))
            found |= dict.fromkeys(str(row.get("orderId") or "") for row in rows)
    return [identity for identity in found if identity]


def _window(access: Access, search: Search, since: datetime, until: datetime) -> tuple[datetime, list[dict[str, Any]]]:
    """The rows of [since, until), halved while it is too busy; and where it ends."""
    while True:
        first = search(since, last_second(since, until), 1)
        if first.total <= BUSY_WINDOW or until - since <= SHORTEST_WINDOW:
            break
        until = since + max((until - since) / 2, SHORTEST_WINDOW)
    last = last_second(since, until)
    return until, reading.all_rows(lambda page: search(since, last, page), reading.page_size(access), first)
