"""The back office's pages about connections, what they could not read, and what goes out through them."""

from integrations.admin import connections, jobs, receipts

__all__ = ["connections", "jobs", "receipts"]
