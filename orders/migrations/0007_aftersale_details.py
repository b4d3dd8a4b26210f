from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_indexes_for_search_and_figures'),
    ]

    operations = [
        migrations.AddField(
            model_name='aftersale',
            name='detailed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
