"""Reading the trail for those who keep it outside: one consistent moment, in the words of DESIGN's export."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from orders.models import Event

CHUNK = 5000

# Exported name → the event's own name, where they differ or not.
EXPORTED = {
    "seq": "seq",
    "order": "order_id",
    "parcel": "parcel_id",
    "verb": "verb",
    "from": "from_state",
    "to": "to_state",
    "version": "version",
    "actor": "actor",
    "role": "role",
    "cause": "cause",
    "key": "key",
    "result": "result",
    "facts": "facts",
    "prev_hash": "prev_hash",
    "hash": "hash",
    "at": "at",
    # What an outsider needs besides to compute the hash again.
    "stream": "stream",
    "company": "company_id",
    "reason": "reason",
    "act_id": "act_id",
    "source_at": "source_at",
}


def exact_time(moment: datetime | None) -> str | None:
    """A time as the hash covers it: UTC, always with microseconds."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def exported_events(since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Every event (from `since` on), stream by stream and in its order; call it inside `one_moment()`."""
    events = Event.objects.order_by("stream", "seq", "id")
    if since is not None:
        events = events.filter(at__gte=since)
    names = list(EXPORTED)
    for values in events.values_list(*EXPORTED.values()).iterator(chunk_size=CHUNK):
        event = dict(zip(names, values, strict=True))
        event["at"], event["source_at"] = exact_time(event["at"]), exact_time(event["source_at"])
        yield event


@contextmanager
def one_moment() -> Iterator[None]:
    """Let everything read inside be of one moment, however long it takes, without holding up a writer."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "sqlite":
        # Django's own transactions are IMMEDIATE, which would keep every writer waiting.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield
