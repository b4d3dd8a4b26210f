"""The private PostgreSQL and Redis of a benchmark: fsync on, nothing that a careful owner would not set.

Not the servers of the tests, which need not survive a power cut and would make every figure a lie.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engines import (
    START_SECONDS,
    STOP_SECONDS,
    EngineFailed,
    find_postgres,
    find_redis,
    free_port,
    postgres_answers,
    private_redis,
    running_as,
    unprivileged_owner,
)

__all__ = ["SETTINGS", "EngineFailed", "bench_postgres", "find_redis", "private_redis"]

# For a machine of two cores and a few gigabytes; everything that guards data is as it comes: on.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}


@contextmanager
def bench_postgres() -> Iterator[str]:
    """Yields the address without a database name."""
    binaries = find_postgres()
    if binaries is None:
        raise EngineFailed("PostgreSQL is not installed")
    owner = unprivileged_owner()
    folder = Path(tempfile.mkdtemp(prefix="tower-bench-pg-"))
    port = free_port()
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, **SETTINGS}
    try:
        if owner:
            shutil.chown(folder, owner)
        process = _started(binaries, folder, owner, options)
        try:
            _wait(process, f"postgres://tower@127.0.0.1:{port}/postgres", folder / "log")
            yield f"postgres://tower@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS * 6)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(binaries: Path, folder: Path, owner: str | None, options: dict[str, Any]) -> subprocess.Popen[Any]:
    data = folder / "data"
    initdb: list[Any] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "tower",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd=folder, **running_as(owner))
    if made.returncode:
        raise EngineFailed(f"initdb failed: {made.stderr.strip()}")
    server: list[Any] = [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            server, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **running_as(owner)
        )


def _wait(process: subprocess.Popen[Any], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not postgres_answers(address):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EngineFailed(f"postgres did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        time.sleep(0.1)
