"""How hard a run is: by its orders, so that a seed and a number of orders say everything."""

import os

PRODUCTION = {
    "web": 4, "urgent": 3, "ingest": 2, "sync": 4, "bulk": 1, "beat": 2, "redis": 2, "postgres": 3, "flush": 2,
}  # fmt: skip
# R1: at least forty of each, two hundred in all, and twenty times an emptied Redis.
TORTURE = {
    "web": 40, "urgent": 40, "ingest": 15, "sync": 40, "bulk": 5, "beat": 40, "redis": 40, "postgres": 40, "flush": 20,
}  # fmt: skip
EMBEDDED, EMBEDDED_TORTURE = 10, 200
TORTURE_ORDERS = 20_000


def times_for(engine: str, orders: int) -> dict[str, int]:
    if engine == "sqlite":
        return {"tower": EMBEDDED_TORTURE if orders >= TORTURE_ORDERS else EMBEDDED}
    return dict(TORTURE if orders >= TORTURE_ORDERS else PRODUCTION)


SEED = 1
# What the suite can afford on two cores; `make tough` takes half an hour; torture takes as long as it takes.
SUITE_SIZE = {"postgres": 40, "sqlite": 20}
TOUGH_SIZE = {"postgres": 2_000, "sqlite": 500}
TORTURE_SIZE = {"postgres": 100_000, "sqlite": 20_000}


def size_for(engine: str) -> int:
    if os.environ.get("TOWER_TORTURE") == "1":
        return TORTURE_SIZE[engine]
    return TOUGH_SIZE[engine] if os.environ.get("TOWER_TOUGH") == "1" else SUITE_SIZE[engine]
