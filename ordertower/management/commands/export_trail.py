"""`manage.py export_trail`: every event as a line of JSON, so that an outsider can check the chain (docs/trail.md)."""

import argparse
import json
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.selectors.trail import exported_events, one_moment


def moment(text: str) -> datetime:
    """An ISO 8601 time with an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("give the time with its offset, such as 2026-11-11T00:00:00+08:00")
    return found


class Command(BaseCommand):
    help = "Write the trail as JSON lines to stdout or to a file."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, help="a new file; without it stdout")
        parser.add_argument("--since", type=moment, help="only events from this time on")

    def handle(self, *, out: Path | None, since: datetime | None, **options: Any) -> None:
        try:
            target = nullcontext(self.stdout) if out is None else out.open("x", encoding="utf-8")
        except FileExistsError as error:
            raise CommandError(f"{out} is there already") from error
        count = 0
        with target as file, one_moment():
            for event in exported_events(since):
                file.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
        if out is not None:
            self.stdout.write(f"{count} events → {out}")
