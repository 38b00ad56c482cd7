from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("blog", "0001_initial"), ("shop", "0003_fill_email")]
    operations = [migrations.AlterField("post", "title", models.CharField(max_length=200))]
