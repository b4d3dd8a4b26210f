from django.contrib.auth.management import create_permissions
from django.db import migrations

OVERSEERS = ("admin", "ops_manager", "auditor")


def open_pages(apps, schema_editor=None):
    """Who oversees the connections sees what an ERP handed through."""
    config = apps.get_app_config("integrations")
    config.models_module = getattr(config, "models_module", None) or True
    create_permissions(config, verbosity=0, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    right = Permission.objects.get(content_type__app_label="integrations", codename="view_passage")
    for name in OVERSEERS:
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.add(right)


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0010_contradiction'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(open_pages, migrations.RunPython.noop),
    ]
