from django.db import migrations

from orders import clock
from orders.models.partitions import join_months, partition_by_month
from orders.models.walls import lower_walls, raise_walls

MONTHLY = (("orders_event", "id", "at"), ("orders_historicalorder", "history_id", "history_date"))


def count_commits(apps, schema_editor):
    apps.get_model("orders", "CommitCounter").objects.get_or_create(pk=1)


def partition(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, key, column in MONTHLY:
            partition_by_month(schema_editor.connection, table, key=key, column=column, now=clock.now())


def join(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, key, _column in MONTHLY:
            join_months(schema_editor.connection, table, key=key)


def wall_up(apps, schema_editor):
    raise_walls(schema_editor.connection)


def wall_down(apps, schema_editor):
    lower_walls(schema_editor.connection)


class Migration(migrations.Migration):
    """What only the database can promise: months on PostgreSQL, triggers and SQLite's missing constraints on both."""

    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunPython(count_commits, migrations.RunPython.noop),
        migrations.RunPython(partition, join),
        migrations.RunPython(wall_up, wall_down),
    ]
