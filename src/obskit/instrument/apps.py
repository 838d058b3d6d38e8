"""The app that a Django project has where `obskit run --instrument` puts it into the settings."""

from __future__ import annotations

from obskit.django import apps
from obskit.instrument import complain


class Obskit(apps.Obskit):
    """As that of `obskit.django`; but the project has not asked for it, and must not fail by it."""

    def ready(self) -> None:
        """Django is ready."""
        try:
            super().ready()
        except Exception as error:
            complain(error)
