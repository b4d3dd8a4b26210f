"""`python -m tests [pytest arguments]`: the whole suite, first on SQLite, then on PostgreSQL and Redis.

What is missing on this machine is not run and is said in a box at the end. With TOWER_REQUIRE_ALL=1 it is a failure.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from types import FrameType

from tests.engines import EngineFailed, find_chromium, find_postgres, find_redis, private_postgres, private_redis


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, leave)
    not_run: list[str] = []
    given = {name: url for name in ("DATABASE_URL", "REDIS_URL") if (url := os.environ.pop(name, ""))}
    results = {"SQLite, memory transport": run_pytest("SQLite, memory transport", arguments, {})}
    try:
        with ExitStack() as engines:
            if urls := start(engines, given, not_run):
                results["PostgreSQL, Redis"] = run_pytest("PostgreSQL, Redis", arguments, urls)
    except EngineFailed as error:
        print(error, flush=True)
        results["PostgreSQL, Redis"] = 1
    if not find_chromium():
        not_run.append("the browser tests: no Chromium (Debian: apt-get install chromium)")
    print_box(results, not_run)
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


def run_pytest(title: str, arguments: list[str], urls: dict[str, str]) -> int:
    print(f"\n── the suite on {title} " + "─" * (60 - len(title)), flush=True)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", *arguments]
    process = subprocess.Popen(command, env={**os.environ, **urls})
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def print_box(results: dict[str, int], not_run: list[str]) -> None:
    lines = [f"{'passed' if code == 0 else f'FAILED (exit {code})':<16}  {title}" for title, code in results.items()]
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
