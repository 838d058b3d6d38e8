"""Spans of client libraries: the contrib instrumentations that are installed, switched on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any

#: Libraries that call out. Servers (Flask, Django, …) have a path of our own; sqlite3 lies under
#: SQLAlchemy, and both would make two spans of one statement.
CLIENTS = (
    "aiohttp-client",
    "aiopg",
    "asyncpg",
    "boto3",
    "botocore",
    "elasticsearch",
    "grpc_aio_client",
    "grpc_client",
    "httpx",
    "jinja2",
    "mysql",
    "mysqlclient",
    "pika",
    "psycopg",
    "psycopg2",
    "pymemcache",
    "pymongo",
    "pymssql",
    "pymysql",
    "redis",
    "requests",
    "sqlalchemy",
    "urllib",
    "urllib3",
)
_log = logging.getLogger("obskit")
#: Stands for all of them, as in `opentelemetry-instrument`.
ALL = "*"
_STABILITY = "OTEL_SEMCONV_STABILITY_OPT_IN"


def switch_on(disabled: tuple[str, ...], tracer_provider: Any, meter_provider: Any) -> list[str]:
    """Switch on what is installed, fits its library, and is not on already.

    Args:
        disabled: Names that stay off; `*` keeps all of them off.
        tracer_provider: Where spans go.
        meter_provider: Where metrics go.

    Returns:
        The names that are on.
    """
    if ALL in disabled:
        return []
    with _stable_names():
        return [
            entry.name
            for entry in _installed(disabled)
            if _instrument(entry, tracer_provider, meter_provider)
        ]


def switch_off(on: list[str]) -> None:
    """Undo `switch_on`."""
    for entry in entry_points(group="opentelemetry_instrumentor"):
        if entry.name in on:
            entry.load()().uninstrument()


@contextmanager
def _stable_names() -> Iterator[None]:
    """The contrib packages read a variable, once, when the first of them is switched on."""
    before = os.environ.get(_STABILITY)
    if not (before or "").strip():
        os.environ[_STABILITY] = "http,database"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_STABILITY]
        else:
            os.environ[_STABILITY] = before


def _installed(disabled: tuple[str, ...]) -> Iterator[EntryPoint]:
    for entry in sorted(entry_points(group="opentelemetry_instrumentor"), key=lambda e: e.name):
        if entry.name in CLIENTS and entry.name not in disabled:
            yield entry


def _instrument(entry: EntryPoint, tracer_provider: Any, meter_provider: Any) -> bool:
    from opentelemetry.instrumentation.dependencies import (
        DependencyConflictError,
        get_dist_dependency_conflicts,
    )

    try:
        if entry.dist is not None and get_dist_dependency_conflicts(entry.dist):
            return False  # the library itself is missing, or of a version that it does not know
        instrumentor = entry.load()()
        if instrumentor.is_instrumented_by_opentelemetry:
            return False
        instrumentor.instrument(
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            raise_exception_on_conflict=True,
        )
    except DependencyConflictError:
        return False  # one package may instrument several libraries, of which this one is missing
    except Exception as error:
        import logging

        logging.getLogger("obskit").warning(
            "The instrumentation of %s could not be switched on: %r", entry.name, error
        )
        return False
    return True
