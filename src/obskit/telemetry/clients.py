"""Spans of client libraries: the contrib instrumentations, each switched on with its library.

An instrumentation imports the library that it is for. So it waits until the host has imported that.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any

from opentelemetry.util._importlib_metadata import entry_points

#: Libraries that call out, each with the module that is there when it is used. Servers (Flask,
#: Django, …) have a path of our own; sqlite3 lies under SQLAlchemy, and both would make two spans of
#: one statement.
CLIENTS = {
    "aiohttp-client": "aiohttp",
    "aiopg": "aiopg",
    "asyncpg": "asyncpg",
    "boto3": "boto3",
    "botocore": "botocore",
    "elasticsearch": "elasticsearch",
    "grpc_aio_client": "grpc",
    "grpc_client": "grpc",
    "httpx": "httpx",
    "jinja2": "jinja2",
    "mysql": "mysql.connector",
    "mysqlclient": "MySQLdb",
    "pika": "pika",
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "pymemcache": "pymemcache",
    "pymongo": "pymongo",
    "pymssql": "pymssql",
    "pymysql": "pymysql",
    "redis": "redis",
    "requests": "requests",
    "sqlalchemy": "sqlalchemy",
    "urllib": "urllib.request",
    "urllib3": "urllib3",
}
_log = logging.getLogger("obskit")
#: Stands for all of them, as in `opentelemetry-instrument`.
ALL = "*"
_STABILITY = "OTEL_SEMCONV_STABILITY_OPT_IN"
# What is installed does not change while a process runs; a suite of tests begins a runtime for each of them.
_FITS: dict[str, bool] = {}
_ONCE_ON: set[str] = set()


class Clients:
    """The instrumentations of one runtime.

    Attributes:
        on: The names of those that are on.
    """

    def __init__(self) -> None:
        self.on: list[str] = []
        self._providers: dict[str, Any] = {}
        self._begun: dict[str, object] = {}
        self._over = False

    def switch_on(
        self, disabled: tuple[str, ...], tracer_provider: Any, meter_provider: Any
    ) -> None:
        """Switch on what is installed, fits its library, and is not on already.

        What the host has imported is on at once, the rest as soon as the host imports it.

        Args:
            disabled: Names that stay off; `*` keeps all of them off.
            tracer_provider: Where spans go.
            meter_provider: Where metrics go.
        """
        found = [] if ALL in disabled else list(_installed(disabled))
        if not found:
            return
        self._providers = {"tracer_provider": tracer_provider, "meter_provider": meter_provider}
        _choose_stable_names(found)
        for entry in found:
            self._wait(entry)

    def switch_off(self) -> None:
        """Undo `switch_on`. What has not been imported yet stays off."""
        self._over = True
        for entry in _installed(()):
            if entry.name in self.on:
                entry.load()().uninstrument()
        self.on.clear()

    def _wait(self, entry: EntryPoint) -> None:
        """Switch on when both are imported, whoever imports them and in whichever order."""
        from wrapt import register_post_import_hook  # every instrumentation needs it too

        library = CLIENTS[entry.name]

        def imported(_module: object) -> None:
            if not self._over and library in sys.modules and not _half_imported(entry):
                self._instrument(entry)

        for module in (library, entry.module):
            register_post_import_hook(imported, module)

    def _instrument(self, entry: EntryPoint) -> None:
        """Switch one on. It runs within an import of the host: nothing is raised, no lock is held."""
        from opentelemetry.instrumentation.dependencies import DependencyConflictError

        try:
            if not _fits(entry):
                return
            instrumentor = entry.load()()  # where that imports it, it is on already
            if self._begun.setdefault(entry.name, mine := object()) is not mine:
                return
            if instrumentor.is_instrumented_by_opentelemetry:
                return
            # It would look again at what is installed, which does not change.
            known = entry.value in _ONCE_ON
            instrumentor.instrument(
                **self._providers, raise_exception_on_conflict=True, skip_dep_check=known
            )
            _ONCE_ON.add(entry.value)
        except DependencyConflictError:
            return  # one package may instrument several libraries, of which this one is missing
        except Exception as error:
            if _half_imported(entry):
                return  # by another thread, which waits for this one, and comes here next
            _log.warning(
                "The instrumentation of %s could not be switched on: %r", entry.name, error
            )
            return
        self.on.append(entry.name)


def _installed(disabled: tuple[str, ...]) -> Iterator[EntryPoint]:
    for entry in sorted(entry_points(group="opentelemetry_instrumentor"), key=lambda e: e.name):
        if entry.name in CLIENTS and entry.name not in disabled:
            yield entry


def _half_imported(entry: EntryPoint) -> bool:
    """Whether somebody is importing an instrumentation, which in turn imports its library."""
    module = sys.modules.get(entry.module)
    return module is not None and not hasattr(module, entry.attr.partition(".")[0])


def _fits(entry: EntryPoint) -> bool:
    """Whether the library is installed, in a version that the instrumentation knows."""
    from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts

    if entry.value not in _FITS:  # it reads a file for each package that is asked for
        _FITS[entry.value] = entry.dist is None or not get_dist_dependency_conflicts(entry.dist)
    return _FITS[entry.value]


def _choose_stable_names(found: list[EntryPoint]) -> None:
    """The contrib packages read a variable, once: here, as soon as somebody imports what reads it."""
    from wrapt import register_post_import_hook

    def imported(semconv: Any) -> None:
        try:
            if any(map(_fits, found)):
                with _stable_names():
                    semconv._OpenTelemetrySemanticConventionStability._initialize()
        except Exception as error:
            _log.warning("The stable names of client spans could not be chosen: %r", error)

    register_post_import_hook(imported, "opentelemetry.instrumentation._semconv")


@contextmanager
def _stable_names() -> Iterator[None]:
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
