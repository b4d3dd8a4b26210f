"""I8 for a list of what clients of the product were answered: `--acknowledged FILE`.

A line is a platform order id or a fact key as plain text, or an object with any of `platform_order_id` (or `tid`),
`key`, `order` (the product's own number) and, with `order`, `version`: the order must have come at least that far.
"""

import json
from pathlib import Path

from .findings import Findings
from .life import OrderLife
from .reading import Event, UnreadableError


class Acknowledged:
    def __init__(self) -> None:
        self.words: set[str] = set()
        self.versions: dict[str, int] = {}

    def read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"{path}: {error}") from error
        for number, line in enumerate(lines, 1):
            if line.strip().startswith("{"):
                try:
                    self._object(json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise UnreadableError(f"{path.name} line {number}: {error!r}") from error
            elif line.strip():
                self.words.add(line.strip())

    def _object(self, told: dict[str, object]) -> None:
        names = [name for name in ("platform_order_id", "tid", "key") if told.get(name)]
        self.words.update(str(told[name]) for name in names)
        if told.get("order") is not None:
            order = str(told["order"])
            self.versions[order] = max(self.versions.get(order, 0), int(str(told.get("version") or 1)))
        elif not names:
            raise KeyError("platform_order_id, key or order")

    def see(self, event: Event, findings: Findings) -> None:
        if event["key"] in self.words:
            self.words.discard(event["key"])
            findings.checked["I8"] += 1

    def close(self, life: OrderLife, findings: Findings) -> None:
        for word in life.platform_orders & self.words:
            self.words.discard(word)
            findings.checked["I8"] += 1
        version = self.versions.pop(life.order, 0)
        findings.checked["I8"] += version > 0
        if version > life.version:
            what = f"version {version} was acknowledged, the trail ends at {life.version}"
            findings.violated("I8", life.order, life.seq, what)

    def finish(self, findings: Findings) -> None:
        for word in sorted(self.words):
            findings.violated("I8", None, 0, f"{word} was acknowledged and is not in the trail")
        for order, version in self.versions.items():
            findings.violated("I8", order, 0, f"version {version} was acknowledged, the order is not in the trail")
