"""`manage.py flush`: Django's own, past the walls of the trail; puts back what the migrations had put there.

The walls (`orders.models.walls`) refuse to delete an event, so emptying everything has to take them down and put them
up again. In production it refuses: there the trail is evidence.
"""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from orders.models import CommitCounter
from orders.models.walls import lower_walls, raise_walls


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("flush would delete the trail: not in production")
        connection = connections[options["database"]]
        lower_walls(connection)
        try:
            super().handle(**options)
        finally:
            raise_walls(connection)
        CommitCounter.objects.get_or_create(pk=1)
        import_module("orders.migrations.0003_roles").fill_groups(apps)
