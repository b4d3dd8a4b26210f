"""`manage.py tower`: migrate, then web, worker and beat in one process, until Ctrl-C."""

import argparse
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from ordertower.celery import app
from ordertower.embedded import EmbeddedTower


class Command(BaseCommand):
    help = "Run the whole tower in one process: web, worker and beat."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-migrate", action="store_true", help="the database is known to be up to date")

    def handle(self, *, host: str, port: int, no_migrate: bool, **options: Any) -> None:
        if not no_migrate:
            call_command("migrate", interactive=False, verbosity=0)
        tower = EmbeddedTower(app, host=host, port=port)
        self.stdout.write(f"tower: listening on http://{host}:{port}")
        tower.serve()
        if tower.failed:
            raise CommandError(f"{tower.failed} stopped by itself; the log above says why")
        self.stdout.write("tower: stopped")
