"""The rig itself: its blows can be dealt again, and whatever happens it leaves nothing running."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.toughness.blows import COUNTERS, draw
from tests.toughness.parts import Part
from tests.toughness.rig import deaf
from tests.toughness.sizes import FEW, PRODUCTION, SUITE_SIZE, TORTURE, times_for

# Starts a child in the same session that hears no SIGTERM and no SIGINT, and waits.
STUBBORN = (
    "import os, signal, time\n"
    "for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\n"
    "os.fork()\n"
    "time.sleep(600)\n"
)


def stubborn(folder: Path) -> Part:
    part = Part("stubborn", [sys.executable, "-c", STUBBORN], folder=folder, environment=dict(os.environ))
    part.start()
    deadline = time.monotonic() + 20
    while len(part.members()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(part.members()) == 2
    return part


def test_the_same_seed_deals_the_same_blows_and_another_seed_others():
    assert draw(7, 2000, PRODUCTION) == draw(7, 2000, PRODUCTION)
    assert draw(7, 2000, PRODUCTION) != draw(8, 2000, PRODUCTION)


@pytest.mark.parametrize("seed", range(20))
def test_every_blow_has_a_point_that_the_day_reaches(seed: int):
    blows = draw(seed, 60, PRODUCTION)
    assert len(blows) == sum(PRODUCTION.values())
    assert all(1 <= blow.at <= 0.85 * 60 * COUNTERS[blow.counter] for blow in blows)


def test_the_few_blows_of_the_suite_reach_every_kind_of_process():
    assert set(FEW) == set(PRODUCTION) == set(TORTURE)
    assert min(FEW.values()) >= 1
    assert times_for("postgres", SUITE_SIZE["postgres"]) == FEW
    assert times_for("sqlite", SUITE_SIZE["sqlite"])["tower"] >= 4


def test_torture_deals_two_hundred_kills_and_twenty_floods():
    workers = sum(TORTURE[name] for name in ("urgent", "ingest", "sync", "bulk"))
    assert min(TORTURE["web"], workers, TORTURE["beat"], TORTURE["redis"], TORTURE["postgres"]) >= 40
    assert sum(TORTURE.values()) - TORTURE["flush"] >= 200
    assert TORTURE["flush"] >= 20
    assert times_for("sqlite", 60)["tower"] >= 10


def test_a_killed_part_leaves_no_child_behind(tmp_path: Path):
    part = stubborn(tmp_path)
    assert part.kill() == 2
    assert part.members() == []


def test_children_whose_parent_died_first_are_found_too(tmp_path: Path):
    part = stubborn(tmp_path)
    assert part.process is not None
    part.process.kill()
    part.process.wait()
    assert len(part.members()) == 1
    part.end()
    assert part.members() == []


def test_a_second_signal_does_not_interrupt_the_cleaning_up():
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with deaf():
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
