"""The project as `manage.py obskit` names it to each command: imported, it is configured and whole."""

from __future__ import annotations

from django.urls import get_resolver

from obskit.django import settings

settings.start()
# Views declare checks too. Django imports them with the first request alone.
_ = get_resolver().url_patterns
