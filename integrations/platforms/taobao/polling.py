"""Reading without being told: the message service's queue, and the trades that changed in a window of time.

The cursor: `modified`, up to where everything was read; `read_at`, when that was; `seen`, the (trade, modified) pairs
read lately, so that the overlap of two windows costs no second detail call; `queue_error`, why the message queue could
not be read.
"""

import hashlib
import itertools
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message, Polled
from integrations.errors import OutsideError, Permanent, Temporary, Unauthorised
from integrations.platforms.taobao import client
from integrations.platforms.taobao.refusals import ConnectionAtFault
from orders.clock import BEIJING
from orders.vocabulary import beijing

log = logging.getLogger(__name__)

CONSUME_AT_ONCE, CONFIRM_AT_ONCE = 100, 200
REMEMBERED = 500
# A window with more trades than this is halved, so that one step stays short and little is lost when it breaks off.
BUSY_WINDOW = 200
SHORTEST_WINDOW = timedelta(seconds=60)
# taobao.trades.sold.increment.get refuses more than a day.
LONGEST_READ = timedelta(days=1) - timedelta(seconds=1)
# `modified` has whole seconds: a trade that changed this lately may change again within the same second, unseen.
SETTLED_AFTER = timedelta(seconds=30)


def poll(access: Access, cursor: Mapping[str, Any]) -> Polled:
    """One step: one window of changed trades, and what the queue holds.

    A queue that cannot be read does not stop the trades: they are the safety net for exactly that. The reason is kept
    in the cursor.
    """
    step = _read_window(access, cursor)
    queued, queue_error = _read_queue(access)
    kept = {**step.cursor, **({"queue_error": queue_error} if queue_error else {})}
    return Polled(messages=[*queued, *step.messages], cursor=kept, more=step.more or len(queued) >= CONSUME_AT_ONCE)


def confirm(access: Access, polled: Polled) -> None:
    """Tell the message service what is safely stored; it sends everything else again."""
    keys = [message.key for message in polled.messages if message.kind.startswith("tmc:")]
    ids = [identity for key in keys if (identity := key.removeprefix("tmc:"))]
    for start in range(0, len(ids), CONFIRM_AT_ONCE):
        parameters = {"s_message_ids": ",".join(ids[start : start + CONFIRM_AT_ONCE]), "group_name": _group(access)}
        client.call(access, "taobao.tmc.messages.confirm", parameters, as_seller=False)


def trade_message(trade: Mapping[str, Any]) -> Message:
    """A trade as it is kept. The key changes with the content: two changes within one second are two facts."""
    body = canonical(trade)
    tid = str(trade.get("tid_str") or trade.get("tid") or "")
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Message(kind="trade", key=f"trade:{tid}:{trade.get('modified', '')}:{digest}"[:200], body=body)


def canonical(data: Any) -> bytes:
    """One text for one content, whatever the order in which the server wrote the fields."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="replace")


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
class _Window:
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

    def parameters(self) -> dict[str, str]:
        return {
            "fields": client.LIST_FIELDS,
            "start_modified": _written(self.since),
            "end_modified": _written(self.until),
        }


@dataclass
class _Step:
    messages: list[Message]
    cursor: dict[str, Any]
    more: bool


@dataclass
class _Details:
    messages: list[Message] = field(default_factory=list)
    seen: dict[str, None] = field(default_factory=dict)
    broke_off: bool = False


def _read_window(access: Access, cursor: Mapping[str, Any]) -> _Step:
    window = _window(access, cursor)
    changed = _changed_trades(access, window)
    details = _read_details(access, changed, seen=cursor.get("seen") or [])
    reached = window.reached if details.broke_off else window.until
    read_at = window.reached if details.broke_off else access.now
    seen = list(details.seen)[-REMEMBERED:]
    kept = {"modified": reached.isoformat(), "read_at": read_at.isoformat(), "seen": seen}
    return _Step(messages=details.messages, cursor=kept, more=details.broke_off or window.until < access.now)


def _window(access: Access, cursor: Mapping[str, Any]) -> _Window:
    overlap = timedelta(seconds=client.number(access, "overlap_seconds", 180, most=3600))
    length = timedelta(minutes=client.number(access, "window_minutes", 30, most=1440))
    try:
        reached = _moment(cursor.get("modified") or access.settings.get("start")) or access.now - timedelta(days=1)
        read_at = _moment(cursor.get("read_at")) or reached
    except ValueError as error:
        raise ConnectionAtFault("设置 start 不是时间", code="settings") from error
    reached = min(reached, access.now)
    until = min(reached + min(length, LONGEST_READ - overlap), access.now)
    return _Window(since=max(min(reached, read_at - overlap), reached - overlap), reached=reached, until=until)


def _moment(told: Any) -> datetime | None:
    if not told:
        return None
    moment = datetime.fromisoformat(str(told))
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _changed_trades(access: Access, window: _Window) -> dict[str, str]:
    """Trade id → `modified`, for everything in the window.

    The server lists the newest first and a trade that changes meanwhile leaves the window, so that all rows behind it
    move up: read from the last page backwards, rows repeat; read forwards, they would be missed.
    """
    size = client.number(access, "page_size", 50, most=100)
    while True:
        first = _page(access, window, page=1, size=size)
        total = _total(first)
        if total <= BUSY_WINDOW or not window.halve():
            break
    changed: dict[str, str] = {}
    pages = -(-total // size)
    if pages <= 1:
        _collect(first, changed)
        return changed
    answer = _page(access, window, page=pages, size=size, counted=False)
    for page in itertools.count(pages + 1):
        _collect(answer, changed)
        if answer.get("has_next") is not True:
            break
        # Rows came in since the count; what they pushed behind the last page is read as well.
        answer = _page(access, window, page=page, size=size, counted=False)
    for page in range(pages - 1, 0, -1):
        _collect(_page(access, window, page=page, size=size, counted=False), changed)
    return changed


def _page(access: Access, window: _Window, *, page: int, size: int, counted: bool = True) -> dict[str, Any]:
    """One page. Counting is dear for the platform: only the first call asks for the total."""
    parameters = {**window.parameters(), "page_no": page, "page_size": size, "use_has_next": not counted}
    return client.call(access, "taobao.trades.sold.increment.get", parameters)


def _total(answer: Mapping[str, Any]) -> int:
    try:
        return int(answer.get("total_results") or 0)
    except (TypeError, ValueError) as error:
        raise Temporary("平台没有返回订单总数", code="unreadable_answer") from error


def _collect(answer: Mapping[str, Any], changed: dict[str, str]) -> None:
    for row in client.rows(answer, "trades", "trade"):
        tid = str(row.get("tid_str") or row.get("tid") or "")
        changed[tid] = max(changed.get(tid, ""), str(row.get("modified") or ""))


def _read_details(access: Access, changed: Mapping[str, str], *, seen: list[str]) -> _Details:
    """Read every changed trade, oldest change first.

    A trade that the platform refuses to show is kept as such and stops no other. Where the platform becomes
    unreachable half-way, what was read is kept, the cursor stays, and the next step goes on from there.
    """
    details = _Details(seen=dict.fromkeys(seen))
    for tid, modified in sorted(changed.items(), key=lambda item: (item[1], item[0])):
        mark = f"{tid}|{modified}"
        if mark in details.seen:
            continue
        try:
            details.messages.append(trade_message(client.read_trade(access, tid)))
        except (Unauthorised, ConnectionAtFault):
            raise
        except Permanent as error:
            details.messages.append(_missing(tid, modified, error))
            continue
        except OutsideError:
            if not details.messages:
                raise
            details.broke_off = True
            break
        if _is_settled(modified, access.now):
            details.seen[mark] = None
    return details


def _missing(tid: str, modified: str, error: OutsideError) -> Message:
    """Not readable: kept to be parked and shown, the same in every repeat."""
    body = canonical({"tid": tid, "modified": modified, "code": error.code, "reason": str(error)})
    return Message(kind="trade_missing", key=f"trade_missing:{tid}:{modified}:{error.code}"[:200], body=body)


def _is_settled(modified: str, now: datetime) -> bool:
    try:
        moment = beijing(modified)
    except ValueError:
        return False
    return moment is not None and moment < now - SETTLED_AFTER


def _written(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
