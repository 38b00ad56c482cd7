"""A data migration that raises in the middle, where a customer has no name."""
from django.db import migrations


def fill(apps, schema_editor):
    for customer in apps.get_model("shop", "Customer").objects.order_by("id"):
        if not customer.name:
            raise ValueError(f"customer {customer.pk} has no name")
        customer.email = f"{customer.name}@example.com"
        customer.save()


class Migration(migrations.Migration):
    # Each save is committed by itself.
    atomic = False
    dependencies = [("shop", "0002_customer_email")]
    operations = [migrations.RunPython(fill)]
