"""How hard a run is: by its orders, so that a seed and a number of orders say everything."""

import os

# What every run of the suite pays for: each kind of process dies at least once, those that do the most twice.
FEW = {"web": 2, "urgent": 1, "ingest": 1, "sync": 1, "bulk": 1, "beat": 1, "redis": 1, "postgres": 2, "flush": 1}
PRODUCTION = {
    "web": 4, "urgent": 3, "ingest": 2, "sync": 4, "bulk": 1, "beat": 2, "redis": 2, "postgres": 3, "flush": 2,
}  # fmt: skip
# R1: at least forty of each, two hundred in all, and twenty times an emptied Redis.
TORTURE = {
    "web": 40, "urgent": 40, "ingest": 15, "sync": 40, "bulk": 5, "beat": 40, "redis": 40, "postgres": 40, "flush": 20,
}  # fmt: skip
EMBEDDED_FEW, EMBEDDED, EMBEDDED_TORTURE = 4, 10, 200
MANY_ORDERS, TORTURE_ORDERS = 60, 20_000


def times_for(engine: str, orders: int) -> dict[str, int]:
    size = (orders >= MANY_ORDERS) + (orders >= TORTURE_ORDERS)
    if engine == "sqlite":
        return {"tower": (EMBEDDED_FEW, EMBEDDED, EMBEDDED_TORTURE)[size]}
    return dict((FEW, PRODUCTION, TORTURE)[size])


SEED = 1
# What the suite can afford on two cores; `make tough` takes half an hour; torture takes as long as it takes.
SUITE_SIZE = {"postgres": 24, "sqlite": 12}
TOUGH_SIZE = {"postgres": 2_000, "sqlite": 500}
TORTURE_SIZE = {"postgres": 100_000, "sqlite": 20_000}


def size_for(engine: str) -> int:
    if os.environ.get("TOWER_TORTURE") == "1":
        return TORTURE_SIZE[engine]
    return TOUGH_SIZE[engine] if os.environ.get("TOWER_TOUGH") == "1" else SUITE_SIZE[engine]
