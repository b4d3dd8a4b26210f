"""`manage.py flush`: Django's own, past the walls of the trail; the roles' groups keep their rights.

The walls (`orders.models.walls`) refuse to delete an event, so emptying everything has to take them down and put them
up again. In production it refuses: there the trail is evidence.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from orders.models import CommitCounter
from orders.models.walls import lower_walls, raise_walls


class Command(flush.Command):
    # Group → its rights, to be put back instead of what is there: a test may have changed them.
    rights: ClassVar[dict[str, list[tuple[str, str]]]] = {}

    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("flush would delete the trail: not in production")
        connection = connections[options["database"]]
        rights = self.rights or in_groups()
        lower_walls(connection)
        try:
            super().handle(**options)
        finally:
            raise_walls(connection)
        CommitCounter.objects.get_or_create(pk=1)
        put_back(rights)


def in_groups() -> dict[str, list[tuple[str, str]]]:
    rows = Group.objects.values_list("name", "permissions__content_type__app_label", "permissions__codename")
    found: dict[str, list[tuple[str, str]]] = {}
    for name, app, codename in rows:
        found.setdefault(name, []).extend([(app, codename)] if codename else [])
    return found


def put_back(rights: dict[str, list[tuple[str, str]]]) -> None:
    known = {
        (app, codename): pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    groups = Group.objects.bulk_create([Group(name=name) for name in rights])
    holds = Group.permissions.through
    holds.objects.bulk_create(
        holds(group_id=group.pk, permission_id=known[right]) for group in groups for right in rights[group.name]
    )
