import django.db.models.deletion
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

import orders.clock

OVERSEERS = ("admin", "ops_manager", "auditor")


def open_page(apps, schema_editor=None):
    """Who oversees the warehouses sees what they say of their stock."""
    config = apps.get_app_config("integrations")
    # A migration's stub of an app says nothing of its models, and would be taken for an app without any.
    config.models_module = getattr(config, "models_module", None) or True
    create_permissions(config, verbosity=0, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    right = Permission.objects.get(content_type__app_label="integrations", codename="view_stockclaim")
    for name in OVERSEERS:
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.add(right)


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0004_backfill'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AlterField(
            model_name='trouble',
            name='kind',
            field=models.CharField(choices=[('token', '授权失效'), ('throttled', '平台限流'), ('silence', '静默'), ('unlisted', '未知状态'), ('ledger', '对账差异'), ('contradiction', '系统矛盾'), ('untold', '回传失败'), ('intercept', '需要快递拦截'), ('stock_drift', '库存差异'), ('return', '未知退货'), ('delivery', '仓库无单')], max_length=20, verbose_name='类型'),
        ),
        migrations.CreateModel(
            name='StockClaim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(blank=True, default='', max_length=64, verbose_name='仓库编码')),
                ('code', models.CharField(max_length=64, verbose_name='货品编码')),
                ('grade', models.CharField(blank=True, default='', max_length=20, verbose_name='类型')),
                ('counted', models.BigIntegerField(blank=True, null=True, verbose_name='盘点数')),
                ('locked', models.BigIntegerField(blank=True, null=True, verbose_name='其中冻结')),
                ('counted_at', models.DateTimeField(blank=True, null=True, verbose_name='盘点时间')),
                ('changed', models.BigIntegerField(default=0, verbose_name='此后变化')),
                ('said_at', models.DateTimeField(blank=True, null=True, verbose_name='最近时间')),
                ('received_at', models.DateTimeField(default=orders.clock.now, verbose_name='收到时间')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='integrations.connection', verbose_name='连接')),
            ],
            options={
                'verbose_name': '仓库库存',
                'verbose_name_plural': '仓库库存',
                'constraints': [models.UniqueConstraint(fields=('connection', 'place', 'code', 'grade'), name='one_stock_claim_each')],
            },
        ),
        migrations.CreateModel(
            name='StockChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=180)),
                ('quantity', models.BigIntegerField(verbose_name='数量')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='integrations.stockclaim')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('claim', 'key'), name='one_effect_per_stock_change')],
            },
        ),
        migrations.RunPython(open_page, migrations.RunPython.noop),
    ]
