"""The floor: what bare PostgreSQL needs to take in the very rows that the tower wrote.

Same tables, indexes, constraints and triggers, one connection, one transaction, fsync on. Nothing can be faster, so
the tower's pace is given as a share of it.
"""

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from django.apps import apps
from psycopg import sql


@dataclass(frozen=True)
class Floor:
    seconds: float
    rows: int
    bytes: int
    by_table: dict[str, int]


def copy_again(written: psycopg.Connection[Any], empty: psycopg.Connection[Any]) -> Floor:
    """COPY into `empty` every row that `written` has more."""
    texts, by_table = {}, {}
    for table, pk in _tables():
        last = _one(empty, sql.SQL("SELECT COALESCE(MAX({pk}), 0) FROM {table}"), table, pk)
        rows = _one(written, sql.SQL("SELECT COUNT(*) FROM {table} WHERE {pk} > %s"), table, pk, last)
        if rows:
            by_table[table] = rows
            texts[table] = _dump(written, table, pk, last)
    empty.execute("CHECKPOINT")
    started = time.perf_counter()
    with empty.transaction():
        for table, text in texts.items():
            with empty.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                copy.write(text)
    seconds = time.perf_counter() - started
    return Floor(seconds, sum(by_table.values()), sum(map(len, texts.values())), by_table)


def _tables() -> list[tuple[str, str]]:
    models = apps.get_models(include_auto_created=True)
    whole = [model for model in models if model._meta.pk.get_internal_type().endswith("AutoField")]
    return [(model._meta.db_table, str(model._meta.pk.column)) for model in whole]


def _one(connection: psycopg.Connection[Any], text: sql.SQL, table: str, pk: str, *arguments: Any) -> int:
    asked = text.format(table=sql.Identifier(table), pk=sql.Identifier(pk))
    row = connection.execute(asked, arguments).fetchone()
    return int(row[0]) if row else 0


def _dump(connection: psycopg.Connection[Any], table: str, pk: str, last: int) -> bytes:
    asked = sql.SQL("COPY (SELECT * FROM {table} WHERE {pk} > {last} ORDER BY {pk}) TO STDOUT").format(
        table=sql.Identifier(table), pk=sql.Identifier(pk), last=sql.Literal(last)
    )
    with connection.cursor().copy(asked) as copy:
        return b"".join(bytes(part) for part in copy)
