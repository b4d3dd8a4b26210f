"""`manage.py sync [connection]`: poll now, and process what came."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import inbox, sync
from integrations.models import Connection
from integrations.registry import adapter_named


class Command(BaseCommand):
    help = "Poll one connection (by id or name), or all that can be polled, at once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("connection", nargs="?", default="")

    def handle(self, *, connection: str, **options: Any) -> None:
        rows = Connection.objects.filter(enabled=True).order_by("pk")
        if connection:
            rows = rows.filter(pk=connection) if connection.isdigit() else rows.filter(name=connection)
            if not rows.exists():
                raise CommandError(f"no enabled connection {connection}")
        for row in rows:
            if adapter_named(row.adapter).can("poll", row.settings):
                new = sync.poll(row)
                row.refresh_from_db()
                self.stdout.write(f"{row.name}: {new} new messages{f' ({row.last_error})' if row.last_error else ''}")
        self.stdout.write(f"{inbox.process_due()} receipts processed")
