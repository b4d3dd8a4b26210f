"""Asks the tower's own rows, as often as the rig likes: one process for all questions, as starting one is dear."""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.toughness.parts import REPOSITORY

QUESTION = "from tests.toughness import inside; inside.tell()"


class Unreadable(RuntimeError):
    """The tower's rows could not be asked; the text holds the last words of who tried."""


class Insider:
    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def rows(self) -> dict[str, Any]:
        """What `tests.toughness.inside.rows` finds now."""
        process = self._process = self._process or self._begin()
        assert process.stdin
        assert process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write("\n")
            process.stdin.flush()
        if line := process.stdout.readline():
            return dict(json.loads(line))
        self.end()
        raise Unreadable(self._log.read_text(encoding="utf-8", errors="replace")[-3000:])

    def end(self) -> None:
        if process := self._process:
            self._process = None
            process.kill()
            process.communicate()

    def _begin(self) -> "subprocess.Popen[str]":
        with self._log.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "manage.py", "shell", "-v", "0", "-c", QUESTION],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                text=True,
            )
