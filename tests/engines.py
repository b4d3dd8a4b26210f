"""Private PostgreSQL and Redis for one test run, on free ports and in folders that go away."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 30
STOP_SECONDS = 20


class EngineFailed(RuntimeError):
    """A server that is installed did not start; the text holds its last words."""


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def find_redis() -> str | None:
    return shutil.which("redis-server")


def find_postgres() -> Path | None:
    """The folder of `initdb` and `postgres`: on PATH, or the newest that Debian has put aside."""
    folders = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    packaged = Path("/usr/lib/postgresql")
    if packaged.is_dir():
        by_version = sorted(packaged.iterdir(), key=lambda folder: _number(folder.name), reverse=True)
        folders += [folder / "bin" for folder in by_version]
    return next(
        (folder for folder in folders if all((folder / name).exists() for name in ("initdb", "postgres"))), None
    )


@contextmanager
def private_postgres() -> Iterator[str]:
    """A running PostgreSQL with nothing in it; yields its DATABASE_URL. `EngineFailed` where it does not start."""
    # The data lives as long as the test run: no power cut has to be survived.
    settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200}
    settings |= {"wal_level": "minimal", "max_wal_senders": 0, "max_wal_size": "4GB", "checkpoint_timeout": "1h"}
    # The tables are tiny, whatever the statistics of a freshly emptied one say.
    settings |= {"shared_buffers": "256MB", "jit": "off"}
    with running_postgres(settings, prefix="tower-pg-") as address:
        yield f"{address}/tower"


@contextmanager
def running_postgres(settings: Mapping[str, Any], *, prefix: str, stop_seconds: float = STOP_SECONDS) -> Iterator[str]:
    """A cluster of its own in a folder of its own, which goes away; yields the address without a database name."""
    folder, owner = Path(tempfile.mkdtemp(prefix=prefix)), unprivileged_owner()
    try:
        server, address = new_cluster(folder, owner, settings)
        with _running(
            server, folder / "log", owner, lambda: postgres_answers(f"{address}/postgres"), stop_seconds=stop_seconds
        ):
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_cluster(folder: Path, owner: str | None, settings: Mapping[str, Any]) -> tuple[list[Any], str]:
    """An empty PostgreSQL in `data` below a folder, which is given to its owner: its command line and its address."""
    binaries, data = find_postgres(), folder / "data"
    if binaries is None:
        raise EngineFailed("PostgreSQL is not installed")
    if owner:
        shutil.chown(folder, owner)
    initdb: list[Any] = [binaries / "initdb", "-D", data, "-U", "tower", "-A", "trust", "-E", "UTF8"]
    initdb += ["--locale=C.UTF-8", *(["-N"] if settings["fsync"] == "off" else [])]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd=folder, **running_as(owner))
    if made.returncode:
        raise EngineFailed(f"initdb failed: {made.stderr.strip()}")
    port = free_port()
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, **settings}
    server = [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())]
    return server, f"postgres://tower@127.0.0.1:{port}"


@contextmanager
def private_redis() -> Iterator[str]:
    """A running, empty Redis that writes nothing to disk; yields its REDIS_URL."""
    binary = find_redis()
    if binary is None:
        raise EngineFailed("Redis is not installed")
    with tempfile.TemporaryDirectory(prefix="tower-redis-") as name:
        port = free_port()
        options = {"port": port, "bind": "127.0.0.1", "dir": name, "save": "", "appendonly": "no", "daemonize": "no"}
        server = [binary, *(word for option, value in options.items() for word in (f"--{option}", str(value)))]
        with _running(server, Path(name) / "log", None, lambda: redis_answers(port)):
            yield f"redis://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    command: list[Any], log: Path, owner: str | None, answers: Callable[[], bool], *, stop_seconds: float = STOP_SECONDS
) -> Iterator[None]:
    """Start a server in a session of its own, wait until it answers, and stop it whatever happens."""
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **running_as(owner)
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise EngineFailed(f"{Path(command[0]).name} did not start:\n{words}")
            time.sleep(0.1)
        yield
    finally:
        # To PostgreSQL SIGINT is "fast": it rolls back who is still connected and goes.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def unprivileged_owner() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the user of its package, or as nobody."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def running_as(owner: str | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}


def postgres_answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
