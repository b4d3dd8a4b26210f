"""The kill rig: a tower as real processes, a street that sells to it, and blows at seeded points of its day.

`run` starts everything, lets the platform sell, deals the blows, waits until every order is shipped or held and every
queue is empty, and has the trail exported and judged. Whatever happens, nothing it started is left running.
"""

import json
import math
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.engines import free_port
from tests.toughness.blows import FLUSH, Blow, draw
from tests.toughness.insider import Insider
from tests.toughness.journals import Day
from tests.toughness.parts import REPOSITORY, Part, answers
from tests.toughness.shapes import create_database, embedded, production

ARTICLES = ("CREAM-50", "SERUM-30", "MASK-10", "LIP-01")
LOOK_SECONDS = 0.05
# Longer than any poll of the tower sleeps: what its own last act comes back as is taken in before the judges come.
SETTLED_SECONDS = 15
CHECKER = "tests.checker"


@dataclass(frozen=True)
class Plan:
    """One run. The same plan deals the same blows; which line of code they hit is up to the machine."""

    seed: int
    orders: int
    engine: str
    times: dict[str, int]
    sold_per_second: float = 40.0
    # So long may the tower take for what is left when everything is sold.
    patience_seconds: float = 240.0

    @property
    def replay(self) -> str:
        return f"python -m tests.toughness --seed {self.seed} --orders {self.orders} --engine {self.engine}"


class Unsettled(AssertionError):
    """The tower did not come to rest: the text says what is left."""


class Judged(AssertionError):
    """The trail or the journals do not agree with what was promised."""


@dataclass
class Report:
    plan: Plan
    folder: Path
    dealt: list[tuple[Blow, int]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    @property
    def kills(self) -> Counter[str]:
        return Counter(blow.part for blow, _ in self.dealt)

    def __str__(self) -> str:
        dealt = ", ".join(f"{part} {count}" for part, count in sorted(self.kills.items()))
        processes = sum(count for _, count in self.dealt)
        times = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.seconds.items())
        return "\n".join(
            [
                f"{self.plan.engine}, seed {self.plan.seed}, {self.plan.orders} orders: "
                f"{len(self.dealt)} blows ({dealt}; {processes} processes killed)",
                f"  ended by themselves: {dict(self.ended) or 'none'}",
                f"  {times}; CPU seconds: {self.cpu}",
                f"  {json.dumps(self.outcome, ensure_ascii=False)}",
                *(f"  {name}: {text.strip().splitlines()[-1]}" for name, text in self.said.items() if text.strip()),
                f"  again: {self.plan.replay}",
            ]
        )


def run(
    plan: Plan, folder: Path, *, say: Callable[[str], None] = print, wired: Sequence[Callable[..., None]] = ()
) -> Report:
    """One day of blows; `Unsettled` or `Judged` where the tower did not keep its word.

    `wired` is called with the rig when everything answers: the place to connect more outside systems.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Rig(plan, folder, say) as rig:
        for connect in wired:
            connect(rig)
        rig.live()
        rig.settle()
        rig.judge()
        return rig.report


class Rig:
    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        self.plan, self.folder, self.say = plan, folder, say
        self.report = Report(plan, folder)
        self.day = Day(folder / "journals", folder / "acknowledged.jsonl")
        self.blows = draw(plan.seed, plan.orders, plan.times)
        self.session = requests.Session()
        self.session.trust_env = False
        self._stack = ExitStack()
        self._parts: list[Part] = []
        self._reviving: dict[str, threading.Thread] = {}
        self._sold_out = threading.Event()
        self._over = threading.Event()
        self._troubles: list[BaseException] = []

    # Setting up -------------------------------------------------------------------------------------------------
    def __enter__(self) -> "Rig":
        with self._timed("start"), ExitStack() as stack:
            stack.callback(self._end)
            self._open_tower()
            self.insider = Insider(self.tower.environment, self.folder / "inside.log")
            stack.callback(self.insider.end)
            self.street = self._open_street()
            self.tower.start(*(name for name in self.tower.parts if name not in ("postgres", "redis")))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def keep(self, part: Part) -> Part:
        """From now on this part ends with the rig."""
        self._parts.append(part)
        return part

    def _open_tower(self) -> None:
        self.tower = (production if self.plan.engine == "postgres" else embedded)(self.folder, self.keep)
        if self.plan.engine == "postgres":
            self.tower.start("postgres", "redis")
            create_database(self.tower.environment["DATABASE_URL"])
        self.manage("migrate", "--no-input")
        self.manage("collectstatic", "--no-input")

    def _end(self) -> None:
        """End every part, whatever happens meanwhile: a second Ctrl-C must not leave half a tower running."""
        with deaf():
            self._over.set()
            for thread in list(self._reviving.values()):
                thread.join()
            for part in reversed(self._parts):
                part.end()

    def _open_street(self) -> str:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.facts = json.loads(self.manage("seed_demo", "--tower-url", self.tower.url, "--emulators-url", url))
        settings = [
            *self.facts["emulator_settings"],
            # The rig is the buyer, time is short, and the ERP errs often.
            "taobao.sell_every=0",
            "taobao.others_sell_every=0",
            "douyin.sell_every=0",
            "generic.sell_every=0",
            "jd.sell_every=0",
            "kingdee.download_seconds=2",
            "qimen.step_seconds=1",
            "erp.repush_every=5",
        ]
        command = [
            sys.executable, "manage.py", "emulate", "--port", port, "--seed", self.plan.seed,
            "--journal-dir", self.folder / "journals", "--set", *settings,
        ]  # fmt: skip
        street = Part(
            "street",
            command,
            folder=self.folder,
            environment=self.tower.environment,
            answers=lambda: answers(f"{url}/"),
        )
        self.keep(street).start()
        street.wait_until_up()
        return url

    def manage(self, *arguments: Any, check: bool = True) -> str:
        """A command of the tower, run beside it."""
        command = [sys.executable, "manage.py", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=self.tower.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode:
            raise Judged(
                f"manage.py {arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-3000:]}"
            )
        return done.stdout

    # The day ----------------------------------------------------------------------------------------------------
    def live(self) -> None:
        """Sell everything and deal every blow at its point."""
        seller = threading.Thread(target=self._sell, name="seller", daemon=True)
        with self._timed("day"):
            seller.start()
            quiet_since, before = time.monotonic(), -1
            while self.blows or not self._sold_out.is_set():
                self._look()
                for blow in [blow for blow in self.blows if blow.is_due(self.day.progress)]:
                    self.blows.remove(blow)
                    self._deal(blow)
                moved = sum(self.day.progress.values())
                if moved != before:
                    quiet_since, before = time.monotonic(), moved
                if time.monotonic() - quiet_since > self.plan.patience_seconds:
                    raise Unsettled(f"nothing moves any more\n{self.left()}")
                time.sleep(LOOK_SECONDS)
            seller.join()

    def _look(self) -> None:
        self.day.look()
        if self._troubles:
            raise self._troubles[0]
        for name, part in self.tower.parts.items():
            reviving = self._reviving.get(name)
            if part.has_ended() and not (reviving and reviving.is_alive()):
                # A process manager would start it again, so that is done here; that it ended is told in the report.
                self.report.ended[name] += 1
                self.say(f"{time.monotonic() - self._begun:6.1f} s  {name} ended by itself")
                self._start_again(part, 1.0)

    def _sell(self) -> None:
        chance = random.Random(f"sales {self.plan.seed}")
        begun = time.monotonic()
        try:
            for number in range(self.plan.orders):
                if self._over.wait(max(0.0, begun + number / self.plan.sold_per_second - time.monotonic())):
                    return
                skus = chance.sample(ARTICLES, k=chance.choice((1, 1, 1, 2)))
                lines = [{"sku": sku, "quantity": chance.choice((1, 1, 2))} for sku in skus]
                self.does("taobao", "sell", lines=lines)
            self._sold_out.set()
        except BaseException as error:
            self._troubles.append(error)

    def does(self, emulator: str, command: str, **data: Any) -> Any:
        answer = self.session.post(f"{self.street}/{emulator}/_control/{command}", json=data, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _deal(self, blow: Blow) -> None:
        if blow.part == FLUSH:
            self._flush()
            self.report.dealt.append((blow, 0))
        else:
            if before := self._reviving.pop(blow.part, None):
                before.join()
            part = self.tower.parts[blow.part]
            self.report.dealt.append((blow, part.kill()))
            self._start_again(part, blow.pause)
        self.say(f"{time.monotonic() - self._begun:6.1f} s  {dict(self.day.progress)}  {blow}")

    def _flush(self) -> None:
        import redis

        if before := self._reviving.pop("redis", None):
            before.join()
        with redis.Redis(port=self.tower.redis_port or 0) as client:
            client.flushall()

    def _start_again(self, part: Part, pause: float) -> None:
        self._reviving[part.name] = threading.Thread(target=self._revive, args=(part, pause), daemon=True)
        self._reviving[part.name].start()

    def _revive(self, part: Part, pause: float) -> None:
        try:
            self._over.wait(pause)
            if not self._over.is_set():
                part.start()
                part.wait_until_up()
        except BaseException as error:
            self._troubles.append(error)

    # The evening ------------------------------------------------------------------------------------------------
    def settle(self) -> None:
        """Wait until nothing is left to do; `Unsettled` says what it was."""
        with self._timed("settle"):
            for thread in self._reviving.values():
                thread.join()
            deadline, calm_since = time.monotonic() + self.plan.patience_seconds, math.inf
            # From now on nobody breaks anything: else new holds would come for ever.
            self.does("erp", "connect", repush_every=0)
            while time.monotonic() - calm_since < SETTLED_SECONDS:
                self._look()
                calm_since = min(calm_since, time.monotonic()) if self._is_settled() else math.inf
                if time.monotonic() > deadline:
                    raise Unsettled(self.left())
                time.sleep(1)
        self.report.cpu = {part.name: round(part.cpu_seconds(), 1) for part in self._parts}
        self.report.outcome = {
            **{name: value for name, value in self.inside().items() if name != "held_orders"},
            "shipped": len(self.day.shipped),
            "not shipped": len(self.day.not_shipped),
        }

    def _is_settled(self) -> bool:
        if len(self.day.not_shipped) > max(20, self.plan.orders // 10):
            return False
        found = self.inside()
        held = set(found.pop("held_orders"))
        self.say(f"{time.monotonic() - self._begun:6.1f} s  {dict(self.day.progress)}  {found}")
        return not found["work"] and set(self.day.not_shipped) <= held

    def inside(self) -> dict[str, Any]:
        """What the tower's rows say, asked in a process of its own."""
        return self.insider.rows()

    def left(self) -> str:
        found = self.inside()
        held = set(found.pop("held_orders", []))
        stuck = [tid for tid in self.day.not_shipped if tid not in held]
        stands = {row["order"]: row for row in self.does("qimen", "orders")}
        named = {tid: next((row for code, row in stands.items() if tid in code), None) for tid in stuck[:10]}
        lines = [dict(self.day.progress), f"{len(stuck)} orders neither shipped nor held: {named}", found]
        return "\n".join(map(str, [*lines, self.plan.replay]))

    # The judges -------------------------------------------------------------------------------------------------
    def judge(self) -> None:
        """Export, verify, and ask the independent checker."""
        trail, anchors = self.folder / "trail.jsonl", self.folder / "var" / "anchors.jsonl"
        with self._timed("judge"):
            trail.unlink(missing_ok=True)
            self.report.said["export_trail"] = self.manage("export_trail", "--out", trail)
            self.report.said["verify_trail"] = self.manage("verify_trail")
            command = [
                sys.executable, "-m", CHECKER, trail, "--journals", self.folder / "journals",
                "--anchors", anchors, "--acknowledged", self.folder / "acknowledged.jsonl",
                # Everything came to rest, and calls broke off in the middle.
                "--drained", "--retries",
            ]  # fmt: skip
            done = subprocess.run(list(map(str, command)), cwd=REPOSITORY, capture_output=True, text=True)
            self.report.said["checker"] = done.stdout + done.stderr
            if done.returncode:
                raise Judged(f"{done.stdout}\n{done.stderr}\n{self.plan.replay}")

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        self._begun = time.monotonic()
        try:
            yield
        finally:
            self.report.seconds[name] = time.monotonic() - self._begun


@contextmanager
def deaf() -> Iterator[None]:
    """No signal that can be ignored interrupts this; only the main thread can be interrupted at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
