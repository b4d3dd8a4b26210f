"""Reading without being told: the orders and after-sales that changed, and a sweep over what has not been shipped.

Pushes tell sooner; they may be lost, or be switched off. `update_time` moves with the main status only, so the sweep
looks again at every open order for a memo, a flag or an address that changed without it. Only the orders must succeed:
why another part could not be read stays in the cursor.

The cursor: `modified`, up to where orders were read, and `behind`, whether there was more; `seen`, the orders read
lately as id → [update_time, digest], so that an overlap or a sweep brings nothing twice; `refunds`, `{"until",
"behind", "seen"}`; `begin`, how far back this connection looks; `sweep`, `{"from"}` or `{"rest_until"}`; `errors`,
part → reason. Times are seconds.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.bodies import canonical, digest
from integrations.errors import OutsideError
from integrations.platforms.douyin import client, kept, reading, refunds
from integrations.platforms.douyin.reading import Page, Row
from integrations.preferences import number
from integrations.windows import start_of

log = logging.getLogger(__name__)

REMEMBERED = 2000
# Calls of one step, so that it stays short and little is lost when it breaks off.
CALLS = 5


@dataclass
class Memory:
    """What the cursor knows, changed while a step reads."""

    seen: dict[str, list[Any]]
    messages: dict[str, Message] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def keep(self, message: Message) -> None:
        self.messages[message.key] = message

    def could_not(self, part: str, access: Access, error: OutsideError) -> None:
        log.warning("douyin connection %s: %s cannot be read: %s", access.connection_id, part, error.code)
        self.errors[part] = f"{error}（{error.code}）"[:300]

    def take(self, access: Access, row: Row, asked_at: int) -> None:
        """Keep an order unless it is known like this.

        Another content under the same `update_time` is as old as this reading of it.
        """
        order_id, updated = str(row.get("order_id") or ""), reading.seconds_of(row, "update_time")
        content = digest(canonical(kept.order(row)), 12)
        known = self.seen.pop(order_id, None)
        self.seen[order_id] = [updated, content]
        if known == [updated, content]:
            return
        at = asked_at if known and known[0] == updated else 0
        self.keep(reading.order_message(access, row, at=at))


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """One step: the next orders that changed, and what else is due."""
    memory = Memory(seen=dict(cursor.get("seen") or {}))
    now = client.seconds(access.now)
    begin = int(cursor.get("begin") or client.seconds(start_of(access)))
    found = _changed(access, _since(access, cursor.get("modified"), begin, bool(cursor.get("behind"))), now)
    for page in found.pages:
        for row in page.rows:
            memory.take(access, row, page.asked_at)
    kept_refunds = _read_refunds(access, memory, cursor.get("refunds") or {}, begin)
    sweep = _sweep(access, memory, cursor.get("sweep") or {}, begin)
    cursor_now: dict[str, Any] = {
        "begin": begin,
        "modified": now if found.done else found.reached,
        "behind": not found.done,
        "seen": dict(list(memory.seen.items())[-REMEMBERED:]),
        "refunds": kept_refunds,
        "sweep": sweep,
    }
    if memory.errors:
        cursor_now["errors"] = memory.errors
    return Polled(messages=list(memory.messages.values()), cursor=cursor_now, more=not found.done)


def _since(access: Access, reached: Any, begin: int, behind: bool) -> int:
    """Where to go on. What was stored late is caught by an overlap, which is left out while there is more to read."""
    now = client.seconds(access.now)
    overlap = 0 if behind else _overlap(access)
    return max(min(int(reached or begin), now) - overlap, now - reading.LISTED_SECONDS)


def _overlap(access: Access) -> int:
    return number(access.settings, "overlap_seconds", 120, most=3600)


def _changed(access: Access, since: int, until: int) -> reading.Stretch:
    def read(position: int, page: int) -> Page:
        return reading.search(access, position, until, page=page)

    size = reading.page_size(access)
    return reading.stretch(read, lambda row: reading.seconds_of(row, "update_time"), since, size=size, calls=CALLS)


def _read_refunds(access: Access, memory: Memory, known: Mapping[str, Any], begin: int) -> dict[str, Any]:
    """The after-sales that changed since last time; `seen` keeps the overlap's from coming twice."""
    now = client.seconds(access.now)
    until, behind = int(known.get("until") or 0), bool(known.get("behind"))
    every = number(access.settings, "refund_seconds", 60, least=0, most=3600)
    if until and not behind and now - until < every:
        return dict(known)

    def read(position: int, page: int) -> Page:
        return refunds.listed(access, position, now, page=page)

    since = _since(access, until, begin, behind)
    try:
        found = reading.stretch(read, refunds.updated, since, size=refunds.PAGE_SIZE, calls=CALLS)
    except OutsideError as error:
        memory.could_not("refunds", access, error)
        return dict(known)
    seen = dict(known.get("seen") or {})
    for item in (item for page in found.pages for item in page.rows):
        message = refunds.refund_message(item)
        mark = message.key.rpartition(":")[2]
        if seen.get(refunds.id_of(item)) != mark:
            memory.keep(message)
        seen.pop(refunds.id_of(item), None)
        seen[refunds.id_of(item)] = mark
    return {
        "until": now if found.done else found.reached,
        "behind": not found.done,
        "seen": dict(list(seen.items())[-REMEMBERED:]),
    }


def _sweep(access: Access, memory: Memory, known: Mapping[str, Any], begin: int) -> dict[str, Any]:
    """One page of the orders not shipped yet, by the time they were placed. After the last page it rests."""
    rest = number(access.settings, "sweep_minutes", 30, least=0, most=1440) * 60
    now = client.seconds(access.now)
    if not rest or int(known.get("rest_until") or 0) > now:
        return dict(known)

    def read(position: int, page: int) -> Page:
        return reading.search(access, position, now, page=page, by=reading.BY_CREATE, statuses=reading.NOT_SHIPPED)

    position = max(int(known.get("from") or begin), now - reading.LISTED_SECONDS)
    size = reading.page_size(access)
    try:
        found = reading.stretch(read, lambda row: reading.seconds_of(row, "create_time"), position, size=size, calls=1)
    except OutsideError as error:
        memory.could_not("sweep", access, error)
        return dict(known)
    for page in found.pages:
        for row in page.rows:
            memory.take(access, row, page.asked_at)
    return {"rest_until": now + rest} if found.done else {"from": found.reached}
