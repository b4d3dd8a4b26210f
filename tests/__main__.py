"""`python -m tests [pytest arguments]`: the whole suite, first on SQLite, then on PostgreSQL and Redis.

A test that passed the first time without any engine taking part (`tests.untouched`) is not run a second time.
What is missing on this machine is not run and is said in a box at the end. With TOWER_REQUIRE_ALL=1 it is a failure.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import pytest

from tests.engines import EngineFailed, find_chromium, find_postgres, find_redis, private_postgres, private_redis
from tests.untouched import untouched

NOTHING_LEFT = pytest.ExitCode.NO_TESTS_COLLECTED
# One more than the cores that the suite counts on: some tests wait for processes that were killed.
WORKERS = "3"


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, leave)
    not_run: list[str] = []
    given = {name: url for name in ("DATABASE_URL", "REDIS_URL") if (url := os.environ.pop(name, ""))}
    results: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="tower-suite-", ignore_cleanup_errors=True) as name:
        notes, shared = Path(name) / "untouched", bytecode(Path(name) / "bytecode")
        notes.mkdir()
        first = [*arguments, f"--note-untouched={notes}"]
        results["SQLite, memory transport"] = run_pytest("SQLite, memory transport", first, shared)
        second = [*arguments, f"--leave-out-untouched={notes}"]
        once = len(untouched(notes))
        try:
            with ExitStack() as engines:
                if urls := start(engines, given, not_run):
                    code = run_pytest("PostgreSQL, Redis", second, {**urls, **shared})
                    results["PostgreSQL, Redis"] = 0 if once and code == NOTHING_LEFT else code
        except EngineFailed as error:
            print(error, flush=True)
            results["PostgreSQL, Redis"] = 1
    if not find_chromium():
        not_run.append("the browser tests: no Chromium (Debian: apt-get install chromium)")
    print_box(results, once, not_run)
    if not_run and os.environ.get("TOWER_REQUIRE_ALL") == "1":
        return 1
    return max(results.values())


def start(engines: ExitStack, given: dict[str, str], not_run: list[str]) -> dict[str, str] | None:
    """The addresses of both servers, given or started; None, and a line in `not_run`, where one is missing."""
    missing = []
    if "DATABASE_URL" not in given and find_postgres() is None:
        missing.append("PostgreSQL (apt-get install postgresql)")
    if "REDIS_URL" not in given and find_redis() is None:
        missing.append("Redis (apt-get install redis-server)")
    if missing:
        not_run.append(f"the suite on PostgreSQL and Redis: no {', no '.join(missing)}")
        return None
    return {
        "DATABASE_URL": given.get("DATABASE_URL") or engines.enter_context(private_postgres()),
        "REDIS_URL": given.get("REDIS_URL") or engines.enter_context(private_redis()),
    }


def bytecode(folder: Path) -> dict[str, str]:
    """Where Python writes no bytecode, each of the many processes that tests start would compile Django anew."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)} if sys.dont_write_bytecode else {}


def run_pytest(title: str, arguments: list[str], environment: dict[str, str]) -> int:
    print(f"\n── the suite on {title} " + "─" * (60 - len(title)), flush=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.untouched",
        "-n",
        WORKERS,
        "--dist",
        "worksteal",
        *arguments,
    ]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def print_box(results: dict[str, int], once: int, not_run: list[str]) -> None:
    lines = [f"{'passed' if code == 0 else f'FAILED (exit {code})':<16}  {title}" for title, code in results.items()]
    lines += [f"{'ran once':<16}  {once:,} tests that no engine took part in"] if once else []
    lines += [f"{'NOT RUN':<16}  {line}" for line in not_run]
    width = max(map(len, lines)) + 2
    print(
        "\n".join(
            ["", "┌" + "─" * width + "┐", *(f"│ {line.ljust(width - 1)}│" for line in lines), "└" + "─" * width + "┘"]
        )
    )


def leave(number: int, frame: FrameType | None) -> None:
    """Let every `finally` run, so that no server is left behind."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
