"""Reading the past: everything that changed in a span of days, and Douyin's own list of the orders placed in it.

Douyin lists the last 90 days. What lies before them can only be read order by order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.bodies import once
from integrations.errors import Permanent
from integrations.platforms.douyin import client, reading, refunds
from integrations.platforms.douyin.polling import CALLS
from integrations.platforms.douyin.reading import Page


def slice_of(access: Access, start: datetime, end: datetime, cursor: Mapping[str, Any]) -> Polled:
    """One step of [start, end): a few pages of its orders, then of its after-sales."""
    since, until = _span(access, start, end)
    part, position = str(cursor.get("part") or "orders"), int(cursor.get("from") or since)
    if until < since:
        return Polled(messages=[], cursor={"part": "done"})
    messages: list[Message] = []
    if part == "orders":

        def read(at: int, page: int) -> Page:
            return reading.search(access, at, until, page=page)

        size = reading.page_size(access)
        found = reading.stretch(
            read, lambda row: reading.seconds_of(row, "update_time"), position, size=size, calls=CALLS
        )
        messages = [reading.order_message(access, row) for page in found.pages for row in page.rows]
        following = {"part": "refunds", "from": since}
    else:

        def read_refunds(at: int, page: int) -> Page:
            return refunds.listed(access, at, until, page=page)

        found = reading.stretch(read_refunds, refunds.updated, position, size=refunds.PAGE_SIZE, calls=CALLS)
        messages = [refunds.refund_message(item) for page in found.pages for item in page.rows]
        following = {"part": "done", "from": until}
    kept = following if found.done else {"part": part, "from": found.reached}
    # Orders first, then as many seconds of after-sales.
    behind = (0 if part == "orders" else until - since) + (until if found.done else found.reached) - since
    share = min(behind / max(2 * (until - since), 1), 1.0)
    return Polled(messages=once(messages), cursor=kept, more=kept["part"] != "done", share=share)


def numbers(access: Access, start: datetime, end: datetime) -> Sequence[str]:
    """The ids of the orders placed in [start, end), unpaid ones included."""
    since, until = _span(access, start, end)
    found: dict[str, None] = {}

    def read(at: int, page: int) -> Page:
        return reading.search(access, at, until, page=page, by=reading.BY_CREATE)

    done = until < since
    while not done:
        part = reading.stretch(
            read,
            lambda row: reading.seconds_of(row, "create_time"),
            since,
            size=reading.page_size(access),
            calls=CALLS,
        )
        found |= dict.fromkeys(str(row.get("order_id") or "") for page in part.pages for row in page.rows)
        since, done = part.reached, part.done
    return [identity for identity in found if identity]


def _span(access: Access, start: datetime, end: datetime) -> tuple[int, int]:
    """The first and the last second: Douyin counts whole seconds and includes both ends."""
    oldest = client.seconds(access.now) - reading.LISTED_SECONDS
    last = client.seconds(end) - (0 if end.microsecond else 1)
    if last < oldest:
        raise Permanent("平台只能查询最近 90 天的订单", code="20022")
    return max(client.seconds(start), oldest), last
