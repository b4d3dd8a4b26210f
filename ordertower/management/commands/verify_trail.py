"""`manage.py verify_trail`: is every event still what it was? Exit code 1 with a line for everything that is not."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.services.verification import verify_trail


class Command(BaseCommand):
    help = "Verify the chained events and their anchors; changes nothing. Exit code 1 where something does not fit."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--anchors", type=Path, help="the anchors' file, such as a copy that was kept elsewhere")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            help="a key (hex) that signed anchors before TOWER_ANCHOR_KEY was changed; may be repeated",
        )

    def handle(self, *, anchors: Path | None, public_key: list[str], **options: Any) -> None:
        if anchors is not None and not anchors.is_file():
            raise CommandError(f"{anchors} is not a file")
        report = verify_trail(anchor_file=anchors, public_keys=public_key)
        for finding in report.findings:
            self.stdout.write(f"{finding.kind}\t{finding.text}")
        if report.left_out:
            self.stdout.write(f"… and {report.left_out} more")
        self.stdout.write(
            f"{report.events} events in {report.streams} streams, {report.anchors} anchors,"
            f" {report.seconds:.1f} s: {'all as it was' if report.is_clean else 'NOT as it was'}"
        )
        if not report.is_clean:
            raise CommandError(f"{len(report.findings) + report.left_out} findings", returncode=1)
