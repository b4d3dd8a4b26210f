"""The private PostgreSQL and Redis of a benchmark: fsync on, nothing that a careful owner would not set.

Not the servers of the tests, which need not survive a power cut and would make every figure a lie.
"""

from contextlib import AbstractContextManager

from tests.engines import STOP_SECONDS, EngineFailed, find_redis, private_redis, running_postgres

__all__ = ["SETTINGS", "EngineFailed", "bench_postgres", "find_redis", "private_redis"]

# For a machine of two cores and a few gigabytes; everything that guards data is as it comes: on.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}


def bench_postgres() -> AbstractContextManager[str]:
    """Yields the address without a database name."""
    return running_postgres(SETTINGS, prefix="tower-bench-pg-", stop_seconds=STOP_SECONDS * 6)
