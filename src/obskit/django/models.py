"""What stands for the checks in Django's admin. It has no table, and needs no migration."""

from __future__ import annotations

from django.db import models


class Check(models.Model):
    """A check, for the admin's index and for the permission `obskit.view_check`."""

    class Meta:
        """Only to be looked at."""

        managed = False
        default_permissions = ("view",)
        app_label = "obskit"
        verbose_name = "check"
        verbose_name_plural = "checks"

    def __str__(self) -> str:
        """Only for completeness: no row is ever read."""
        return "check"
