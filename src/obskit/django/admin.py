"""The page `Obskit › Checks` of Django's admin: how each check stands."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from obskit import default_runtime
from obskit.checks import health
from obskit.django.models import Check
from obskit.registry import default_registry


@admin.register(Check)
class CheckAdmin(admin.ModelAdmin):
    """A page for whoever may see checks (`obskit.view_check`); nobody changes any here."""

    def has_add_permission(self, _request: Any, *_: Any) -> bool:
        """Checks are declared in code."""
        return False

    def has_change_permission(self, _request: Any, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, _request: Any, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """The page.

        Args:
            request: The request.
            extra_context: Further values for the template.

        Raises:
            PermissionDenied: This user may not.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Checks",
            "opts": self.model._meta,
            "health": _health(),
            "console": _console(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "obskit/checks.html", context)


def _console() -> str:
    """Where the project has the status page (`obskit.console.django`); empty where it has none."""
    try:
        return str(reverse("obskit-console", kwargs={"path": ""}))
    except NoReverseMatch:
        return ""


def _health() -> dict[str, Any]:
    """What `/health?full=true` says of the checks, and nothing of who may ask: the admin knows."""
    runtime = default_runtime.current()
    if runtime is None:
        return {"status": "not started", "checks": {}}
    results = runtime.watch(default_registry).results
    return health.health(default_registry, results, wanted=lambda _check: True)[1]
