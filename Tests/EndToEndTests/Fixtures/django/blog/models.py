from django.db import models


class Post(models.Model):
    author = models.ForeignKey("shop.Customer", on_delete=models.CASCADE)
    title = models.CharField(max_length=200)
