"""What `make run` does: a seeded tower and the emulated outside world, two child processes under one foreground parent.

The parent prepares the database, starts both, says where they are and who may log in, relays what they print, and
ends both when it is told to stop or when one of them ends by itself.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from django.conf import settings

from orders.lifecycle import Role

EMULATORS_PORT_OFFSET = 100
READY_SECONDS = 90
STOP_SECONDS = 30
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(Exception):
    """The demo cannot start or go on; the text is for the person at the terminal."""


class Child:
    """One process of the demo, its output relayed line by line and its last words kept."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.last_words: deque[str] = deque(maxlen=20)
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C reaches only the parent, which then stops its children in order.
            start_new_session=True,
        )
        self._relay = threading.Thread(target=self._relay_output, name=f"relay {name}", daemon=True)
        self._relay.start()

    def ended(self) -> int | None:
        return self._process.poll()

    def ask_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        try:
            self._process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            print(f"{self.name} 未在 {STOP_SECONDS} 秒内停止，强制结束 / killed", flush=True)
            self._process.kill()
            self._process.wait()
        self._relay.join(2)

    def _relay_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self.last_words.append(line.rstrip("\n"))
                print(f"[{self.name}] {line}", end="", flush=True)


class Demo:
    """One run from an up-to-date database to the last child's end."""

    def __init__(self, *, port: int, facts: dict[str, Any]) -> None:
        self.port = port
        self.facts = facts
        self.children: list[Child] = []
        self._stop = threading.Event()

    @property
    def emulators_port(self) -> int:
        return self.port + EMULATORS_PORT_OFFSET

    def run(self, announce: Callable[[str], None]) -> None:
        """Start, announce, and stay until SIGINT, SIGTERM or SIGHUP. `DemoFailed` when a child ends by itself."""
        before = {number: signal.signal(number, lambda *_: self._stop.set()) for number in STOP_SIGNALS}
        try:
            self._start()
            if self._wait_until_ready():
                # What the emulators were told is theirs: the file promises addresses, users and one key.
                public = {name: fact for name, fact in self.facts.items() if name != "emulator_settings"}
                write_privately(settings.VAR / "demo.json", json.dumps(public, ensure_ascii=False, indent=2))
                announce(welcome(self.facts))
            while not self._stop.wait(0.5):
                self._insist_that_all_live()
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        environment = {"TOWER_URL": self.facts["url"]}
        emulate = ["emulate", "--port", str(self.emulators_port), "--journal-dir", str(settings.VAR / "journals")]
        # What the emulators must know of the seeded tower, such as the addresses of its webhooks.
        if options := self.facts.get("emulator_settings"):
            emulate += ["--set", *options]
        self.children.append(Child("emulators", emulate, environment))
        self.children.append(Child("tower", ["tower", "--no-migrate", "--port", str(self.port)], environment))

    def _wait_until_ready(self) -> bool:
        """True when everything answers, False when told to stop meanwhile."""
        addresses = [f"http://127.0.0.1:{self.emulators_port}/", f"http://127.0.0.1:{self.port}/healthz"]
        deadline = time.monotonic() + READY_SECONDS
        while addresses:
            self._insist_that_all_live()
            if self._stop.wait(0.2):
                return False
            if time.monotonic() > deadline:
                raise DemoFailed(f"{READY_SECONDS} 秒内没有响应 / no answer from {', '.join(addresses)}")
            addresses = [address for address in addresses if not answers(address)]
        return True

    def _insist_that_all_live(self) -> None:
        for child in self.children:
            if (code := child.ended()) is not None:
                child.wait(1)
                words = "\n".join(f"    {line}" for line in child.last_words)
                raise DemoFailed(f"{child.name} 意外退出 / ended by itself (exit code {code}). Last words:\n{words}")

    def _end(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.wait(deadline - time.monotonic())


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def insist_that_ports_are_free(*ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DemoFailed(
                    f"端口 {port} 不可用 / port {port} is not free ({error.strerror}). 换一个 / try: make run PORT=9000"
                ) from error


def write_privately(path: Path, text: str) -> None:
    """Appears whole or not at all, readable by its owner only: the file holds passwords and a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    draft.replace(path)


def welcome(facts: Mapping[str, Any]) -> str:
    """Where everything is and who may log in, for the person at the terminal."""
    url = facts["url"]
    places = [
        ("后台 Back office", f"{url}/admin/"),
        ("扫码 Scan page", f"{url}/scan/"),
        ("接口 API", f"{url}/api/docs/"),
        ("仿真街 Emulators", f"{facts['emulators_url']}/"),
    ]
    users = [
        (f"{Role(role).label} {role}", user["username"], user["password"]) for role, user in facts["users"].items()
    ]
    rule = "═" * 78
    return "\n".join(
        [
            rule,
            "订单指挥塔已就绪 · The order tower is ready",
            *table(places),
            "",
            *table([("角色 Role", "用户 User", "密码 Password"), *users]),
            "",
            f"API key: {facts['api_key']}",
            f"以上内容也在 / also in: {settings.VAR / 'demo.json'} · Ctrl-C 停止 / stops everything",
            rule,
        ]
    )


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns that line up in a terminal, where a Chinese character is two cells wide."""
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "   ".join(text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
