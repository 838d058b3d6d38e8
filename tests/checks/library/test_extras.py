"""A driver that is not installed is said when a check runs, not when its module is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from obskit.checks.library import migrations, postgres, redis, sql
from obskit.exceptions import MissingExtra

POSTGRES = "postgresql://127.0.0.1:1/shop"


@pytest.mark.parametrize(
    ("driver", "extra", "subject"),
    [
        ("sqlalchemy", "sql", sql.RowCount("sqlite://", "orders")),
        ("psycopg", "postgres", postgres.DatabaseSize(POSTGRES)),
        ("psycopg", "postgres", postgres.SlowStatements(POSTGRES)),
        ("redis", "redis", redis.Ping("redis://127.0.0.1:1")),
        ("alembic.script", "alembic", migrations.Alembic("sqlite://", "migrations")),
        ("django.db", "django", migrations.Django()),
    ],
)
def test_a_missing_driver_names_its_extra(
    driver: str, extra: str, subject: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'obskit-otel\[{extra}\]'"):
        subject()
