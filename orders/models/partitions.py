"""Tables that grow for ever are partitioned by month on PostgreSQL (DESIGN 7). SQLite has one table and no months.

Django knows nothing of it: the columns are the same, only the primary key also holds the column of the month.
"""

import logging
from datetime import UTC, datetime

from django.db import IntegrityError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from orders.models.walls import guard_partition

logger = logging.getLogger(__name__)
MONTHS_AHEAD = 3


def ensure_partitions(now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the months from the last one to `months_ahead` of every partitioned table; the names of the new ones.

    Rows that fell into the default partition keep their month there: it is skipped and reported in the log.
    """
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid"
            " WHERE p.partstrat = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname"
        )
        tables = [name for (name,) in cursor.fetchall()]
        return [made for table in tables for made in _make_months(cursor, table, now, months_ahead)]


def partition_by_month(database: BaseDatabaseWrapper, table: str, *, key: str, column: str, now: datetime) -> None:
    """Turn a table of Django's into one partitioned by `column`, with its rows, indexes, checks, keys and identity."""
    with database.cursor() as cursor:
        _rebuild(cursor, table, key=f"{key}, {column}", clause=f"PARTITION BY RANGE ({column})")
        cursor.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        _make_months(cursor, table, now, MONTHS_AHEAD)
        _take_rows_over(cursor, table, key)


def join_months(database: BaseDatabaseWrapper, table: str, *, key: str) -> None:
    """The way back: one plain table with everything that lay in the months."""
    with database.cursor() as cursor:
        _rebuild(cursor, table, key=key, clause="")
        _take_rows_over(cursor, table, key)


def _rebuild(cursor: CursorWrapper, table: str, *, key: str, clause: str) -> None:
    """Put the table aside as `<table>_before` and make an empty one like it under its name."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p')",
        [table, table],
    )
    indexes = cursor.fetchall()
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    )
    foreign_keys = cursor.fetchall()
    cursor.execute(f"SELECT pg_get_serial_sequence('{table}', %s)", [key.split(",")[0]])
    sequence = cursor.fetchone()[0]

    cursor.execute(f"ALTER SEQUENCE {sequence} RENAME TO {table}_before_seq")
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
    for name, _definition in foreign_keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_before")

    cursor.execute(
        f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED"
        f" INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS) {clause}"
    )
    cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({key})")
    for name, definition in foreign_keys:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _name, definition in indexes:
        cursor.execute(definition.replace(" ON ONLY ", " ON "))


def _take_rows_over(cursor: CursorWrapper, table: str, key: str) -> None:
    cursor.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")
    # Foreign keys are checked now, because a table with checks still to come cannot be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), COALESCE(MAX({key}), 1), MAX({key}) IS NOT NULL)"
        f" FROM {table}"
    )
    cursor.execute(f"DROP TABLE {table}_before")


def _make_months(cursor: CursorWrapper, table: str, now: datetime, months_ahead: int) -> list[str]:
    made = []
    for offset in range(-1, months_ahead + 1):
        start, end = _month(now, offset), _month(now, offset + 1)
        name = f"{table}_{start:%Y_%m}"
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if not cursor.fetchone()[0] and _attach_month(cursor, table, name, start, end):
            made.append(name)
    return made


def _attach_month(cursor: CursorWrapper, table: str, name: str, start: datetime, end: datetime) -> bool:
    """Made aside and attached, which lets others read and write the table meanwhile; PARTITION OF would not."""
    try:
        with transaction.atomic(using=cursor.db.alias):
            cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            cursor.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
            guard_partition(cursor, table, name)
    except IntegrityError:
        logger.warning("%s was not made: rows of that month already lie in %s_default", name, table)
        return False
    return True


def _month(now: datetime, offset: int) -> datetime:
    """The first moment, in UTC, of the month `offset` months after that of `now`."""
    moment = now.astimezone(UTC)
    months = moment.year * 12 + moment.month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
