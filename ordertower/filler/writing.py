"""Patterns into tables: by COPY on PostgreSQL, by bulk inserts on SQLite. In batches, a transaction each."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from orders.models import raise_commit_counter
from ordertower.filler.copies import COPIED, Column, Pattern

BATCH = 1000
# Stands for the transaction's mark until the transaction is there.
_MARK = "\ue002"
Table = type[models.Model]


@dataclass(frozen=True)
class Plan:
    """Which pattern each copy follows, when it begins, and which ids it gets."""

    patterns: Sequence[Pattern]
    schedule: Sequence[int]
    count: int
    first_id: dict[Table, int]
    begins: datetime
    spread: timedelta

    def batches(self) -> Iterator[tuple[int, int]]:
        for start in range(0, self.count, BATCH):
            yield start, min(start + BATCH, self.count)


def shuffled(shares: Sequence[int]) -> list[int]:
    """Places of patterns, each as often as its share, well mixed and always the same."""
    schedule = [place for place, share in enumerate(shares) for _ in range(share)]
    random.Random(11).shuffle(schedule)
    return schedule


def totals(patterns: Sequence[Pattern], schedule: Sequence[int], count: int) -> Counter[Table]:
    rounds, rest = divmod(count, len(schedule))
    found: Counter[Table] = Counter()
    for place in schedule:
        for table, rows in patterns[place].counts.items():
            found[table] += rows * rounds
    for place in schedule[:rest]:
        found.update(patterns[place].counts)
    return found


def write(plan: Plan, *, done: Callable[[int], None]) -> None:
    """Write every copy; `done` hears how many are committed."""
    if connection.vendor == "sqlite":
        _write_rows(plan, done)
    else:
        _write_by_copy(plan, done)


def reserve_ids(wanted: Counter[Table]) -> dict[Table, int]:
    """The first of so many free ids per table. Nobody else may write meanwhile."""
    first = {}
    for table, rows in wanted.items():
        name, column = table._meta.db_table, _pk(table).column
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"SELECT COALESCE(MAX({column}), 0) + 1 FROM {name}")
                first[table] = cursor.fetchone()[0]
                continue
            cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{name}', '{column}'))")
            first[table] = cursor.fetchone()[0]
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), %s)", [first[table] + rows - 1]
            )
    return first


def _pk(table: Table) -> "models.Field[Any, Any]":
    return table._meta.pk


class _Ids:
    """Hands out consecutive ids to one copy after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.next = plan, dict(plan.first_id)

    def values(self, index: int) -> tuple[Pattern, dict[str, Any]]:
        plan = self.plan
        pattern = plan.patterns[plan.schedule[index % len(plan.schedule)]]
        values = pattern.values(self.next, plan.begins + plan.spread * (index / plan.count))
        for table, rows in pattern.counts.items():
            self.next[table] += rows
        return pattern, values


# PostgreSQL ---------------------------------------------------------------------------------------------------------
def copy_text(column: Column) -> str:
    """A column as COPY reads it. What stands in the places needs no escapes."""
    if column.format is None:
        return "\\N"
    if isinstance(column.field, models.BinaryField):
        return "\\\\x" + column.format
    return column.format.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _write_by_copy(plan: Plan, done: Callable[[int], None]) -> None:
    """One thread makes the text of the next batch while the database takes this one."""
    # Per pattern one %-format a table: the rows of one order at once.
    formats = [
        {
            table: "".join("\t".join(map(copy_text, row)) + "\n" for row in pattern.rows[table])
            for table in COPIED
            if pattern.rows[table]
        }
        for pattern in plan.patterns
    ]
    by_pattern = {id(pattern): each for pattern, each in zip(plan.patterns, formats, strict=True)}
    ids = _Ids(plan)

    def text_of(batch: tuple[int, int]) -> dict[Table, str]:
        parts: dict[Table, list[str]] = {table: [] for table in COPIED}
        for index in range(*batch):
            pattern, values = ids.values(index)
            values["mark"] = _MARK
            for table, text in by_pattern[id(pattern)].items():
                parts[table].append(text % values)
        return {table: "".join(texts) for table, texts in parts.items() if texts}

    batches = list(plan.batches())
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(text_of, batches[0])
        for place, (_start, end) in enumerate(batches):
            texts = coming.result()
            if place + 1 < len(batches):
                coming = maker.submit(text_of, batches[place + 1])
            _copy(texts)
            done(end)


def _copy(texts: dict[Table, str]) -> None:
    with transaction.atomic():
        connection.ensure_connection()
        # The driver's own cursor: Django's knows no COPY.
        with connection.connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            mark = cursor.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
            for table, text in texts.items():
                columns = ", ".join(f'"{field.column}"' for field in table._meta.concrete_fields)
                with cursor.copy(f"COPY {table._meta.db_table} ({columns}) FROM STDIN") as copy:
                    copy.write(text.replace(_MARK, mark))


# SQLite -------------------------------------------------------------------------------------------------------------
def _stored(column: Column, values: dict[str, Any]) -> Any:
    """A value as Django keeps it in SQLite; numbers become numbers by the columns' own affinity."""
    if column.format is None:
        return None
    text = column.format % values
    if isinstance(column.field, models.BinaryField):
        return bytes.fromhex(text)
    if isinstance(column.field, models.DateTimeField):
        return text[:26].replace("T", " ")
    return text


def _write_rows(plan: Plan, done: Callable[[int], None]) -> None:
    ids = _Ids(plan)
    for start, end in plan.batches():
        with transaction.atomic(), connection.cursor() as cursor:
            raise_commit_counter()
            cursor.execute("SELECT value FROM orders_commitcounter WHERE id = 1")
            mark = cursor.fetchone()[0]
            rows: dict[Table, list[list[Any]]] = {table: [] for table in COPIED}
            for index in range(start, end):
                pattern, values = ids.values(index)
                values["mark"] = mark
                for table, of_order in pattern.rows.items():
                    rows[table] += [[_stored(column, values) for column in row] for row in of_order]
            for table, found in rows.items():
                columns = table._meta.concrete_fields
                names = ", ".join(f'"{column.column}"' for column in columns)
                places = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table._meta.db_table} ({names}) VALUES ({places})", found)
        done(end)


def tidy() -> None:
    """What autovacuum would do in the hours after: statistics for the planner, and pages marked as visible to all."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(table._meta.db_table for table in COPIED)}")
        cursor.execute("RESET statement_timeout")
