"""`manage.py demo`: what `make run` starts. A seeded tower beside the emulated outside world, in the foreground."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from ordertower.demo import EMULATORS_PORT_OFFSET, Demo, DemoFailed, insist_that_ports_are_free
from ordertower.seed import seed_demo


class Command(BaseCommand):
    help = "Run a demo: migrate, seed, then tower and emulators in the foreground until Ctrl-C."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the emulators listen 100 above it")

    def handle(self, *, port: int, **options: Any) -> None:
        url = f"http://localhost:{port}"
        emulators_url = f"http://localhost:{port + EMULATORS_PORT_OFFSET}"
        try:
            insist_that_ports_are_free(port, port + EMULATORS_PORT_OFFSET)
            # Scripts wait for this file; an old one would tell them that a tower is ready which is not.
            (settings.VAR / "demo.json").unlink(missing_ok=True)
            self.stdout.write("准备数据库 / preparing the database …")
            call_command("migrate", interactive=False, verbosity=0)
            facts = {
                "url": url,
                "emulators_url": emulators_url,
                **seed_demo(tower_url=url, emulators_url=emulators_url),
            }
            connections.close_all()
            self.stdout.write("启动 / starting …")
            self.stdout.flush()
            Demo(port=port, facts=facts).run(self.announce)
        except KeyboardInterrupt:
            self.stdout.write("")
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write("已全部停止 / everything has stopped")

    def announce(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
