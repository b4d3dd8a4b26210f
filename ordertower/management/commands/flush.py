"""`manage.py flush`: empties the database past the walls of the trail; the roles' groups keep their rights.

The walls (`orders.models.walls`) refuse to delete an event, so emptying everything has to take them down and put them
up again. In production it refuses: there the trail is evidence. Unlike Django's own it leaves alone what migrating
made and nobody's work is in (content types, permissions), instead of making it anew: tests do this after each of them.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management.base import CommandError
from django.core.management.color import no_style
from django.core.management.commands import flush
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from orders.models import CommitCounter
from orders.models.walls import lower_walls, raise_walls, walls_stand

LEFT_ALONE = frozenset(
    {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
)
# The tables among these with anything in their files; of a partitioned table each of its months.
WRITTEN_TO = """
SELECT c.relname, pg_relation_size(c.oid)
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
  AND COALESCE(parent.relname, c.relname) = ANY(%s) AND pg_relation_size(c.oid) > 0
"""
WORTH_TRUNCATING = 32 * 1024 * 1024
Rights = dict[str, set[tuple[str, str]]]


class Command(flush.Command):
    help = "Empty the database, except for the roles' rights. Refuses in production."
    # Group → its rights, to be put back instead of what is there: a test may have changed them.
    rights: ClassVar[Rights] = {}

    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("flush would delete the trail: not in production")
        connection = connections[options["database"]]
        if (
            options["interactive"]
            and input(f"Delete everything in {connection.settings_dict['NAME']}? (yes) ") != "yes"
        ):
            raise CommandError("nothing was deleted")
        tables = [name for name in connection.introspection.django_table_names() if name not in LEFT_ALONE]
        if not options.get("reset_sequences", True) and goes_through_walls(connection):
            delete_what_is_there(connection, tables)
        else:
            self._empty(connection, tables, options)
        CommitCounter.objects.get_or_create(pk=1)
        if self.rights and in_groups() != self.rights:
            put_back(self.rights)

    def _empty(self, connection: BaseDatabaseWrapper, tables: list[str], options: dict[str, Any]) -> None:
        existing = set(connection.introspection.table_names())
        statements = connection.ops.sql_flush(
            no_style(),
            [table for table in tables if table in existing],
            reset_sequences=options.get("reset_sequences", True),
            allow_cascade=options.get("allow_cascade", False),
        )
        lower_walls(connection)
        try:
            connection.ops.execute_sql_flush(statements)
        finally:
            raise_walls(connection)


def goes_through_walls(connection: BaseDatabaseWrapper) -> bool:
    """A superuser of PostgreSQL may work as a replica does: no trigger and no foreign key is asked."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        return bool(cursor.fetchone()[0] == "on")


def delete_what_is_there(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """What TRUNCATE would do to all of the tables, to the few of them that a test wrote to: twenty times as fast."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(WRITTEN_TO, [tables])
        sizes = dict(cursor.fetchall())
        if not sizes:
            return
        cursor.execute("SET LOCAL session_replication_role = replica")
        if sum(sizes.values()) > WORTH_TRUNCATING:
            # Deleting leaves the files as long as they are.
            cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))}")
        else:
            cursor.execute("; ".join(f"DELETE FROM {connection.ops.quote_name(table)}" for table in sizes))
    if not walls_stand(connection):
        raise_walls(connection)


def in_groups() -> Rights:
    rows = Group.objects.values_list("name", "permissions__content_type__app_label", "permissions__codename")
    found: Rights = {}
    for name, app, codename in rows:
        found.setdefault(name, set()).update({(app, codename)} if codename else ())
    return found


def put_back(rights: Rights) -> None:
    known = {
        (app, codename): pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    Group.objects.all().delete()
    groups = Group.objects.bulk_create([Group(name=name) for name in rights])
    holds = Group.permissions.through
    holds.objects.bulk_create(
        holds(group_id=group.pk, permission_id=known[right]) for group in groups for right in rights[group.name]
    )
