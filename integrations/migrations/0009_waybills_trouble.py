from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0008_setting_up'),
    ]

    operations = [
        migrations.AlterField(
            model_name='trouble',
            name='kind',
            field=models.CharField(choices=[('token', '授权失效'), ('throttled', '平台限流'), ('silence', '静默'), ('unlisted', '未知状态'), ('ledger', '对账差异'), ('contradiction', '系统矛盾'), ('untold', '回传失败'), ('intercept', '需要快递拦截'), ('stock_drift', '库存差异'), ('return', '未知退货'), ('delivery', '仓库无单'), ('passage', 'ERP 推单受阻'), ('waybills', '电子面单不足')], max_length=20, verbose_name='类型'),
        ),
    ]
