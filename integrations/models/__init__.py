from integrations.models.backfill import Backfill
from integrations.models.connection import Connection, DayKey
from integrations.models.job import Attempt, Job
from integrations.models.receipt import Receipt
from integrations.models.trouble import Trouble

__all__ = ["Attempt", "Backfill", "Connection", "DayKey", "Job", "Receipt", "Trouble"]
