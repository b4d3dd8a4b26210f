"""Reading refunds (退款单): the list says which changed, each is then read whole.

Sources: TOP metadata of `taobao.refunds.receive.get` and `taobao.refund.get`. The list knows neither the type of the
dispute nor the time that is left.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from integrations.adapter import Access, Message
from integrations.bodies import canonical, digest
from integrations.errors import ConnectionAtFault, OutsideError, Permanent, Unauthorised
from integrations.platforms.taobao import client
from integrations.platforms.taobao.reading import (
    REFUNDS_CHANGED,
    Row,
    Window,
    overlap_of,
    rows_in,
)
from integrations.windows import moment, since_when, start_of

LONGEST_WINDOW = timedelta(days=1) - timedelta(seconds=1)
REMEMBERED = 500


def poll(access: Access, known: Mapping[str, Any]) -> tuple[list[Message], dict[str, Any]]:
    """One window of changed refunds, where it is time; and this part of the cursor.

    `until`: up to where they were read. `read_at`: when. `seen`: what the overlap would bring again, id → digest.
    `behind`: there is more to read now. `error`: why they could not be read; the trades are read regardless.
    """
    every = timedelta(seconds=client.number(access, "refund_seconds", 60, least=0, most=3600))
    read_at = moment(known.get("read_at"))
    if read_at is not None and access.now - read_at < every and not known.get("behind"):
        return [], dict(known)
    overlap = overlap_of(access)
    reached = min(moment(known.get("until")) or start_of(access), access.now)
    since = since_when(reached, read_at or reached, overlap)
    window = Window(since=since, reached=reached, until=min(reached + LONGEST_WINDOW - overlap, access.now))
    seen = dict(known.get("seen") or {})
    try:
        messages = collected(access, rows_in(access, REFUNDS_CHANGED, window), seen=seen)
    except OutsideError as error:
        return [], {**known, "read_at": access.now.isoformat(), "error": f"{error}（{error.code}）"[:300]}
    kept = {
        "until": window.until.isoformat(),
        "read_at": access.now.isoformat(),
        "seen": dict(list(seen.items())[-REMEMBERED:]),
    }
    return messages, kept | ({"behind": True} if window.until < access.now else {})


def collected(access: Access, rows: Iterable[Row], *, seen: dict[str, str] | None = None) -> list[Message]:
    """The refunds as messages, each once, the oldest change first; `seen` learns what they are."""
    marks = {} if seen is None else seen
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: str(row.get("modified") or "")):
        newest[str(row.get("refund_id") or "")] = row
    messages = []
    for refund_id, row in newest.items():
        listed = digest(canonical(row), 12)
        if marks.get(refund_id) != listed:
            messages.append(refund_message(_whole(access, row)))
        marks.pop(refund_id, None)
        marks[refund_id] = listed
    return messages


def read(access: Access, refund_id: str) -> Row:
    """One refund with everything the tower asks for."""
    if not (refund_id.isascii() and refund_id.isdigit()):
        raise Permanent(f"不是淘宝退款编号：{refund_id[:40]!r}", code="refund_id")
    answer = client.call(access, "taobao.refund.get", {"fields": client.REFUND_FIELDS, "refund_id": refund_id})
    found = answer.get("refund")
    if not isinstance(found, dict):
        raise Permanent("平台没有返回该退款单", code="no_refund")
    return found


def fetch(access: Access, refund_id: str) -> Message:
    return refund_message(read(access, refund_id))


def _whole(access: Access, row: Row) -> Row:
    """The refund as it stands now; where the platform will not show it, what the list says."""
    try:
        return {**row, **read(access, str(row.get("refund_id") or ""))}
    except (Unauthorised, ConnectionAtFault):
        raise
    except Permanent:
        return row


def refund_message(row: Mapping[str, Any]) -> Message:
    """A refund as it is kept; the key changes with the content."""
    body = canonical(row)
    key = f"refund:{row.get('refund_id', '')}:{row.get('modified', '')}:{digest(body, 12)}"
    return Message(kind="refund", key=key[:150], body=body)
