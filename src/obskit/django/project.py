"""The project as `manage.py obskit` names it to each command: imported, it is configured and whole."""

from __future__ import annotations

from obskit.django import routes, settings

settings.start()
routes.load()
