"""Reading TOP's lists by windows of time, from the last page to the first.

The server lists the newest first, and a row that changes meanwhile leaves the window, so that all rows behind it move
up: read from the last page backwards, rows repeat; read forwards, they would be missed.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access
from integrations.errors import Temporary
from integrations.platforms.taobao import client
from integrations.windows import beijing_text

# A window with more rows than this is halved, so that one step stays short and little is lost when it breaks off.
BUSY_WINDOW = 200
SHORTEST_WINDOW = timedelta(seconds=60)

Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One of TOP's lists: its method, the names around its rows, what is asked of a row, the names of its window."""

    method: str
    plural: str
    singular: str
    fields: str
    window: tuple[str, str]


TRADES_CHANGED = Listing(
    "taobao.trades.sold.increment.get", "trades", "trade", client.LIST_FIELDS, ("start_modified", "end_modified")
)
TRADES_PLACED = Listing(
    "taobao.trades.sold.get", "trades", "trade", "tid,tid_str,created", ("start_created", "end_created")
)
REFUNDS_CHANGED = Listing(
    "taobao.refunds.receive.get", "refunds", "refund", client.REFUND_LIST_FIELDS, ("start_modified", "end_modified")
)


@dataclass
class Window:
    """From `since` to `until`; `reached` is where the cursor stands.

    `since` lies before it where rows may have come late: within the overlap before the moment of the last read.
    """

    since: datetime
    reached: datetime
    until: datetime

    def halve(self) -> bool:
        """Make it shorter; False where it is as short as it gets."""
        if self.until - self.reached <= SHORTEST_WINDOW:
            return False
        self.until = self.reached + max((self.until - self.reached) / 2, SHORTEST_WINDOW)
        return True


def rows_in(access: Access, listing: Listing, window: Window) -> list[Row]:
    """Every row of the window, which is halved while it is too busy. Some may come twice."""
    size = client.number(access, "page_size", 50, most=100)
    while True:
        first = _page(access, listing, window, page=1, size=size)
        total = _total(first)
        if total <= BUSY_WINDOW or not window.halve():
            break
    pages = -(-total // size)
    if pages <= 1:
        return _rows(first, listing)
    found: list[Row] = []
    answer = _page(access, listing, window, page=pages, size=size, counted=False)
    for page in itertools.count(pages + 1):
        found += _rows(answer, listing)
        if answer.get("has_next") is not True:
            break
        # Rows came in since the count; what they pushed behind the last page is read as well.
        answer = _page(access, listing, window, page=page, size=size, counted=False)
    for page in range(pages - 1, 0, -1):
        found += _rows(_page(access, listing, window, page=page, size=size, counted=False), listing)
    return found


def _page(
    access: Access, listing: Listing, window: Window, *, page: int, size: int, counted: bool = True
) -> dict[str, Any]:
    """One page. Counting is dear for the platform: only the first call asks for the total."""
    start, end = listing.window
    parameters = {
        "fields": listing.fields,
        start: beijing_text(window.since),
        end: beijing_text(window.until),
        "page_no": page,
        "page_size": size,
        "use_has_next": not counted,
    }
    return client.call(access, listing.method, parameters)


def _rows(answer: Mapping[str, Any], listing: Listing) -> list[Row]:
    return client.rows(answer, listing.plural, listing.singular)


def _total(answer: Mapping[str, Any]) -> int:
    try:
        return int(answer.get("total_results") or 0)
    except (TypeError, ValueError) as error:
        raise Temporary("平台没有返回总数", code="unreadable_answer") from error


def overlap_of(access: Access) -> timedelta:
    return timedelta(seconds=client.number(access, "overlap_seconds", 180, most=3600))
