"""One benchmark in a process of its own; `python -m bench` starts it with everything in its environment."""

import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import django


def main(name: str) -> int:
    django.setup()
    from django.db import connection

    from bench import report
    from bench.stage import SIZES, Stage

    benchmark = import_module(f"bench.{name}")
    size = os.environ["BENCH_SIZE"]
    stage = Stage(os.environ["BENCH_SERVER"], name, SIZES[size])
    facts: dict[str, Any] = {"machine": report.machine(), "command": os.environ["BENCH_COMMAND"], "size": size}
    started = time.perf_counter()
    figures = benchmark.run(stage)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        facts["postgresql"] = {"version": cursor.fetchone()[0], "settings": os.environ["BENCH_SETTINGS"]}
    facts |= {"seconds": round(time.perf_counter() - started, 1), "load_at_end": list(os.getloadavg())}
    path = report.write(Path(os.environ["BENCH_OUT"]), name, figures, **facts, notes=stage.notes)
    print(f"\n{report.show(f'{name}: {benchmark.TITLE} ({size})', figures)}\n  → {path}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
