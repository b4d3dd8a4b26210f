"""A watched folder: each file is taken once, by its content, and only when nobody is writing it any more.

Every connection has a room of its own, `<root>/<connection id>/`; the operator may make it a link to a share. Nothing
in it is ever moved, changed or deleted. The cursor: `{"files": {name: [size, time]}, "taken": [digest],
"waiting": {name: [size, time]}, "reading": {"name", "digest", "place"}}`. A file waits until two looks find the same
size and time.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations import bodies
from integrations.adapter import Access, Message, Polled
from integrations.errors import Permanent, Temporary, Unreadable
from integrations.feeds import kept, reading
from integrations.feeds.plan import Plan
from integrations.feeds.preferences import Preferences

ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".json", ".xml")
# What spreadsheets, browsers and copying programs call a file that is not finished.
UNFINISHED = ("~$", ".", "_tmp")
MOST_FILES, MOST_REMEMBERED = 2000, 500
RECORDS_A_STEP = 500


def root() -> Path:
    """Where all watched folders are."""
    return Path(getattr(settings, "FEED_ROOT", None) or settings.VAR / "feeds")


def folder_of(connection_id: int, wishes: Preferences) -> Path:
    """The connection's folder; `Permanent` where a link leads out of its room."""
    room = (root() / str(connection_id)).resolve()
    folder = (room / wishes.folder).resolve()
    if not folder.is_relative_to(room):
        raise Permanent("文件夹不在本连接的目录里", code="folder")
    return folder


def poll(access: Access, wishes: Preferences, plan: Plan, cursor: Mapping[str, Any]) -> Polled:
    """Some records of one file that is ready, or what must still wait."""
    folder = folder_of(access.connection_id, wishes)
    _make_room(access.connection_id)
    found = {name: [info.st_size, info.st_mtime_ns] for name, info in _files(folder)}
    # A file that is gone needs no place; its content is known by `taken`, and at last by its messages.
    known = {name: list(seen) for name, seen in dict(cursor.get("files") or {}).items() if name in found}
    taken = [str(digest) for digest in cursor.get("taken") or []]
    waiting = dict(cursor.get("waiting") or {})
    new = {name: seen for name, seen in found.items() if known.get(name) != seen}
    ready = [name for name, seen in new.items() if list(waiting.get(name, ())) == seen]
    place: dict[str, Any] = {
        "files": known,
        "taken": taken,
        "waiting": {name: seen for name, seen in new.items() if name not in ready},
    }
    if not ready:
        return Polled(messages=[], cursor=place)
    name = ready[0]
    # The others that are ready stay so.
    place["waiting"] |= {other: new[other] for other in ready[1:]}
    body = _content(folder / name)
    digest = bodies.digest(body, 32)
    start = _place(cursor.get("reading"), name, digest)
    messages: list[Message] = []
    more = False
    if digest not in taken:
        messages, more = _some(name, body, wishes, plan, start)
    if more:
        place["waiting"][name] = new[name]
        place["reading"] = {"name": name, "digest": digest, "place": start + RECORDS_A_STEP}
    else:
        known[name] = new[name]
        place["taken"] = [*taken, digest][-MOST_REMEMBERED:] if digest not in taken else taken
    return Polled(messages=messages, cursor=place, more=more or len(ready) > 1)


def _make_room(connection_id: int) -> None:
    """The first look makes the room, so that nobody needs a shell for it; a folder below it is the seller's own."""
    room = root() / str(connection_id)
    if not room.exists() and not room.is_symlink():
        try:
            room.mkdir(parents=True)
        except OSError as error:
            raise Temporary(f"文件夹 {room} 建不了（{type(error).__name__}）", code="folder") from error


def look(access: Access, wishes: Preferences, plan: Plan) -> tuple[str, list[Message]]:
    """The newest file, ready or not, for a trial: its name and its first messages."""
    _make_room(access.connection_id)
    files = sorted(_files(folder_of(access.connection_id, wishes)), key=lambda one: one[1].st_mtime_ns)
    if not files:
        return "", []
    name = files[-1][0]
    body = _content(folder_of(access.connection_id, wishes) / name)
    return name, _some(name, body, wishes, plan, 0)[0]


def _some(name: str, body: bytes, wishes: Preferences, plan: Plan, start: int) -> tuple[list[Message], bool]:
    """The messages from `start` on, and whether there are more. What cannot be taken apart is kept whole."""
    try:
        document = reading.read(body, format=wishes.format, encoding=wishes.encoding, header_row=plan.header_row)
        records = reading.records(document, plan.records, plan.grouping)
    except Unreadable as error:
        # Read again by the inbox it says why, and is parked with that reason.
        return [kept.whole(name, body, f"{name}：{error}", plan)], False
    end = start + RECORDS_A_STEP
    return kept.messages(records[start:end], plan), end < len(records)


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Files with a known ending, by name; links and unfinished ones are passed over."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.name, entry.stat(follow_symlinks=False))
                for entry in entries
                if entry.is_file(follow_symlinks=False)
                and entry.name.lower().endswith(ENDINGS)
                and not entry.name.startswith(UNFINISHED)
            )
    except FileNotFoundError as error:
        raise Permanent(f"没有文件夹 {folder}，请先建立", code="folder") from error
    except OSError as error:
        raise Temporary(f"文件夹读不了（{type(error).__name__}）", code="folder") from error
    if len(found) > MOST_FILES:
        raise Permanent(f"文件夹里超过 {MOST_FILES} 个文件，请移走已读的", code="folder")
    yield from found


def _content(path: Path) -> bytes:
    """At most one byte more than is allowed: `reading` then says that it is too much."""
    try:
        with path.open("rb") as file:
            return file.read(reading.LARGEST_BODY + 1)
    except OSError as error:
        raise Temporary(f"文件读不了（{type(error).__name__}）", code="folder") from error


def _place(reading_now: Any, name: str, digest: str) -> int:
    """How far a long file was read, if it is still the same one."""
    if isinstance(reading_now, Mapping) and (reading_now.get("name"), reading_now.get("digest")) == (name, digest):
        return int(reading_now.get("place") or 0)
    return 0
