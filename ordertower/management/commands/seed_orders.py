"""`manage.py seed_orders N`: many orders quickly, for benchmarks. Test data, written around the services on purpose."""

import argparse
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders import clock
from ordertower.filler.fill import fill


class Command(BaseCommand):
    help = (
        "Fill the tower with N orders in mixed states over several shops and days, for benchmarks. A few are led by"
        " the services, the others are copied from them straight into the tables. Refused in production."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("count", type=int)
        parser.add_argument("--days", type=float, default=14, help="the orders came in over so many days, until now")
        parser.add_argument("--shops", type=int, default=4)

    def handle(self, *, count: int, days: float, shops: int, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("seed_orders writes test data past the services: not in production (TOWER_PRODUCTION)")
        if count < 1 or shops < 1 or not 0 <= days <= 25:
            raise CommandError("count and shops must be at least 1, days at most 25")
        started = time.monotonic()

        def report(done: int) -> None:
            seconds = time.monotonic() - started
            if options["verbosity"] > 0 and done % 50_000 == 0:
                self.stdout.write(f"{done} orders, {seconds:.0f} s, {done / seconds:.0f} a second")

        filled = fill(count, now=clock.now(), spread=timedelta(days=days), shops=shops, done=report)
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{filled.orders} orders with {filled.events} events and {filled.rows} rows in all,"
            f" {seconds:.0f} s, {filled.orders / seconds:.0f} orders a second"
        )
