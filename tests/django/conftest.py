"""What the tests of Django are given: a project with its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("django", reason="Django is not installed")

import tests.django.project  # noqa: F401 - the settings come before all else
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client


@pytest.fixture(scope="session", autouse=True)
def tables() -> Iterator[None]:
    """The tables of Django's own apps, in memory."""
    call_command("migrate", verbosity=0)
    yield
    connections.close_all()


@pytest.fixture(autouse=True)
def clean(tables: None) -> Iterator[None]:
    """What a test writes is gone after it."""
    from django.contrib.auth.models import User
    from django.contrib.sessions.models import Session

    yield
    with transaction.atomic():
        Session.objects.all().delete()
        User.objects.all().delete()


@pytest.fixture
def client() -> Any:
    """A client that is answered as a browser is, exceptions or not."""
    return Client(raise_request_exception=False)
