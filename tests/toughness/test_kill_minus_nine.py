"""Law 1 and law 9 with real processes: whatever is killed, what was acknowledged is held and has one effect.

`-s` shows every blow and the outcome; the last line of a failure is the command that deals the same blows again.
"""

from pathlib import Path

import pytest

from tests.conftest import REQUIRE_ALL, on_postgres
from tests.engines import find_redis
from tests.toughness.rig import Plan, run
from tests.toughness.sizes import SEED, size_for, times_for

pytestmark = pytest.mark.long


def plan_for(engine: str) -> Plan:
    orders = size_for(engine)
    return Plan(seed=SEED, orders=orders, engine=engine, times=times_for(engine, orders), sold_per_second=5)


@pytest.mark.postgres
@pytest.mark.skipif(find_redis() is None and not REQUIRE_ALL, reason="needs Redis")
def test_production_survives_the_killing_of_every_part(tmp_path: Path):
    report = run(plan_for("postgres"), tmp_path)
    print(report)
    assert report.kills == report.plan.times


# `python -m tests` runs everything on both engines: this edition has its turn in the first half.
@pytest.mark.skipif(on_postgres(), reason="the embedded edition runs on SQLite")
def test_the_embedded_tower_survives_being_killed(tmp_path: Path):
    report = run(plan_for("sqlite"), tmp_path)
    print(report)
    assert report.kills == report.plan.times
