"""What the app says of a project, and what it does around checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import call_command
from django.test import override_settings
from tests.config.child import run
from tests.django.project import MIDDLEWARE

from obskit.django.apps import middleware_is_first

OURS, SECURITY, *_ = MIDDLEWARE
CONTRIB = "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware"

BROKEN = """
import json, django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["obskit.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}},
)
django.setup()
from django.db import connection
from obskit import default_registry
with default_registry.entry():
    connection.ensure_connection()
    connection.errors_occurred = True
    connection.connection.close()
closed = connection.connection
with default_registry.entry(), connection.cursor() as cursor:
    print(json.dumps([closed, cursor.execute("SELECT 1").fetchone()[0]]))
"""


@pytest.mark.parametrize(
    ("middleware", "told"),
    [
        ([OURS, SECURITY], []),
        ([CONTRIB, OURS, SECURITY], []),
        ([SECURITY], ["obskit.W001"]),
        ([SECURITY, OURS], ["obskit.W002"]),
    ],
)
def test_a_middleware_that_is_not_the_first_is_warned_of(
    middleware: list[str], told: list[str]
) -> None:
    with override_settings(MIDDLEWARE=middleware):
        assert [one.id for one in middleware_is_first()] == told


def test_a_project_with_the_app_passes_djangos_own_checks() -> None:
    """Above all: no warning of the model that stands for the checks."""
    assert checks.run_checks(app_configs=[apps.get_app_config("obskit")]) == []


def test_the_app_brings_no_migration(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run")
    assert capsys.readouterr().out == "No changes detected\n"


def test_a_connection_that_is_broken_is_closed_around_a_check(tmp_path: Path) -> None:
    """On disk, as Django never closes what is in memory."""
    assert run(BROKEN, {}, tmp_path).answer == [None, 1]
