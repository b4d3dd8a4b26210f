"""What the outside world wrote down, read while it is being written: how far the day is, and what was acknowledged."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Follower:
    """The new whole lines of a growing file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = 0

    def entries(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._place)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._place += len(line)
                yield json.loads(line)


class Day:
    """The day as the platform's and the warehouse's journals tell it."""

    def __init__(self, folder: Path, acknowledged: Path) -> None:
        self._taobao, self._qimen = Follower(folder / "taobao.jsonl"), Follower(folder / "qimen.jsonl")
        self._acknowledged = acknowledged
        self.progress: Counter[str] = Counter()
        self.sold: dict[str, None] = {}
        self.shipped: Counter[str] = Counter()

    def look(self) -> None:
        """Read on; what the tower acknowledged meanwhile is written down."""
        said: list[dict[str, Any]] = []
        for entry in self._taobao.entries():
            self._of_the_platform(entry)
        for entry in self._qimen.entries():
            said += self._of_the_warehouse(entry)
        if said:
            with self._acknowledged.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in said)

    @property
    def not_shipped(self) -> list[str]:
        return [tid for tid in self.sold if tid not in self.shipped]

    def _of_the_platform(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "sold":
            self.sold[entry["tid"]] = None
            self.progress["sold"] += 1
        elif entry["kind"] == "shipped":
            self.shipped[entry["tid"]] += 1
            self.progress["shipped"] += 1

    def _of_the_warehouse(self, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if entry["kind"] == "sent" and entry["done"]:
            self.progress["acknowledged"] += 1
            # The warehouse's code is the parcel's number: shop, the platform's order, parcel.
            yield {"platform_order_id": entry["order"].split("-")[1], "at": entry["at"], "method": entry["method"]}
        elif entry["kind"] == "print_request" and entry["status"] == 201:
            self.progress["granted"] += 1
