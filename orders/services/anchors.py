"""Anchors: what the trail was at a moment, signed and written outside the database (law 12).

An anchor hashes the one before it together with the head of every stream that changed since. Row and line are made
in one transaction: insert the row, append the line and flush it to the disk, commit. A crash in between leaves a
line without a row (or the beginning of a line): the next anchor takes the same number and stands after it. Such a
superseded line was true all the same, and `verify_trail` still holds the events against it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, transaction

from orders.models import Anchor, Event, settled_mark

EVERY = timedelta(minutes=5)
# As many events make an anchor due before its time, and no anchor covers many more.
EVENTS = 10_000


@dataclass(frozen=True)
class AnchorLine:
    """One line of the file, in its order of names."""

    seq: int
    at: str
    mark: int
    prev_hash: str
    hash: str
    signature: str
    public_key: str
    # [stream, seq, head], sorted by stream.
    streams: list[list[Any]]

    def computed_hash(self) -> str:
        covered = {"seq": self.seq, "at": self.at, "mark": self.mark, "streams": self.streams}
        text = json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(f"{self.prev_hash}\n{text}".encode()).hexdigest()


def anchor(*, now: datetime) -> Anchor | None:
    """Make the next anchor where one is due; None where nothing changed, none is due, or another process made it."""
    last = Anchor.objects.order_by("-seq").first()
    since = last.mark if last else 0
    waiting, until = _waiting(since)
    if not waiting or (last and waiting < EVENTS and now - last.at < EVERY):
        return None
    heads: dict[str, tuple[int, str]] = {}
    events = 0
    covered = Event.objects.filter(mark__gte=since, mark__lt=until)
    for stream, seq, head in covered.values_list("stream", "seq", "hash").iterator(chunk_size=EVENTS):
        events += 1
        if stream not in heads or heads[stream][0] < seq:
            heads[stream] = (seq, head)
    line = _signed_line(
        seq=last.seq + 1 if last else 1,
        at=now,
        mark=until,
        prev_hash=last.hash if last else "",
        streams=[[stream, *heads[stream]] for stream in sorted(heads)],
    )
    try:
        with transaction.atomic(durable=True):
            made = Anchor.objects.create(
                seq=line.seq,
                at=now,
                mark=until,
                streams=len(heads),
                events=events,
                prev_hash=line.prev_hash,
                hash=line.hash,
                signature=line.signature,
            )
            _append(
                Path(settings.TOWER_ANCHOR_FILE), json.dumps(asdict(line), ensure_ascii=False, separators=(",", ":"))
            )
    except IntegrityError:
        # Somebody else took the number, and covered the same events.
        return None
    return made


def public_key() -> str:
    """What an outsider needs to check the signatures, in hex."""
    return _private_key().public_key().public_bytes_raw().hex()


def is_signed(text: str, signature: str, public_keys: list[str]) -> bool:
    """Did one of these keys sign this hash?"""
    for key in public_keys:
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, TypeError, ValueError):
            continue
        return True
    return False


def written_lines(path: Path) -> Iterator[tuple[int, AnchorLine | None]]:
    """The lines of the file with their numbers; None for one that cannot be read.

    The beginning of a line which a crash cut off is left out, where the line of the same anchor follows it.
    """
    torn: tuple[int, str] | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            if torn and not _begins(text, torn[1]):
                yield torn[0], None
            torn = None
            try:
                line = AnchorLine(**json.loads(text))
            except (ValueError, TypeError):
                torn = (number, text.rstrip("\n"))
                continue
            yield number, line
    # At the very end it may have been cut off a moment ago; the next anchor will follow it.
    if torn and not _begins('{"seq":,', torn[1]):
        yield torn[0], None


def _begins(text: str, torn: str) -> bool:
    """Is `torn` the beginning of a line of the same anchor as `text`?"""
    head = text.partition(",")[0]
    return bool(torn) and (torn.startswith(head) or head.startswith(torn))


def _waiting(since: int) -> tuple[int, int]:
    """How many events wait for an anchor (counted to `EVENTS`), and the mark up to which the next one goes."""
    settled = settled_mark()
    waiting = Event.objects.filter(mark__gte=since, mark__lt=settled).order_by("mark")
    marks = list(waiting.values_list("mark", flat=True)[:EVENTS])
    return len(marks), marks[-1] + 1 if len(marks) == EVENTS else settled


def _private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(settings.TOWER_ANCHOR_KEY.encode()).digest())


def _signed_line(*, seq: int, at: datetime, mark: int, prev_hash: str, streams: list[list[Any]]) -> AnchorLine:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    line = AnchorLine(
        seq=seq,
        at=moment,
        mark=mark,
        prev_hash=prev_hash,
        hash="",
        signature="",
        public_key=public_key(),
        streams=streams,
    )
    digest = line.computed_hash()
    return replace(line, hash=digest, signature=_private_key().sign(digest.encode()).hex())


def _append(path: Path, text: str) -> None:
    """Add a line and wait until the disk has it. What a crash left of a line before is ended first."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(text.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
