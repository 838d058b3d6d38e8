"""The app of `INSTALLED_APPS`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core import checks
from django.db import close_old_connections

from obskit import default_runtime
from obskit.django import commands, queries, security, settings
from obskit.registry import default_registry

_MIDDLEWARE = "obskit.django.middleware.Middleware"


class Obskit(AppConfig):
    """Begins what the settings ask for, once Django has read them and loaded the apps."""

    name = "obskit.django"
    label = "obskit"
    verbose_name = "Obskit"
    # No table is made. Said, so that Django does not warn of it.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Django is ready.

        Raises:
            ConfigError: Something in the settings is wrong.
        """
        if default_registry.entry is None:
            default_registry.entry = connections
        checks.register(middleware_is_first)
        if commands.tells():
            settings.start()
        else:
            with default_runtime.inert():
                settings.start()
        queries.observe()
        security.observe()


@contextmanager
def connections() -> Iterator[None]:
    """Around each run of a check: as around a request, no connection stays that is too old or broken."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


def middleware_is_first(**_: Any) -> list[checks.CheckMessage]:
    """Django's own check: what comes before our middleware is not observed."""
    found = list(django_settings.MIDDLEWARE)
    if _MIDDLEWARE not in found:
        what = f"{_MIDDLEWARE} is not in MIDDLEWARE: no request is observed, and /health is not answered."
        return [checks.Warning(what, hint="Put it first.", id="obskit.W001")]
    others = [name for name in found[: found.index(_MIDDLEWARE)] if "opentelemetry" not in name]
    if others:
        what = f"{_MIDDLEWARE} stands behind {others[0]}, whose work and errors it does not see."
        return [checks.Warning(what, hint="Put it first.", id="obskit.W002")]
    return []
