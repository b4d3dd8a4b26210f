"""How much work waits in the rows, and how old the oldest of it is. Health, metrics and the home page ask here."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """One queue: `rows` that are due, and the `age` of the oldest of them."""

    name: str
    rows: int
    age: timedelta


def backlogs() -> list[Backlog]:
    """Every queue of the tower: receipts to read, event tasks to drain, jobs by lane."""
    return []
