"""SQLAlchemy: `observe` measures the queries of an engine, and tells of each that is slow.

>>> from sqlalchemy import create_engine
>>> engine = observe(create_engine("sqlite://"), slow="200ms")
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

from opentelemetry import context as otel_context

from obskit import default_runtime, names
from obskit.duration import Duration, parse_duration
from obskit.exceptions import MissingExtra
from obskit.runtime import Runtime
from obskit.telemetry import failure
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.instruments import instrument
from obskit.telemetry.loggers import get_logger
from obskit.telemetry.statement import Statement, statement_of

_Engine = TypeVar("_Engine")
_log = get_logger("obskit.sqlalchemy")
# What an execution carries until it ends.
_BEGAN = "_obskit_began"
# What dialects are called where OpenTelemetry has another name.
_SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
_observed: WeakSet[Any] = WeakSet()


def observe(engine: _Engine, *, slow: Duration = "500ms") -> _Engine:
    """Measure the queries of an engine from now on, and write a warning for each that is slow.

    The histogram is `db.client.operation.duration`, the line `db.query.slow` with the statement and
    without the values in it. What counts is how long the database takes to its first row. Spans are
    made by opentelemetry-instrumentation-sqlalchemy, where that is installed, and where `obskit.init`
    was called before SQLAlchemy was imported. Doing it again for the same engine does nothing.

    Args:
        engine: An engine of SQLAlchemy, an async one too.
        slow: How long a query may take before a line tells of it.

    Returns:
        The same engine.

    Raises:
        MissingExtra: SQLAlchemy is not installed.
        ValueError: The limit is no span of time.
    """
    try:
        from sqlalchemy import event
    except ImportError as error:
        raise MissingExtra("sql", "obskit.sqlalchemy") from error
    inner = getattr(engine, "sync_engine", engine)
    queries = _Queries(parse_duration(slow))
    if inner not in _observed:
        _observed.add(inner)
        event.listen(inner, "before_cursor_execute", queries.begin)
        event.listen(inner, "after_cursor_execute", queries.end)
        event.listen(inner, "handle_error", queries.fail)
    return engine


class _Queries:
    """What hears of the executions of one engine. Nothing here raises.

    Args:
        slow: From when on a query is slow, seconds.
    """

    def __init__(self, slow: float) -> None:
        self._slow = slow
        self._runtime: Runtime | None = None
        self._duration: KeyedHistogram | None = None

    def begin(
        self, _connection: Any, _cursor: Any, _sql: str, _with: Any, of: Any, *_: Any
    ) -> None:
        """A statement is about to be executed."""
        runtime = default_runtime.current()
        if runtime is not None and runtime.server is not None:
            with suppress(Exception):  # a dialect of somebody else's may keep nothing
                setattr(of, _BEGAN, runtime.server.clock.monotonic())

    def end(self, connection: Any, _cursor: Any, sql: str, _with: Any, of: Any, *_: Any) -> None:
        """It was executed."""
        with suppress(Exception):
            self._told(sql, connection.dialect.name, of, None)

    def fail(self, context: Any) -> None:
        """It failed, and the exception goes on."""
        with suppress(Exception):
            error = context.original_exception
            self._told(context.statement, context.dialect.name, context.execution_context, error)

    def _told(self, sql: str, dialect: str, of: Any, error: BaseException | None) -> None:
        runtime, began = default_runtime.current(), getattr(of, _BEGAN, None)
        if runtime is None or runtime.server is None or began is None:
            return
        setattr(of, _BEGAN, None)
        elapsed = max(0.0, runtime.server.clock.monotonic() - began)
        statement = statement_of(sql, dialect)
        if elapsed >= self._slow:
            told = {
                names.DB_QUERY_TEXT: statement.text,
                names.DB_CLIENT_OPERATION_DURATION.name: round(elapsed, 6),
            }
            _log.warning("db.query.slow", **told)
        self._measure(runtime, statement, dialect, elapsed, error)

    def _measure(
        self,
        runtime: Runtime,
        statement: Statement,
        dialect: str,
        elapsed: float,
        error: BaseException | None,
    ) -> None:
        histogram = self._duration
        if histogram is None or runtime is not self._runtime:
            made = instrument(runtime.meter, names.DB_CLIENT_OPERATION_DURATION)
            histogram = self._duration = KeyedHistogram(made)
            self._runtime = runtime
        given = {
            names.DB_SYSTEM_NAME: _SYSTEMS.get(dialect, dialect),
            names.DB_OPERATION_NAME: statement.operation,
            names.DB_COLLECTION_NAME: statement.table,
            names.ERROR_TYPE: None if error is None else failure.type_name(error),
        }
        attributes = {name: value for name, value in given.items() if value}
        histogram.record(
            elapsed, tuple(given.values()), lambda: attributes, otel_context.get_current()
        )
