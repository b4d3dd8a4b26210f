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
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from orders.models import CommitCounter
from orders.models.walls import lower_walls, raise_walls

LEFT_ALONE = frozenset(
    {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
)
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
        lower_walls(connection)
        try:
            self._empty(connection, options)
        finally:
            raise_walls(connection)
        CommitCounter.objects.get_or_create(pk=1)
        if self.rights and in_groups() != self.rights:
            put_back(self.rights)

    def _empty(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> None:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        statements = connection.ops.sql_flush(
            no_style(),
            [table for table in tables if table not in LEFT_ALONE],
            reset_sequences=options.get("reset_sequences", True),
            allow_cascade=options.get("allow_cascade", False),
        )
        connection.ops.execute_sql_flush(statements)


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
