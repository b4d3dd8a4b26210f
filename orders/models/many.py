"""Many new rows at once. On PostgreSQL by COPY, which spares Django and the driver the making of long statements."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb

# Below this a statement is as quick.
ENOUGH = 50


def insert_many(rows: Sequence[models.Model]) -> None:
    """Write new rows of one model, as they are: no signal is sent, and rows without an id do not learn theirs.

    Their values are plain: no expression, no default of the database.
    """
    table = type(rows[0])
    if connection.vendor != "postgresql" or len(rows) < ENOUGH:
        table._default_manager.bulk_create(rows)
        return
    numbered = rows[0].pk is not None
    fields = [field for field in table._meta.concrete_fields if numbered or not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    statement = f"COPY {connection.ops.quote_name(table._meta.db_table)} ({columns}) FROM STDIN"
    readers = [_reader(field) for field in fields]
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([read(row) for read in readers])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _reader(field: Any) -> Callable[[Any], Any]:
    """How a field's value is read from a row, in the driver's own types."""
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda row: Jsonb(getattr(row, name))
    if isinstance(field, models.BinaryField):
        return lambda row: None if getattr(row, name) is None else bytes(getattr(row, name))
    if isinstance(field, models.CharField | models.TextField):
        # An enumeration's member is a str too, but the driver would look for its type.
        return lambda row: None if getattr(row, name) is None else str(getattr(row, name))
    return lambda row: getattr(row, name)
