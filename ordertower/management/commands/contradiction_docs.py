"""`manage.py contradiction_docs`: write `docs/contradictions.md`, or with `--check` say whether it is stale."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ordertower.contradictions_document import PATH, document


class Command(BaseCommand):
    help = "Write docs/contradictions.md from the table of contradictions."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if the file is stale")

    def handle(self, *, check: bool, **options: Any) -> None:
        text = document()
        if not check:
            PATH.write_text(text, encoding="utf-8")
            self.stdout.write(f"wrote {PATH}")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
            raise CommandError("docs/contradictions.md is stale: run manage.py contradiction_docs")
