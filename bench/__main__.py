"""`python -m bench [name …] [--size small|full]`: a private PostgreSQL, a database a benchmark, a table and JSON.

Each benchmark runs in a process of its own (`bench.child`), so that none warms or tires another.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.engines import SETTINGS, EngineFailed, bench_postgres
from bench.stage import SIZES, copy_database, drop_database

ROOT = Path(__file__).resolve().parent.parent
# In this order: what fills the disk comes last.
NAMES = ("intake", "life", "drain", "prints", "hooks", "scans", "trail", "pages")


def main() -> int:
    asked = arguments()
    not_known = set(asked.names) - set(NAMES)
    if not_known:
        print(f"no benchmark is called {', '.join(sorted(not_known))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    code = 0
    try:
        with bench_postgres() as server, tempfile.TemporaryDirectory(prefix="tower-bench-") as var:
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "bench.settings",
                "TOWER_VAR": var,
                "BENCH_SERVER": server,
                "BENCH_SIZE": asked.size,
                "BENCH_OUT": str(asked.out.resolve()),
                "BENCH_COMMAND": f"python -m bench {' '.join(sys.argv[1:])}".strip(),
                "BENCH_SETTINGS": " ".join(f"{name}={value}" for name, value in SETTINGS.items()),
            }
            environment.pop("TOWER_CLOCK", None)
            environment.pop("REDIS_URL", None)
            copy_database(server, None, "blank")
            migrate = [sys.executable, "manage.py", "migrate", "-v0"]
            subprocess.run(migrate, cwd=ROOT, env={**environment, "DATABASE_URL": f"{server}/blank"}, check=True)
            for name in [name for name in NAMES if not asked.names or name in asked.names]:
                copy_database(server, "blank", name)
                own = {**environment, "DATABASE_URL": f"{server}/{name}"}
                code |= subprocess.run([sys.executable, "-m", "bench.child", name], cwd=ROOT, env=own).returncode
                drop_database(server, name)
    except EngineFailed as error:
        print(error, file=sys.stderr)
        return 1
    return code


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(NAMES)}; all where none is named")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
