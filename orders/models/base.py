"""What every model of the room shares: a protected state that survives a refresh, and marks in commit order."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Func
from django_fsm import FSMFieldMixin


class FSMSafeModel(models.Model):
    """`refresh_from_db` without opening the protected field for the whole process.

    django-fsm-2 4.2.4 flips `field.protected` on the class while it refreshes, which other threads can use and a
    failed refresh leaves open. Its descriptor refuses only while the name is in `__dict__`, so take the name out.
    """

    class Meta:
        abstract = True

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        if fields is None:
            deferred = self.get_deferred_fields()
            fields = [field.attname for field in self._meta.concrete_fields if field.attname not in deferred]
        fields = list(fields)
        guarded = [field for field in self._meta.concrete_fields if isinstance(field, FSMFieldMixin)]
        names = [field.attname for field in guarded if field.attname in fields or field.name in fields]
        saved = {name: self.__dict__.pop(name) for name in names if name in self.__dict__}
        try:
            models.Model.refresh_from_db(self, using=using, fields=fields, from_queryset=from_queryset)
        except BaseException:
            for name, value in saved.items():
                self.__dict__.setdefault(name, value)
            raise


class CommitMark(Func):
    """This transaction's place in commit order, so that a reader's cursor skips no late commit.

    PostgreSQL: the transaction id, read up to the oldest one still running. SQLite has one writer at a time, so a
    counter that every write transaction raises is enough.
    """

    output_field = models.BigIntegerField()
    arity = 0

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        return "(pg_current_xact_id()::text::bigint)", []

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        return "(SELECT value FROM orders_commitcounter WHERE id = 1)", ()


def commit_mark() -> int:
    """The same place as a number, for those who write many rows."""
    with connection.cursor() as cursor:
        sqlite = connection.vendor == "sqlite"
        cursor.execute(
            "SELECT value FROM orders_commitcounter WHERE id = 1"
            if sqlite
            else "SELECT pg_current_xact_id()::text::bigint"
        )
        return int(cursor.fetchone()[0])


class CommitCounter(models.Model):
    """SQLite's stand-in for transaction ids: one row, raised by every write transaction."""

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)


def raise_commit_counter() -> None:
    """First act of every write transaction; does nothing on PostgreSQL, which counts by itself."""
    if connection.vendor == "sqlite":
        CommitCounter.objects.filter(pk=1).update(value=models.F("value") + 1)


def settled_mark() -> int:
    """Every row with a smaller mark is committed and visible; rows at or above it may still come."""
    if connection.vendor == "sqlite":
        return CommitCounter.objects.values_list("value", flat=True).get(pk=1) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def take_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids for rows that are written later in this transaction, so that each is written once, with all that it knows."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # One writer at a time: nobody takes them in between.
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
            if not cursor.rowcount:
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = int(cursor.fetchone()[0])
            return list(range(last - count + 1, last + 1))
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [int(number) for (number,) in cursor.fetchall()]
