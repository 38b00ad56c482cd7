from django.db import migrations, models

KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Customer", [("id", KEY), ("name", models.CharField(max_length=50))]),
        migrations.CreateModel(
            "Order",
            [
                ("id", KEY),
                ("customer", models.ForeignKey("shop.customer", on_delete=models.CASCADE)),
                ("total", models.IntegerField()),
            ],
        ),
    ]
