"""Reading trades: which changed in a window, and each of them whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.adapter import Access, Message
from integrations.bodies import canonical, digest
from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Unauthorised
from integrations.platforms.taobao import client
from integrations.platforms.taobao.reading import TRADES_CHANGED, Row, Window, rows_in
from orders.vocabulary import beijing

# `modified` has whole seconds: a trade that changed this lately may change again within the same second, unseen.
SETTLED_AFTER = timedelta(seconds=30)


@dataclass
class Details:
    messages: list[Message] = field(default_factory=list)
    seen: dict[str, None] = field(default_factory=dict)
    broke_off: bool = False


def changed_in(access: Access, window: Window) -> dict[str, str]:
    """Trade id → `modified`, for everything in the window."""
    return newest_of(rows_in(access, TRADES_CHANGED, window))


def newest_of(rows: Iterable[Row]) -> dict[str, str]:
    changed: dict[str, str] = {}
    for row in rows:
        tid = str(row.get("tid_str") or row.get("tid") or "")
        changed[tid] = max(changed.get(tid, ""), str(row.get("modified") or ""))
    return changed


def read_details(access: Access, changed: Mapping[str, str], *, seen: Iterable[str] = ()) -> Details:
    """Read every changed trade, oldest change first.

    A trade that the platform refuses to show is kept as such and stops no other. Where the platform becomes
    unreachable half-way, what was read is kept, the cursor stays, and the next step goes on from there.
    """
    details = Details(seen=dict.fromkeys(seen))
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


def trade_message(trade: Mapping[str, Any]) -> Message:
    """A trade as it is kept. The key changes with the content: two changes within one second are two facts."""
    body = canonical(trade)
    tid = str(trade.get("tid_str") or trade.get("tid") or "")
    return Message(kind="trade", key=f"trade:{tid}:{trade.get('modified', '')}:{digest(body, 12)}"[:200], body=body)


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
