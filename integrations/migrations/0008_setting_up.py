from django.contrib.auth.management import create_permissions
from django.db import migrations, models

OVERSEERS = ("admin", "ops_manager", "auditor")
SHOWN = ("trouble", "backfill")


def open_pages(apps, schema_editor=None):
    """Who oversees the connections sees their troubles and back-fills."""
    config = apps.get_app_config("integrations")
    # A migration's stub of an app says nothing of its models, and would be taken for an app without any.
    config.models_module = getattr(config, "models_module", None) or True
    create_permissions(config, verbosity=0, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    rights = Permission.objects.filter(
        content_type__app_label="integrations", codename__in=[f"view_{model}" for model in SHOWN]
    )
    for name in OVERSEERS:
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.add(*rights)


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0007_ledger'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='last_push_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='最近推送'),
        ),
        migrations.AddField(
            model_name='connection',
            name='last_refusal',
            field=models.CharField(blank=True, default='', max_length=200, verbose_name='签名错误原因'),
        ),
        migrations.AddField(
            model_name='connection',
            name='last_refused_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='最近签名错误'),
        ),
        migrations.AlterField(
            model_name='backfill',
            name='state',
            field=models.CharField(choices=[('running', '补读中'), ('done', '完成'), ('failed', '失败'), ('stopped', '已停止')], default='running', max_length=10, verbose_name='状态'),
        ),
        migrations.RunPython(open_pages, migrations.RunPython.noop),
    ]
