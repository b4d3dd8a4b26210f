"""Is the trail what it was? Every event's hash, every stream's chain and head, every anchor and its line outside."""

import hashlib
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from orders.models import Anchor, Company, Event, Order
from orders.selectors.trail import CHUNK, exact_time, one_moment
from orders.services.anchors import AnchorLine, is_signed, public_key, written_lines
from orders.services.trail import HASHED

# More would not be read; the rest is counted.
FINDINGS = 1000
# So many streams are held against their rows at once.
STREAMS = 2000
# Enough of a hash to recognise it, at half the memory.
SHORT = 16

_NAMES = sorted(HASHED)
_AT, _SOURCE_AT = _NAMES.index("at"), _NAMES.index("source_at")
_STREAM, _SEQ = _NAMES.index("stream"), _NAMES.index("seq")
_COLUMNS = (*_NAMES, "prev_hash", "hash", "mark")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Kind(StrEnum):
    EDITED = "edited"
    BROKEN_LINK = "broken_link"
    GAP = "gap"
    REPEATED = "repeated"
    WRONG_HEAD = "wrong_head"
    NO_STREAM_ROW = "no_stream_row"
    NO_EVENTS = "no_events"
    ANCHOR = "anchor"
    ANCHOR_FILE = "anchor_file"
    ANCHORED_EVENT_GONE = "anchored_event_gone"
    NOT_ANCHORED = "not_anchored"


@dataclass(frozen=True)
class Finding:
    kind: Kind
    stream: str
    seq: int | None
    text: str


@dataclass(frozen=True)
class Report:
    events: int
    streams: int
    anchors: int
    seconds: float
    findings: tuple[Finding, ...]
    # Findings beyond those listed.
    left_out: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.findings


def verify_trail(*, anchor_file: Path | None = None, public_keys: Sequence[str] = ()) -> Report:
    """Read the whole trail and report everything that does not fit; it changes nothing.

    `public_keys` are keys (hex) that signed anchors before the present one was set.
    """
    started = time.perf_counter()
    check = _Check(Path(anchor_file or settings.TOWER_ANCHOR_FILE), [public_key(), *public_keys])
    with one_moment():
        check.anchors()
        check.events()
        check.rows_without_events()
    check.what_anchors_say()
    return Report(
        events=check.event_count,
        streams=check.stream_count,
        anchors=len(check.rows),
        seconds=time.perf_counter() - started,
        findings=tuple(check.findings),
        left_out=check.left_out,
    )


@dataclass
class _Check:
    file: Path
    public_keys: list[str]
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0
    event_count: int = 0
    stream_count: int = 0
    # The table's anchors by their number.
    rows: dict[int, Anchor] = field(default_factory=dict)
    # Every head that some anchor holds and that was not met yet.
    wanted: set[bytes] = field(default_factory=set)
    # Up to here every event must be covered; 0 where the file does not tell.
    covered_to: int = 0
    # Streams whose last event should be in an anchor and is not.
    uncovered: dict[str, int] = field(default_factory=dict)

    def find(self, kind: Kind, stream: str, seq: int | None, text: str) -> None:
        if len(self.findings) < FINDINGS:
            self.findings.append(Finding(kind, stream, seq, text))
        else:
            self.left_out += 1

    # The anchors: a chain of their own, and the file outside ---------------------------------------------------

    def anchors(self) -> None:
        last, head = 0, ""
        for row in Anchor.objects.order_by("seq"):
            if row.seq != last + 1:
                self.find(Kind.ANCHOR, "", row.seq, f"the table jumps from anchor {last} to {row.seq}")
            if row.prev_hash != head:
                self.find(Kind.ANCHOR, "", row.seq, f"anchor {row.seq} does not follow the anchor before it")
            if not is_signed(row.hash, row.signature, self.public_keys):
                self.find(Kind.ANCHOR, "", row.seq, f"anchor {row.seq} is not signed by a known key")
            self.rows[row.seq] = row
            last, head = row.seq, row.hash
        if not self.file.exists():
            if self.rows:
                text = f"{self.file} with the lines of {len(self.rows)} anchors is missing"
                self.find(Kind.ANCHOR_FILE, "", None, text)
            return
        written = self._written_anchors()
        for seq in sorted(self.rows.keys() - written):
            self.find(Kind.ANCHOR_FILE, "", seq, f"the line of anchor {seq} is missing from {self.file}")
        if self.rows.keys() <= written:
            self.covered_to = self.rows[last].mark if last else 0

    def _written_anchors(self) -> set[int]:
        """Hold every line against the table; the numbers of those anchors whose own line is there."""
        written: set[int] = set()
        for number, line in written_lines(self.file):
            if line is None:
                self.find(Kind.ANCHOR_FILE, "", None, f"line {number} of {self.file} cannot be read")
                continue
            if line.computed_hash() != line.hash or not is_signed(line.hash, line.signature, self.public_keys):
                text = f"line {number} of {self.file}: anchor {line.seq} was edited, or not signed by a known key"
                self.find(Kind.ANCHOR_FILE, "", line.seq, text)
                continue
            # What was signed was true, whether or not the table still knows of it.
            self.wanted.update(_short(head) for _stream, _seq, head in line.streams)
            if problem := self._problem_of(line):
                self.find(Kind.ANCHOR, "", line.seq, f"line {number} of {self.file}: {problem}")
            if line.seq in self.rows and line.hash == self.rows[line.seq].hash:
                written.add(line.seq)
        return written

    def _problem_of(self, line: AnchorLine) -> str:
        row, before = self.rows.get(line.seq), self.rows.get(line.seq - 1)
        if row is None and line.seq != max(self.rows, default=0) + 1:
            return f"anchor {line.seq} is missing from the table"
        if line.prev_hash != (before.hash if before else ""):
            return f"anchor {line.seq} does not follow the table's anchor {line.seq - 1}"
        if row and row.hash == line.hash and (row.mark, exact_time(row.at)) != (line.mark, line.at):
            return f"the table's anchor {line.seq} was edited"
        return ""

    def what_anchors_say(self) -> None:
        """After the reading: name what was wanted and not met."""
        gone: dict[str, tuple[int, int]] = {}
        for _number, line in written_lines(self.file) if self.wanted else ():
            for stream, seq, head in line.streams if line else ():
                if not line or _short(head) not in self.wanted:
                    continue
                # An anchor that was made after the reading began may hold an event that came after it too.
                if line.seq in self.rows or not Event.objects.filter(stream=stream, seq=seq, hash=head).exists():
                    gone.setdefault(stream, (seq, line.seq))
        for stream, (seq, anchor) in gone.items():
            text = f"anchor {anchor} holds event {seq} of {stream}, which is gone or was rewritten"
            self.find(Kind.ANCHORED_EVENT_GONE, stream, seq, text)
        for stream, seq in self.uncovered.items():
            if stream not in gone:
                text = f"no anchor covers event {seq} of {stream}, though one should"
                self.find(Kind.NOT_ANCHORED, stream, seq, text)

    # The events: hash, link, number, and at the end of each stream its row's word ------------------------------

    def events(self) -> None:
        ended: list[tuple[str, int, str]] = []
        rows = Event.objects.order_by("stream", "seq", "id").values_list(*_COLUMNS)
        for stream, events in groupby(rows.iterator(chunk_size=CHUNK), key=itemgetter(_STREAM)):
            self.stream_count += 1
            ended.append(self._last_of(stream, events))
            if len(ended) >= STREAMS:
                self._compare_with_rows(ended)
                ended.clear()
        self._compare_with_rows(ended)

    def _last_of(self, stream: str, events: Iterator[tuple[Any, ...]]) -> tuple[str, int, str]:
        """Go through one stream; what its row should say."""
        seq, head, mark, anchored = 0, "", 0, True
        for values in events:
            self.event_count += 1
            number, (prev_hash, stored, mark) = values[_SEQ], values[-3:]
            digest = digest_of(values, prev_hash)
            if digest.hex() != stored:
                self.find(Kind.EDITED, stream, number, f"event {number} of {stream} does not have the hash it carries")
            if number == seq:
                self.find(Kind.REPEATED, stream, number, f"{stream} has event {number} more than once")
            elif number != seq + 1:
                self.find(Kind.GAP, stream, number, f"{stream} jumps from event {seq} to {number}")
            if prev_hash != head:
                self.find(
                    Kind.BROKEN_LINK, stream, number, f"event {number} of {stream} does not follow the one before"
                )
            seq, head = number, stored
            anchored = digest[:SHORT] in self.wanted
            self.wanted.discard(digest[:SHORT])
        # A stream's last event is in the anchor that covers its mark: else it came in behind the anchor's back.
        if mark < self.covered_to and not anchored:
            self.uncovered[stream] = seq
        return stream, seq, head

    def _compare_with_rows(self, ended: list[tuple[str, int, str]]) -> None:
        rows: dict[str, tuple[int, str]] = {}
        for prefix, model in (("order", Order), ("company", Company)):
            ids = [
                int(match[1]) for stream, *_ in ended if (match := re.fullmatch(rf"{prefix}:([1-9]\d{{0,17}})", stream))
            ]
            found = model._default_manager.filter(pk__in=ids).values_list("pk", "event_seq", "event_head")
            rows |= {f"{prefix}:{pk}": (seq, head) for pk, seq, head in found}
        for stream, seq, head in ended:
            if stream not in rows:
                self.find(Kind.NO_STREAM_ROW, stream, seq, f"{stream} has {seq} events and no row")
            elif rows[stream] != (seq, head):
                text = f"{stream} ends at event {seq}, its row says {rows[stream][0]}"
                self.find(Kind.WRONG_HEAD, stream, seq, text if rows[stream][0] != seq else f"{text} with another hash")

    def rows_without_events(self) -> None:
        for prefix, model in (("order", Order), ("company", Company)):
            own = Concat(Value(f"{prefix}:"), Cast(OuterRef("pk"), CharField()))
            lost = model._default_manager.filter(event_seq__gt=0).exclude(Exists(Event.objects.filter(stream=own)))
            for pk, seq in lost.values_list("pk", "event_seq").iterator(chunk_size=CHUNK):
                self.find(Kind.NO_EVENTS, f"{prefix}:{pk}", seq, f"all {seq} events of {prefix}:{pk} are gone")


def digest_of(values: Sequence[Any], prev_hash: str) -> bytes:
    """The same as `trail.hash_of`, from a row of sorted columns: a million of them a minute, and no model objects."""
    covered = dict(zip(_NAMES, values, strict=False))
    covered["at"] = exact_time(values[_AT])
    if values[_SOURCE_AT] is not None:
        covered["source_at"] = exact_time(values[_SOURCE_AT])
    return hashlib.sha256(f"{prev_hash}\n{_encode(covered)}".encode()).digest()


def _short(head: str) -> bytes:
    """The first bytes of a hash; of what is no hash, bytes that no event has."""
    try:
        return bytes.fromhex(head)[:SHORT]
    except (TypeError, ValueError):
        return repr(head).encode()
