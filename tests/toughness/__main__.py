"""`python -m tests.toughness --seed N --orders M --engine postgres|sqlite`: one run of the kill rig again."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.__main__ import leave
from tests.toughness.rig import Plan, run
from tests.toughness.sizes import times_for


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.toughness", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--engine", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--per-second", type=float, default=40.0, help="orders sold in a second")
    parser.add_argument("--folder", type=Path, help="where logs, journals and the trail go")
    parser.add_argument("--calm", action="store_true", help="no blows: what the tower does when it is left in peace")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, leave)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="tower-toughness-"))
    plan = Plan(
        seed=asked.seed,
        orders=asked.orders,
        engine=asked.engine,
        times={} if asked.calm else times_for(asked.engine, asked.orders),
        sold_per_second=asked.per_second,
    )
    print(f"logs, journals and trail: {folder}", flush=True)
    print(run(plan, folder, say=lambda text: print(text, flush=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
