from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_fill_email")]
    operations = [migrations.AlterField("order", "total", models.BigIntegerField())]
