from integrations.models.connection import Connection, DayKey
from integrations.models.job import Attempt, Job
from integrations.models.receipt import Receipt

__all__ = ["Attempt", "Connection", "DayKey", "Job", "Receipt"]
