"""Reads the trail's and the journals' JSON lines. What cannot be read ends the run, it is never skipped."""

import json
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Entry = dict[str, Any]

TEXTS = ("verb", "from", "to", "actor", "role", "cause", "key", "result", "prev_hash", "hash", "at", "stream")
FIELDS = frozenset((*TEXTS, "seq", "order", "parcel", "version", "facts", "company", "reason", "act_id", "source_at"))
texts_of = itemgetter(*TEXTS)
RESULTS = frozenset(("ok", "refused", "observed", "unknown"))


class UnreadableError(Exception):
    """The input is not what it should be: exit code 2."""


def _shape_of(event: Any) -> str:
    """What is wrong with the shape of one event, or nothing."""
    if not isinstance(event, dict):
        return "not an object"
    if not event.keys() >= FIELDS:
        return f"lacks {', '.join(sorted(FIELDS - event.keys()))}"
    if set(map(type, texts_of(event))) != {str}:
        return f"{', '.join(TEXTS)} must be text"
    if type(event["seq"]) is not int or type(event["version"]) is not int:
        return "seq and version must be whole numbers"
    if not all(event[name] is None or type(event[name]) is int for name in ("order", "parcel")):
        return "order and parcel must be whole numbers or null"
    if not isinstance(event["facts"], dict):
        return "facts is not an object"
    if event["result"] not in RESULTS:
        return f"result is {event['result']!r}"
    return ""


def events_in(path: Path) -> Iterator[Event]:
    """Every event of an export, line by line."""
    loads = json.loads
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    event = loads(line)
                except ValueError as error:
                    raise UnreadableError(f"{path.name} line {number}: {error}") from error
                wrong = _shape_of(event)
                if wrong:
                    raise UnreadableError(f"{path.name} line {number}: {wrong}")
                yield event
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: {error}") from error


def streams_in(path: Path) -> Iterator[list[Event]]:
    """The events of one stream after another, as far as they stand together in the file."""
    gathered: list[Event] = []
    for event in events_in(path):
        if gathered and gathered[0]["stream"] != event["stream"]:
            yield gathered
            gathered = []
        gathered.append(event)
    if gathered:
        yield gathered


def acts_of(events: list[Event]) -> Iterator[list[Event]]:
    """Neighbours with the same act_id; an event without one is an act of its own."""
    act: list[Event] = []
    for event in events:
        if act and (not event["act_id"] or act[0]["act_id"] != event["act_id"]):
            yield act
            act = []
        act.append(event)
    if act:
        yield act


def company_events_in(path: Path) -> Iterator[Event]:
    """The events of company streams alone: keys must be known before the orders that they acted on."""
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if '"company:' in line:
                    try:
                        event = json.loads(line)
                    except ValueError:
                        continue  # the main pass says where
                    if isinstance(event, dict) and str(event.get("stream", "")).startswith("company:"):
                        yield event
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: {error}") from error


def entries_in(path: Path) -> Iterator[Entry]:
    """Every entry of a journal. Only a last line without its end (still being written) is left out."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    entry = json.loads(line)
                except ValueError as error:
                    if not line.endswith("\n"):
                        return
                    raise UnreadableError(f"{path.name} line {number}: {error}") from error
                if not isinstance(entry, dict):
                    raise UnreadableError(f"{path.name} line {number}: not an object")
                yield entry
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: {error}") from error
