"""The back office's pages about connections, what they could not read, and what goes out through them."""

from integrations.admin import (
    backfills,
    connections,
    contradictions,
    jobs,
    ledger,
    passages,
    receipts,
    silence,
    stock,
    troubles,
)

__all__ = [
    "backfills",
    "connections",
    "contradictions",
    "jobs",
    "ledger",
    "passages",
    "receipts",
    "silence",
    "stock",
    "troubles",
]
