"""`manage.py lifecycle_docs`: write `docs/lifecycle.md`, or with `--check` say whether it is what the code does."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ordertower.lifecycle_document import PATH, document


class Command(BaseCommand):
    help = "Write docs/lifecycle.md from the declared transitions and the default policies."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if the file is stale")

    def handle(self, *, check: bool, **options: Any) -> None:
        text = document()
        if not check:
            PATH.write_text(text, encoding="utf-8")
            self.stdout.write(f"wrote {PATH}")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
            raise CommandError("docs/lifecycle.md is stale: run manage.py lifecycle_docs")
