from integrations.models.backfill import Backfill
from integrations.models.connection import Connection, DayKey
from integrations.models.contradiction import Contradiction
from integrations.models.job import Attempt, Job
from integrations.models.ledger import (
    BUCKET,
    Hop,
    LedgerBucket,
    LedgerCursor,
    LedgerGap,
    LedgerGrace,
    bucket_start,
)
from integrations.models.passage import Passage, WaitingReport
from integrations.models.receipt import Receipt
from integrations.models.rhythm import Edge, EdgeCount, EdgeCursor, Promotion
from integrations.models.stock import StockChange, StockClaim
from integrations.models.trouble import Trouble

__all__ = [
    "BUCKET",
    "Attempt",
    "Backfill",
    "Connection",
    "Contradiction",
    "DayKey",
    "Edge",
    "EdgeCount",
    "EdgeCursor",
    "Hop",
    "Job",
    "LedgerBucket",
    "LedgerCursor",
    "LedgerGap",
    "LedgerGrace",
    "Passage",
    "Promotion",
    "Receipt",
    "StockChange",
    "StockClaim",
    "Trouble",
    "WaitingReport",
    "bucket_start",
]
