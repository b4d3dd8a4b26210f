"""`manage.py seed_demo`: the demo company, for a tower that is started by other means than `make run`."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand

from ordertower.seed import seed_demo


class Command(BaseCommand):
    help = "Make or refresh the demo company; prints its users and key as JSON."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tower-url", default="http://localhost:8000")
        parser.add_argument("--emulators-url", default="http://localhost:8100")

    def handle(self, *, tower_url: str, emulators_url: str, **options: Any) -> None:
        facts = seed_demo(tower_url=tower_url, emulators_url=emulators_url)
        self.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2))
