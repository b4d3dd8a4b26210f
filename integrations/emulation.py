"""The frame in which emulators live: a process of its own that speaks other people's protocols.

An emulator is the other side. It checks signatures with code of its own (imports nothing of the adapter's `signing`,
`client` or `mapping`), keeps state, writes a journal that the application cannot read, and misbehaves on request.
All emulators share one port, each under its own path: `/<name>/…`. `/` lists them, `/<name>/_page` is for people,
`/<name>/_journal` and `/<name>/_control` are for tests.
"""

import json
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from orders import clock


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came over the wire. `path` is below the emulator's own path."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(data: Any, status: int = 200) -> Answer:
    return Answer(body=json.dumps(data, ensure_ascii=False).encode(), status=status)


@dataclass
class Faults:
    """How often this emulator misbehaves, as shares from 0 to 1; seeded, so that a run can be repeated."""

    repeat: float = 0.0
    delay: float = 0.0
    delay_seconds: float = 5.0
    reorder: float = 0.0
    drop: float = 0.0
    throttle: float = 0.0
    fail: float = 0.0
    # The dangerous one: the work is done and the answer is lost.
    lose_answer: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def hits(self, kind: str) -> bool:
        return self.chance.random() < float(getattr(self, kind))


class Journal:
    """What was received and answered, one JSON object a line; in memory for the page, on disk for the checker."""

    def __init__(self, path: Path | None) -> None:
        self._recent: deque[dict[str, Any]] = deque(maxlen=5000)
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8") if path else None
        self._sequence = 0

    def write(self, kind: str, **facts: Any) -> None:
        with self._lock:
            self._sequence += 1
            entry = {"seq": self._sequence, "at": clock.now().isoformat(), "kind": kind, **facts}
            self._recent.append(entry)
            if self._file:
                self._file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
                self._file.flush()

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def entries(self, kind: str | None = None) -> list[dict[str, Any]]:
        with self._lock:
            return [entry for entry in self._recent if kind is None or entry["kind"] == kind]


class World:
    """The one street on which all emulators live: they find each other here, as the real systems find each other."""

    def __init__(self, *, journal_dir: Path | None = None, seed: int = 1) -> None:
        self.emulators: dict[str, Emulator] = {}
        self.random = random.Random(seed)
        self.seed = seed
        self.journal_dir = journal_dir
        if journal_dir:
            journal_dir.mkdir(parents=True, exist_ok=True)

    def add(self, kind: "type[Emulator]", **options: Any) -> "Emulator":
        journal = Journal(self.journal_dir / f"{kind.name}.jsonl" if self.journal_dir else None)
        emulator = kind(self, journal, **options)
        self.emulators[kind.name] = emulator
        return emulator

    def close(self) -> None:
        for emulator in self.emulators.values():
            emulator.journal.close()

    def tick(self) -> None:
        for emulator in self.emulators.values():
            with emulator.lock:
                emulator.tick()


@dataclass(frozen=True, kw_only=True)
class Sold:
    """A paid order as another emulated system may read it there: what a real ERP's shop connector downloads."""

    order_id: str
    # Pairs of the seller's code and the quantity.
    goods: tuple[tuple[str, int], ...]


class Emulator:
    """One outside system. `handle` answers a request; `tick` is called about twice a second for what happens by itself.

    `handle` and `tick` run under `lock`. A network call (a push to the tower) must be made through `send_later`, so
    that the lock is never held while the tower answers.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    # False where the protocol knows no signature over the body, only a word or an address.
    signs_body: ClassVar[bool] = True

    def __init__(self, world: World, journal: Journal, **options: Any) -> None:
        self.world = world
        self.journal = journal
        self.options = options
        self.faults = Faults(seed=world.seed)
        self.lock = threading.RLock()
        self.outgoing: deque[tuple[datetime, Callable[[], None]]] = deque()

    def handle(self, request: Request) -> Answer:
        raise NotImplementedError

    def tick(self) -> None:
        """What this system does by itself."""

    def sold(self) -> Iterable[Sold]:
        """The paid orders of an emulated shop, oldest first; asked under `lock`."""
        return ()

    def control(self, command: str, data: dict[str, Any]) -> Any:
        """A test's or the demo's hand: `faults` sets shares; subclasses add commands (such as `sell`)."""
        if command == "faults":
            self.faults = Faults(**{"seed": self.faults.seed, **data})
            return {"ok": True}
        raise KeyError(command)

    def page(self) -> str:
        """HTML for people: what this system has seen, newest first."""
        return f"<table>{''.join(map(_row, reversed(self.journal.entries()[-200:])))}</table>"

    # What the contract tests ask of every emulator ------------------------------------------------------------------
    def happen(self) -> str:
        """Let one thing happen of which the tower must hear: a sale, a bill, a scan. Its subject."""
        raise NotImplementedError

    def signed(self, body: bytes) -> Request:
        """The request that this system would send to the tower's webhook with this body; its path is not used."""
        raise NotImplementedError

    def send_later(self, work: Callable[[], None], at: datetime | None = None) -> None:
        """Do `work` (a push to the tower) outside the lock, now or at a time."""
        self.outgoing.append((at or clock.now(), work))


def _row(entry: dict[str, Any]) -> str:
    facts = {name: value for name, value in entry.items() if name not in ("seq", "at", "kind")}
    text = _escape(json.dumps(facts, ensure_ascii=False))
    head = f"<td>{entry['seq']}</td><td>{entry['at'][:19]}</td><td>{entry['kind']}</td>"
    return f"<tr>{head}<td><pre>{text}</pre></td></tr>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
