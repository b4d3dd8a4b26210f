"""Reading without being told: JD pushes nothing that is published, so the poll is all there is.

One step reads the orders changed in one window; now and then the refund applications, and one page of the sweep over
everything not shipped. Only the window must succeed: why another part could not be read stays in the cursor.

The cursor: `modified`, up to where orders were read, and `read_at`, when that was; `seen`, the orders read lately as
id → [modified, digest, how manieth content under this modified], so that the overlap brings nothing twice; `locked`,
orders seen LOCKED as id → whether that had no refund application; `refunds`, `{"until", "open": [ids]}`; `begin`, how
far back this connection looks; `sweep`, `{"from"}` or `{"rest_until"}`; `unpaid`, up to where unpaid orders were read;
`errors`, part → reason.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.bodies import canonical, digest
from integrations.errors import OutsideError
from integrations.platforms.jd import reading, refunds
from integrations.preferences import number
from integrations.windows import moment, since_when, start_of
from orders.vocabulary import beijing

log = logging.getLogger(__name__)

REMEMBERED, MOST_LOCKED, MOST_OPEN = 1000, 500, 200
# A window with more orders than this is halved, so that one step stays short and far below JD's 300 pages.
BUSY_WINDOW = 500
SHORTEST_WINDOW = timedelta(seconds=60)
# The searches refuse more than a month.
LONGEST_READ = timedelta(days=29)
# Contents under one `modified` are told apart by milliseconds, of which a second has 1000.
MOST_CONTENTS = 999


@dataclass
class _Memory:
    """What the cursor knows, changed while a step reads."""

    seen: dict[str, list[Any]]
    locked: dict[str, bool]
    messages: dict[str, Message] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def keep(self, message: Message) -> None:
        self.messages[message.key] = message

    def could_not(self, part: str, access: Access, error: OutsideError) -> None:
        log.warning("jd connection %s: %s cannot be read: %s", access.connection_id, part, error.code)
        self.errors[part] = f"{error}（{error.code}）"[:300]


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """One step: one window of changed orders, and what else is due."""
    memory = _Memory(seen=dict(cursor.get("seen") or {}), locked=dict(cursor.get("locked") or {}))
    begin, since, reached = _position(access, cursor)
    until, rows = _changed(access, since, reached)
    for row in sorted(rows, key=lambda row: str(row.get("modified") or "")):
        _take(access, memory, row)
    unpaid = _take_unpaid(access, memory, moment(cursor.get("unpaid")) or since, until)
    kept_refunds = _read_refunds(access, memory, cursor.get("refunds") or {}, begin)
    sweep = _sweep(access, memory, cursor.get("sweep") or {}, begin)
    kept: dict[str, Any] = {
        "begin": begin.isoformat(),
        "modified": until.isoformat(),
        "read_at": access.now.isoformat(),
        "seen": dict(list(memory.seen.items())[-REMEMBERED:]),
        "locked": dict(list(memory.locked.items())[-MOST_LOCKED:]),
        "refunds": kept_refunds,
        "sweep": sweep,
        "unpaid": unpaid.isoformat(),
    }
    if memory.errors:
        kept["errors"] = memory.errors
    return Polled(messages=list(memory.messages.values()), cursor=kept, more=until < access.now)


# The window ---------------------------------------------------------------------------------------------------------


def _position(access: Access, cursor: Mapping[str, Any]) -> tuple[datetime, datetime, datetime]:
    """How far back at all, from where now, and up to where it was read. The overlap catches what JD stored late."""
    overlap = _overlap(access)
    start = start_of(access)
    begin = moment(cursor.get("begin")) or start
    reached = min(moment(cursor.get("modified")) or start, access.now)
    read_at = moment(cursor.get("read_at")) or reached
    return begin, since_when(reached, read_at, overlap), reached


def _changed(access: Access, since: datetime, reached: datetime) -> tuple[datetime, list[dict[str, Any]]]:
    """The orders of the next window, which is halved while it is too busy; and where it ends."""
    length = timedelta(minutes=number(access.settings, "window_minutes", 360, most=1440))
    until = min(reached + length, access.now)
    while True:
        first = reading.search(access, since, until, page=1)
        if first.total <= BUSY_WINDOW or until - reached <= SHORTEST_WINDOW:
            break
        until = reached + max((until - reached) / 2, SHORTEST_WINDOW)
    window = since, until
    rows = reading.all_rows(lambda page: reading.search(access, *window, page=page), reading.page_size(access), first)
    return until, rows


def _overlap(access: Access) -> timedelta:
    return timedelta(seconds=number(access.settings, "overlap_seconds", 120, most=3600))


# One order ----------------------------------------------------------------------------------------------------------


def _take(access: Access, memory: _Memory, row: Mapping[str, Any]) -> None:
    """Keep an order unless it is known like this. A lock is followed until it is gone."""
    order_id, modified = str(row.get("orderId") or ""), str(row.get("modified") or "")
    content = digest(canonical(row), 12)
    known = memory.seen.pop(order_id, None)
    after = 0
    if known and known[0] == modified:
        if known[1] == content:
            memory.seen[order_id] = known
            return
        after = min(int(known[2]) + 1, MOST_CONTENTS)
    memory.seen[order_id] = [modified, content, after]
    lock, applications = _follow_lock(access, memory, order_id, str(row.get("orderState") or ""))
    memory.keep(reading.order_message(row, flags=reading.flags_of(access, row), after=after, lock=lock))
    for message in refunds.collected(access, applications):
        memory.keep(message)


def _follow_lock(access: Access, memory: _Memory, order_id: str, state: str) -> tuple[str, list[dict[str, Any]]]:
    """What became of the order's lock, and its refund applications.

    LOCKED means that a refund or cancellation is being asked for. Its application is read at once, and once more
    when the lock is gone; where none is to be seen, the lock itself is the request."""
    was_locked = order_id in memory.locked
    if state != "LOCKED" and not was_locked:
        return "", []
    applications: list[dict[str, Any]] = []
    try:
        applications = refunds.of_order(access, order_id)
    except OutsideError as error:
        memory.could_not("refunds", access, error)
    if state != "LOCKED":
        return ("lifted" if memory.locked.pop(order_id) else ""), applications
    is_asked = any(not refunds.is_settled(row) for row in applications)
    memory.locked[order_id] = memory.locked.get(order_id, False) or not is_asked
    return ("open" if memory.locked[order_id] else ""), applications


def _take_unpaid(access: Access, memory: _Memory, since: datetime, until: datetime) -> datetime:
    """The orders that wait for payment, where the connection wants them; up to where they were read."""
    if not access.settings.get("read_unpaid"):
        return until
    start = max(since - _overlap(access), until - LONGEST_READ)
    try:
        first = reading.unpaid(access, start, until, page=1)
        size = reading.page_size(access)
        rows = reading.all_rows(lambda page: reading.unpaid(access, start, until, page=page), size, first)
    except OutsideError as error:
        memory.could_not("unpaid", access, error)
        return since
    for row in rows:
        memory.keep(reading.order_message(row, flags=reading.flags_of(access, row)))
    return until


# Refund applications ------------------------------------------------------------------------------------------------


def _read_refunds(access: Access, memory: _Memory, known: Mapping[str, Any], begin: datetime) -> dict[str, Any]:
    """What was applied for or judged since last time, and every application that is still open.

    The open ones are asked for by number because a withdrawal has no time by which it could be searched.
    """
    every = timedelta(seconds=number(access.settings, "refund_seconds", 60, least=0, most=3600))
    until, still_open = moment(known.get("until")), [str(identity) for identity in known.get("open") or []]
    if until and access.now - until < every:
        return dict(known)
    overlap = _overlap(access)
    reached = until or begin
    now = min(access.now, reached + LONGEST_READ - overlap)
    rows: list[dict[str, Any]] = []
    try:
        for kind in ("apply", "check"):
            rows += refunds.between(access, kind, reached - overlap, now)
        # Round robin, so that many open applications cost a few calls a step and all get their turn.
        asked, later = still_open[:MOST_OPEN], still_open[MOST_OPEN:]
        for start in range(0, len(asked), refunds.PAGE_SIZE):
            rows += refunds.by_ids(access, asked[start : start + refunds.PAGE_SIZE])
    except OutsideError as error:
        memory.could_not("refunds", access, error)
        return dict(known)
    latest = {str(row.get("id")): row for row in rows}
    for message in refunds.collected(access, rows):
        memory.keep(message)
    found_open = [identity for identity, row in latest.items() if not refunds.is_settled(row)]
    return {"until": now.isoformat(), "open": [*(i for i in later if i not in latest), *found_open]}


# The sweep ----------------------------------------------------------------------------------------------------------


def _sweep(access: Access, memory: _Memory, known: Mapping[str, Any], begin: datetime) -> dict[str, Any]:
    """One page of the orders not shipped yet, by the time they were placed: finds what no window showed, such as a new
    address that did not move `modified`. After the last page it rests."""
    rest = number(access.settings, "sweep_minutes", 30, least=0, most=1440)
    resting = moment(known.get("rest_until"))
    if not rest or (resting and resting > access.now):
        return dict(known)
    position = max(moment(known.get("from")) or begin, access.now - LONGEST_READ)
    try:
        page = reading.search(
            access, position, access.now, page=1, date_type=reading.BY_CREATED, states=reading.NOT_SHIPPED
        )
    except OutsideError as error:
        memory.could_not("sweep", access, error)
        return dict(known)
    for row in page.rows:
        _take(access, memory, row)
    if len(page.rows) >= page.total:
        return {"rest_until": (access.now + timedelta(minutes=rest)).isoformat()}
    last = max((placed for row in page.rows if (placed := _placed(row))), default=position)
    return {"from": max(last, position + timedelta(seconds=1)).isoformat()}


def _placed(row: Mapping[str, Any]) -> datetime | None:
    try:
        return beijing(str(row.get("orderStartTime") or ""))
    except ValueError:
        return None
