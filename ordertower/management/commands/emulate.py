"""`manage.py emulate`: run every emulator on one port. Needs no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import registry
from integrations.emulate import build_world, serve

PACKAGES = (*registry.PACKAGES, "alerts.channels")


class Command(BaseCommand):
    help = "Run the emulators of all outside systems on one port, each under its own path."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8100, help="0 takes a free port (default 8100)")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--journal-dir", type=Path, default=Path("var/journals"))
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--faults", default="{}", help='shares by emulator: {"taobao": {"repeat": 0.1}}')
        parser.add_argument(
            "--set",
            dest="settings_given",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME.OPTION=VALUE",
            help="an emulator's option, such as taobao.sell_every=6; the value is JSON where it can be read as such",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            world = build_world(
                PACKAGES,
                journal_dir=options["journal_dir"],
                seed=options["seed"],
                options=options_by_emulator(options["settings_given"]),
                faults=faults_by_emulator(options["faults"]),
            )
            serve(world, options["port"], options["host"], ready=self.announce)
        except (ValueError, TypeError, OSError) as error:
            raise CommandError(str(error)) from error

    def announce(self, url: str) -> None:
        self.stdout.write(f"仿真街已启动: {url}/")
        self.stdout.flush()


def options_by_emulator(given: list[str]) -> dict[str, dict[str, Any]]:
    """`["taobao.sell_every=6"]` → `{"taobao": {"sell_every": 6}}`; `ValueError` where one is not NAME.OPTION=VALUE."""
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        path, equals, value = text.partition("=")
        name, dot, option = path.partition(".")
        if not (equals and dot and name and option):
            raise ValueError(f"--set wants NAME.OPTION=VALUE, not {text!r}")
        found.setdefault(name, {})[option] = _value(value)
    return found


def faults_by_emulator(text: str) -> dict[str, dict[str, Any]]:
    """`{"taobao": {"repeat": 0.1}}` as text; `ValueError` where it is not an object of objects."""
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(shares, dict) for shares in found.values()):
        raise ValueError('--faults wants JSON such as {"taobao": {"repeat": 0.1}}')
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
