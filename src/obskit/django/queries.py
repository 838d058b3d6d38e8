"""The ORM's queries, and whatever else goes through Django's connections: spans, durations, lines.

Spans are made within a trace alone: a query that nobody asked for in one tells no story.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from obskit import default_runtime, names
from obskit.django import settings
from obskit.runtime import Runtime
from obskit.telemetry import failure, traces
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.instruments import instrument
from obskit.telemetry.loggers import get_logger
from obskit.telemetry.statement import Statement, statement_of

#: Django's name of a database, where OpenTelemetry has another one.
_SYSTEMS = {"oracle": "oracle.db"}
#: Instrumentations of drivers look for it: they would tell of each query again.
_SUPPRESSED = "suppress_instrumentation"
#: So often the same within one request: a loop asks for one row at a time.
_REPEATED = 10
_MOST_STATEMENTS = 256
_log = get_logger("obskit.django")
_told: ContextVar[Told | None] = ContextVar("obskit_django_queries", default=None)


class Told:
    """The queries of one request: how often which statement."""

    def __init__(self) -> None:
        self._counts: dict[Statement, int] = {}
        self._token: Token[Told | None] | None = None

    def begin(self) -> None:
        """Count from now on."""
        self._token = _told.set(self)

    def end(self) -> None:
        """Count no more."""
        if self._token is not None:
            with suppress(ValueError):  # a coroutine that is closed from elsewhere
                _told.reset(self._token)

    def count(self, statement: Statement) -> None:
        """One more of these. Statements beyond many are not told apart any more."""
        if statement in self._counts or len(self._counts) < _MOST_STATEMENTS:
            self._counts[statement] = self._counts.get(statement, 0) + 1

    def tell(self) -> None:
        """Write a line where one statement was repeated: it may be asked once for all rows."""
        worst = max(self._counts, key=lambda one: self._counts[one], default=None)
        if worst is not None and self._counts[worst] >= _REPEATED:
            _log.warning(
                "db.query.repeated", **{names.DB_QUERY_TEXT: worst.text}, times=self._counts[worst]
            )
        self._counts.clear()


class _Queries:
    """What stands around each execution, one for all connections."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._duration: KeyedHistogram | None = None

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """Execute a statement, as Django asks its wrappers to."""
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return execute(sql, params, many, context)
        connection = context["connection"]
        statement = statement_of(sql, connection.vendor)
        span = _begun(runtime, statement, connection, params if many else None)
        token = _made_current(span)
        clock = runtime.server.clock
        began = clock.monotonic()
        error: Exception | None = None
        try:
            return execute(sql, params, many, context)
        except Exception as raised:
            error = raised
            raise
        finally:
            elapsed = max(0.0, clock.monotonic() - began)
            if token is not None:
                otel_context.detach(token)
            with suppress(Exception):  # a processor of the host's own may raise
                self._end(runtime, span, statement, connection, elapsed, error)

    def _end(
        self,
        runtime: Runtime,
        span: Span | None,
        statement: Statement,
        connection: Any,
        elapsed: float,
        error: Exception | None,
    ) -> None:
        if span is not None:
            if error is not None:
                traces.fail(span, error)
            span.end()
        told = _told.get()
        if told is not None:
            told.count(statement)
        if elapsed >= settings.current().slow_query:
            _log.warning(
                "db.query.slow",
                **{names.DB_QUERY_TEXT: statement.text},
                **{names.DB_CLIENT_OPERATION_DURATION.name: round(elapsed, 6)},
                database=connection.alias,
            )
        self._measure(runtime, statement, connection, elapsed, error)

    def _measure(
        self,
        runtime: Runtime,
        statement: Statement,
        connection: Any,
        elapsed: float,
        error: Exception | None,
    ) -> None:
        histogram = self._duration
        if histogram is None or runtime is not self._runtime:
            made = instrument(runtime.meter, names.DB_CLIENT_OPERATION_DURATION)
            histogram = self._duration = KeyedHistogram(made)
            self._runtime = runtime
        kind = None if error is None else failure.type_name(error)
        key = _system(connection), statement.operation, statement.table, kind
        histogram.record(elapsed, key, lambda: _measured(*key), otel_context.get_current())


def observe() -> None:
    """Stand around every query from now on. Doing it again does nothing."""
    connection_created.connect(_on_connection, dispatch_uid="obskit")
    for connection in connections.all(initialized_only=True):
        _on_connection(connection)


_queries = _Queries()


def _on_connection(connection: Any, **_: Any) -> None:
    if _queries not in connection.execute_wrappers:
        connection.execute_wrappers.append(_queries)


def _begun(runtime: Runtime, statement: Statement, connection: Any, many: Any) -> Span | None:
    server = runtime.server
    if server is None or not trace.get_current_span().is_recording():
        return None
    try:
        attributes = _attributes(statement, connection)
        if isinstance(many, (list, tuple)) and len(many) > 1:
            attributes[names.DB_OPERATION_BATCH_SIZE] = len(many)
        name = statement.summary or _system(connection)
        return server.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
    except Exception:  # a sampler or a processor of the host's own may raise
        return None


def _made_current(span: Span | None) -> Any:
    if span is None:
        return None
    current = otel_context.set_value(_SUPPRESSED, True)
    return otel_context.attach(trace.set_span_in_context(span, current))


def _attributes(statement: Statement, connection: Any) -> dict[str, Any]:
    given: Mapping[str, Any] = connection.settings_dict
    attributes: dict[str, Any] = {
        **_measured(_system(connection), statement.operation, statement.table, None),
        names.DB_QUERY_TEXT: statement.text,
        names.DB_QUERY_SUMMARY: statement.summary,
    }
    if connection.vendor != "sqlite":  # whose name is a path
        attributes[names.DB_NAMESPACE] = str(given.get("NAME", ""))
    if given.get("HOST"):
        attributes[names.SERVER_ADDRESS] = str(given["HOST"])
    if str(given.get("PORT", "")).isdigit():
        attributes[names.SERVER_PORT] = int(given["PORT"])
    return attributes


def _measured(system: str, operation: str, table: str, error: str | None) -> dict[str, Any]:
    attributes = {names.DB_SYSTEM_NAME: system}
    if operation:
        attributes[names.DB_OPERATION_NAME] = operation
    if table:
        attributes[names.DB_COLLECTION_NAME] = table
    if error:
        attributes[names.ERROR_TYPE] = error
    return attributes


def _system(connection: Any) -> str:
    vendor = str(connection.vendor)
    if vendor == "mysql" and connection.mysql_is_mariadb:
        return "mariadb"
    return _SYSTEMS.get(vendor, vendor)
