"""Reading without being told: the message service's queue, and the trades and refunds that changed in a window of time.

The cursor: `modified`, up to where every trade was read; `read_at`, when that was; `seen`, the (trade, modified) pairs
read lately, so that the overlap of two windows costs no second detail call; `refunds`, the refunds' own part (see
`refunds.py`); `queue_error`, why the message queue could not be read.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.bodies import canonical
from integrations.errors import OutsideError
from integrations.platforms.taobao import client, refunds, trades
from integrations.platforms.taobao.reading import Window, overlap_of
from integrations.windows import moment, since_when, start_of

log = logging.getLogger(__name__)

CONSUME_AT_ONCE, CONFIRM_AT_ONCE = 100, 200
REMEMBERED = 500
# taobao.trades.sold.increment.get refuses more than a day.
LONGEST_READ = timedelta(days=1) - timedelta(seconds=1)


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """One step: one window of changed trades, the refunds where it is time, and what the queue holds.

    A queue or a list of refunds that cannot be read does not stop the trades: they are the safety net for exactly
    that. The reason is kept in the cursor.
    """
    step = _read_window(access, cursor)
    refunded, kept_refunds = refunds.poll(access, cursor.get("refunds") or {})
    queued, queue_error = _read_queue(access)
    kept = {**step.cursor, "refunds": kept_refunds, **({"queue_error": queue_error} if queue_error else {})}
    more = step.more or bool(kept_refunds.get("behind")) or len(queued) >= CONSUME_AT_ONCE
    return Polled(messages=[*queued, *step.messages, *refunded], cursor=kept, more=more)


def confirm(access: Access, polled: Polled) -> None:
    """Tell the message service what is safely stored; it sends everything else again."""
    keys = [message.key for message in polled.messages if message.kind.startswith("tmc:")]
    ids = [identity for key in keys if (identity := key.removeprefix("tmc:"))]
    for start in range(0, len(ids), CONFIRM_AT_ONCE):
        parameters = {"s_message_ids": ",".join(ids[start : start + CONFIRM_AT_ONCE]), "group_name": _group(access)}
        client.call(access, "taobao.tmc.messages.confirm", parameters, as_seller=False)


# The queue ------------------------------------------------------------------------------------------------------


def _group(access: Access) -> str:
    return str(access.settings.get("tmc_group", "default") or "")


def _read_queue(access: Access) -> tuple[list[Message], str]:
    """What waits in the queue, and why it could not be read. An empty group name switches the queue off.

    The queue belongs to the app: messages for other sellers stay in it, for the connection of that seller.
    """
    group = _group(access)
    if not group:
        return [], ""
    parameters = {"group_name": group, "quantity": CONSUME_AT_ONCE}
    try:
        answer = client.call(access, "taobao.tmc.messages.consume", parameters, as_seller=False)
    except OutsideError as error:
        log.warning("taobao connection %s: the message queue cannot be read: %s", access.connection_id, error.code)
        return [], f"{error}（{error.code}）"
    seller = str(access.settings.get("seller_nick") or "")
    rows = client.rows(answer, "messages", "tmc_message")
    mine = [row for row in rows if not seller or str(row.get("user_nick") or seller) == seller]
    return [
        Message(kind=f"tmc:{row.get('topic', '')}"[:120], key=f"tmc:{row.get('id', '')}"[:200], body=canonical(row))
        for row in mine
    ], ""


# The trades -----------------------------------------------------------------------------------------------------


@dataclass
class _Step:
    messages: list[Message]
    cursor: dict[str, Any]
    more: bool


def _read_window(access: Access, cursor: Mapping[str, Any]) -> _Step:
    window = _window(access, cursor)
    changed = trades.changed_in(access, window)
    details = trades.read_details(access, changed, seen=cursor.get("seen") or [])
    reached = window.reached if details.broke_off else window.until
    read_at = window.reached if details.broke_off else access.now
    seen = list(details.seen)[-REMEMBERED:]
    kept = {"modified": reached.isoformat(), "read_at": read_at.isoformat(), "seen": seen}
    return _Step(messages=details.messages, cursor=kept, more=details.broke_off or window.until < access.now)


def _window(access: Access, cursor: Mapping[str, Any]) -> Window:
    overlap = overlap_of(access)
    length = timedelta(minutes=client.number(access, "window_minutes", 30, most=1440))
    reached = min(moment(cursor.get("modified")) or start_of(access), access.now)
    read_at = moment(cursor.get("read_at")) or reached
    until = min(reached + min(length, LONGEST_READ - overlap), access.now)
    return Window(since=since_when(reached, read_at, overlap), reached=reached, until=until)
