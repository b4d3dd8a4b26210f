from django.db import migrations

from orders import clock
from orders.models.partitions import join_months, partition_by_month


def partition(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        partition_by_month(
            schema_editor.connection, "integrations_receipt", key="id", column="at", now=clock.now()
        )


def join(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        join_months(schema_editor.connection, "integrations_receipt", key="id")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial")]

    operations = [migrations.RunPython(partition, join)]
