"""What every benchmark stands on: a database of its own, its size, and a fast look at the time."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

# Small: to see that it works. Full: the figures of DESIGN 8.
SIZES: dict[str, dict[str, int]] = {
    "small": {
        "intake_orders": 300, "http_orders": 200, "bulk_orders": 300, "million": 20_000, "requests": 30,
        "hook_seconds": 10, "labels": 200, "drain_orders": 300, "scan_seconds": 15, "lives": 30, "trail_events": 50_000,
    },
    "full": {
        "intake_orders": 3_000, "http_orders": 1_000, "bulk_orders": 3_000, "million": 1_000_000, "requests": 100,
        "hook_seconds": 60, "labels": 1_000, "drain_orders": 2_000, "scan_seconds": 60, "lives": 200,
        "trail_events": 1_000_000,
    },
}  # fmt: skip


@dataclass
class Stage:
    """One benchmark's surroundings. `notes` go into its report."""

    # The address of the server, and the database's own.
    server: str
    database: str
    size: Mapping[str, int]
    notes: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def twin(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        """A copy of the database as it is now. Our own connections must be closed."""
        copy_database(self.server, self.database, name)
        try:
            with psycopg.connect(f"{self.server}/{name}", autocommit=True) as connection:
                yield connection
        finally:
            drop_database(self.server, name)


def copy_database(server: str, source: str | None, name: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        template = sql.SQL(" TEMPLATE {}").format(sql.Identifier(source)) if source else sql.SQL("")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + template)


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def load() -> float:
    return round(os.getloadavg()[0], 1)


def forget_connections() -> None:
    """Give back every connection of this process's pool, so that the database can be copied."""
    from django.db import connection

    connection.close()
    getattr(connection, "close_pool", lambda: None)()
