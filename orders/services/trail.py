"""The chain of events (law 12): each event's hash covers the one before it in its stream.

The head and the sequence lie on the stream's own row (an order or a company), which the writer has locked.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from orders.models import CommitMark, Event

# What the hash covers, in this order of names; the checker outside computes the same.
HASHED = (
    "stream", "seq", "company_id", "order_id", "parcel_id", "verb", "from_state", "to_state", "version", "actor",
    "role", "cause", "key", "result", "reason", "act_id", "facts", "source_at", "at",
)  # fmt: skip


class StreamRow(Protocol):
    event_seq: int
    event_head: str

    @property
    def stream(self) -> str: ...


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def canonical(event: Event) -> str:
    """The text that is hashed: compact JSON of `HASHED`, keys sorted, times in UTC with microseconds."""
    return json.dumps(
        {name: _plain(getattr(event, name)) for name in HASHED},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def hash_of(event: Event, prev_hash: str) -> str:
    return hashlib.sha256(f"{prev_hash}\n{canonical(event)}".encode()).hexdigest()


def chain(row: StreamRow, events: Sequence[Event]) -> None:
    """Number and hash new events onto the stream whose row the caller has locked; the caller saves both."""
    for event in events:
        row.event_seq += 1
        event.stream, event.seq, event.prev_hash = row.stream, row.event_seq, row.event_head
        event.hash = hash_of(event, row.event_head)
        row.event_head = event.hash
        event.mark = CommitMark()
