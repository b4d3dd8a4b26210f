"""Few calls at once, and one writer at a time for a bill: K3 Cloud locks bills (网控) and counts calls.

This holds within a process; between processes their own lock answers, and the job is tried again.
"""

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

# By (connection, how many at once).
_doors: dict[tuple[int, int], threading.BoundedSemaphore] = {}
_opening = threading.Lock()
_WRITERS = tuple(threading.RLock() for _lane in range(64))


@contextmanager
def calling(connection_id: int, at_once: int) -> Iterator[None]:
    """Wait until fewer than `at_once` calls of this connection are under way."""
    with _opening:
        door = _doors.setdefault((connection_id, at_once), threading.BoundedSemaphore(at_once))
    with door:
        yield


@contextmanager
def writing(connection_id: int, subject: str) -> Iterator[None]:
    """Nobody else in this process writes to the same bill or order meanwhile."""
    with _WRITERS[zlib.crc32(f"{connection_id}:{subject}".encode()) % len(_WRITERS)]:
        yield
