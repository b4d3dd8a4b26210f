"""I11: the hash chain of every stream, and the anchors outside the database. I12: the recording times."""

import hashlib
import json
from pathlib import Path
from typing import Any

from .findings import Findings
from .reading import Event, UnreadableError

compact = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
IN_THE_HASH = (
    ("order", "order_id"),
    ("parcel", "parcel_id"),
    ("from", "from_state"),
    ("to", "to_state"),
    ("company", "company_id"),
)


def chained(prev_hash: str, value: dict[str, Any]) -> str:
    return hashlib.sha256(f"{prev_hash}\n{compact(value)}".encode("utf-8", "surrogatepass")).hexdigest()


def hash_of(event: Event) -> str:
    """The hash that an event must carry, from everything it says and the hash before it."""
    said = event.copy()
    prev_hash = said.pop("prev_hash")
    del said["hash"]
    for name, other in IN_THE_HASH:
        said[other] = said.pop(name)
    return chained(prev_hash, said)


class Anchors:
    """The lines of the anchors' file, and the places in the trail that they hold."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.held: dict[str, dict[int, set[str]]] = {}

    def read(self, path: Path, public_keys: frozenset[str]) -> None:
        """Line by line. A repeated number is a line whose transaction was lost: true, but superseded."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"{path}: {error}") from error
        hashes, last, torn = {0: {""}}, 0, 0
        keys_of_the_file: set[str] = set()
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                anchor = json.loads(line[max(line.rfind('{"seq":'), 0) :])  # what a crash left may stand before it
                seq, streams = anchor["seq"], [(str(name), int(at), str(head)) for name, at, head in anchor["streams"]]
                covered = {name: anchor[name] for name in ("at", "mark", "seq", "streams")}
                prev_hash, told = str(anchor["prev_hash"]), str(anchor["hash"])
                signature, key = str(anchor["signature"]), str(anchor["public_key"])
            except (ValueError, KeyError, TypeError):
                torn = number
                continue
            self.findings.checked["I11"] += 1
            if seq not in (last, last + 1) or (seq == last and seq == 0):
                self._wrong(seq, f"anchor {seq} follows anchor {last}")
            elif torn and seq != last + 1:
                self._wrong(seq, f"line {torn} of the anchors' file cannot be read")
            if prev_hash not in hashes.get(seq - 1, {prev_hash}):
                self._wrong(seq, f"anchor {seq} does not carry the hash of the one before")
            if chained(prev_hash, covered) != told:
                self._wrong(seq, f"anchor {seq} was edited")
            self._signature(seq, told, signature, key, public_keys or frozenset((key,)))
            keys_of_the_file.add(key)
            hashes.setdefault(seq, set()).add(told)
            last, torn = seq, 0
            for name, at, head in streams:
                self.held.setdefault(name, {}).setdefault(at, set()).add(head)
        if torn and text.endswith("\n"):
            self._wrong(last + 1, f"line {torn} of the anchors' file cannot be read")
        elif torn:
            self.findings.note(f"line {torn} of the anchors' file is the beginning of a line, as a crash leaves it")
        if not public_keys:
            self.findings.note("anchors are signed by the key they carry themselves; give --public-key to be sure")
            if len(keys_of_the_file) > 1:
                self._wrong(last, "anchors are signed by different keys and none was given as trusted")

    def _wrong(self, seq: int, what: str) -> None:
        self.findings.violated("I11", None, seq, what)

    def _signature(self, seq: int, told: str, signature: str, key: str, trusted: frozenset[str]) -> None:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            self.findings.not_possible("I11 signatures", "the package cryptography is not installed")
            return
        if key not in trusted:
            self._wrong(seq, f"anchor {seq} is signed by a key that is not trusted")
            return
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), told.encode())
        except (InvalidSignature, ValueError):
            self._wrong(seq, f"the signature of anchor {seq} is not true")

    def take(self, event: Event) -> None:
        """One event of the trail: is it what the anchors hold at this place?"""
        places = self.held.get(event["stream"])
        if places and (heads := places.pop(event["seq"], None)):
            self.findings.checked["I11"] += 1
            if heads != {event["hash"]}:
                what = f"{event['stream']} was rewritten: another event is anchored at this place"
                self.findings.violated("I11", event["order"], event["seq"], what)

    def finish(self) -> None:
        for name, places in self.held.items():
            for seq in places:
                order = name.partition(":")[2] if name.startswith("order:") else None
                self.findings.violated("I11", order, seq, f"{name} {seq} is anchored but gone from the trail")


class Chain:
    """Every stream counts from 1 without a gap, and every event carries the hash of the one before."""

    def __init__(self, findings: Findings, anchors: Anchors | None) -> None:
        self.findings = findings
        self.anchors = anchors
        self.ends: dict[str, tuple[int, str]] = {}

    def follow(self, events: list[Event]) -> None:
        stream = events[0]["stream"]
        if stream in self.ends:
            order, seq = events[0]["order"], events[0]["seq"]
            self.findings.violated("I11", order, seq, f"{stream} stands in the trail in two pieces")
        seq, head, at = 0, "", ""
        if stream in self.ends:
            seq, head = self.ends[stream]
        for event in events:
            self._one(event, seq, head)
            if event["at"] < at:
                self.findings.violated("I12", event["order"], event["seq"], f"recorded {event['at']}, after {at}")
            seq, head, at = event["seq"], event["hash"], event["at"]
        self.findings.checked["I11"] += len(events)
        self.findings.checked["I12"] += len(events)
        self.ends[stream] = (seq, head)

    def _one(self, event: Event, seq: int, head: str) -> None:
        def wrong(what: str) -> None:
            self.findings.violated("I11", event["order"], event["seq"], f"{event['stream']}: {what}")

        if event["seq"] != seq + 1:
            wrong(f"number {event['seq']} stands after {seq}")
        if event["prev_hash"] != head:
            wrong("does not carry the hash of the event before")
        if hash_of(event) != event["hash"]:
            wrong("was edited: it does not have the hash it carries")
        of_an_order = event["order"] is not None or event["stream"].startswith("order:")
        if of_an_order and event["stream"] != f"order:{event['order']}":
            wrong(f"is an event of order {event['order']}")
        if self.anchors:
            self.anchors.take(event)
