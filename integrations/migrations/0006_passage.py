import django.db.models.deletion
import orders.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0005_warehouse_stock'),
    ]

    operations = [
        migrations.AlterField(
            model_name='trouble',
            name='kind',
            field=models.CharField(choices=[('token', '授权失效'), ('throttled', '平台限流'), ('silence', '静默'), ('unlisted', '未知状态'), ('ledger', '对账差异'), ('contradiction', '系统矛盾'), ('untold', '回传失败'), ('intercept', '需要快递拦截'), ('stock_drift', '库存差异'), ('return', '未知退货'), ('delivery', '仓库无单'), ('passage', 'ERP 推单受阻')], max_length=20, verbose_name='类型'),
        ),
        migrations.CreateModel(
            name='Passage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=80, verbose_name='出库单号')),
                ('generation', models.PositiveSmallIntegerField(default=1)),
                ('body_hash', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('claimed', '正在转给仓库'), ('passed', '仓库已接单'), ('refused', '仓库没有接'), ('unknown', '结果不明'), ('cancelled', '已撤单')], default='claimed', max_length=10, verbose_name='状态')),
                ('number', models.CharField(blank=True, default='', max_length=80, verbose_name='仓库单号')),
                ('answer', models.CharField(blank=True, default='', max_length=500, verbose_name='仓库答复')),
                ('lines', models.JSONField(default=list)),
                ('asked_with', models.JSONField(default=dict)),
                ('claimed_at', models.DateTimeField(default=orders.clock.now, verbose_name='收到时间')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='答复时间')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='integrations.connection', verbose_name='连接')),
            ],
            options={
                'verbose_name': '转单',
                'verbose_name_plural': '转单',
                'indexes': [models.Index(fields=['code'], name='passages_by_code')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'code', 'generation'), name='one_passage_per_generation')],
            },
        ),
        migrations.CreateModel(
            name='WaitingReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=80)),
                ('receipt_id', models.BigIntegerField(db_index=True)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='integrations.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'code', 'receipt_id'), name='one_wait_per_code_and_receipt')],
            },
        ),
    ]
