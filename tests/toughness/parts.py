"""The parts of a running tower as real processes that can be killed with -9 at any moment and started again."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.engines import (
    EngineFailed,
    find_redis,
    free_port,
    new_cluster,
    postgres_answers,
    redis_answers,
    running_as,
    unprivileged_owner,
)

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 60


class Part:
    """One line of the production shape: a process in a session of its own, with whatever processes it starts."""

    def __init__(
        self,
        name: str,
        command: Sequence[Any],
        *,
        folder: Path,
        environment: Mapping[str, str],
        answers: Callable[[], bool] | None = None,
        owner: str | None = None,
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.log = folder / f"{name}.log"
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self._answers = answers
        self._owner = owner
        self._sessions: list[int] = []
        self._burnt: dict[int, float] = {}

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **running_as(self._owner),
            )
        self._sessions.append(self.process.pid)

    def is_up(self) -> bool:
        """Its process lives, and it answers where there is something to ask."""
        lives = self.process is not None and self.process.poll() is None
        return lives and (self._answers is None or self._answers())

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_up():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise EngineFailed(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.05)

    def members(self) -> list[int]:
        """Every process of it that lives, also those whose parent is gone."""
        return [pid for pid, session in sessions() if session in self._sessions]

    def cpu_seconds(self) -> float:
        """What it has cost so far, the killed ones included."""
        self._burnt |= {pid: seconds for pid in self.members() if (seconds := cpu_seconds_of(pid))}
        return sum(self._burnt.values())

    def kill(self) -> int:
        """SIGKILL to all of it at once; how many processes that were."""
        self.cpu_seconds()
        killed: set[int] = set()
        # A parent may start one more child while its family is being counted.
        while alive := self.members():
            for pid in alive:
                send(pid, signal.SIGKILL)
            killed |= set(alive)
            if self.process is not None:
                self.process.wait()
            time.sleep(0.01)
        return len(killed)

    def end(self) -> None:
        """Nothing of it is left; whoever keeps its files besides lets go of them."""
        self.kill()

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""


class Postgres(Part):
    """A private cluster that promises what production promises: every commit is on the disk before it is answered."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        owner = unprivileged_owner()
        # Its owner may not enter a test's private folder.
        self.home = Path(tempfile.mkdtemp(prefix="tower-toughness-pg-"))
        self.data = (self.home / "data").resolve()
        safe = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": 200}
        try:
            server, address = new_cluster(self.home, owner, safe)
        except EngineFailed:
            shutil.rmtree(self.home, ignore_errors=True)
            raise
        self.url = f"{address}/tower"
        super().__init__(
            "postgres",
            server,
            folder=folder,
            environment=environment,
            owner=owner,
            answers=lambda: postgres_answers(f"{address}/postgres"),
        )

    def members(self) -> list[int]:
        """Each of its children has a session of its own, but all of them work in its data folder."""
        return sorted({*super().members(), *(pid for pid in processes() if works_in(pid) == self.data)})

    def end(self) -> None:
        super().end()
        shutil.rmtree(self.home, ignore_errors=True)


def redis_part(folder: Path, environment: Mapping[str, str]) -> tuple[Part, int]:
    """A Redis that keeps nothing on disk: killed, it has forgotten everything. With its port."""
    binary = find_redis()
    if binary is None:
        raise EngineFailed("Redis is not installed")
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no", "daemonize": "no"}
    command = [binary, *(word for option, value in options.items() for word in (f"--{option}", str(value)))]
    return Part("redis", command, folder=folder, environment=environment, answers=lambda: redis_answers(port)), port


def procfile_parts(folder: Path, environment: Mapping[str, str], *, port: int) -> list[Part]:
    """The lines of the Procfile as they stand, so that what is tortured is what is run."""
    lines = [
        line.partition(": ")
        for line in (REPOSITORY / "Procfile").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    commands = {name: shlex.split(text.replace("${PORT:-8000}", str(port))) for name, _, text in lines}
    del commands["release"]
    ready = {"web": lambda: answers(f"http://127.0.0.1:{port}/healthz")}
    return [
        Part(name, in_this_environment(command), folder=folder, environment=environment, answers=ready.get(name))
        for name, command in commands.items()
    ]


def in_this_environment(command: Sequence[str]) -> list[str]:
    """The program from beside the Python that runs, as if the virtual environment were active."""
    beside = Path(sys.executable).parent / command[0]
    return [str(beside) if beside.exists() else command[0], *command[1:]]


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        # It ended by itself a moment ago.
        return


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def sessions() -> list[tuple[int, int]]:
    """(pid, session) of every process that lives; a zombie does nothing any more."""
    found = []
    for pid in processes():
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        state, _parent, _group, session = text.rpartition(")")[2].split()[:4]
        if state != "Z":
            found.append((pid, int(session)))
    return found


def cpu_seconds_of(pid: int) -> float:
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def works_in(pid: int) -> Path | None:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None
