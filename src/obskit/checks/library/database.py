"""A SQL database as checks reach it: by URL, by SQLAlchemy engine, or by a function that connects."""

# ruff: noqa: S608 - what stands in the statements is a query itself, or passed `Session.name`

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from typing import Any, TypeVar

from obskit.duration import format_duration
from obskit.exceptions import MissingExtra
from obskit.redaction import kind_of

#: A URL as SQLAlchemy reads it, an engine of SQLAlchemy, or a function that returns a new
#: connection of any driver.
Source = Any

_T = TypeVar("_T")
# A statement that the database itself ends says more than a connection that is cut: it comes first.
_GRACE = 1.0
# SQLite's virtual machine asks about the time after so many of its steps.
_STEPS = 10_000
_DIALECTS = {
    "sqlite3": "sqlite",
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "pg8000": "postgresql",
    "pymysql": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
}


class Session:
    """One connection, while a check asks it something.

    Attributes:
        dialect: `postgresql`, `sqlite`, `mysql`, `mssql`, `oracle`, or empty where it is not known.
    """

    def __init__(self, dialect: str, execute: Callable[[str], Any]) -> None:
        self.dialect = dialect
        self._execute = execute

    def rows(self, query: str, most: int) -> list[dict[str, Any]]:
        """The first rows of what a query finds, by column."""
        result = self._execute(query)
        names = result.keys() if hasattr(result, "keys") else [d[0] for d in result.description]
        try:
            return [dict(zip(names, row, strict=True)) for row in result.fetchmany(most)]
        finally:
            result.close()

    def first(self, query: str) -> Any:
        """The first column of the first row.

        Raises:
            LookupError: There is no row.
        """
        for row in self.rows(query, 1):
            return next(iter(row.values()))
        raise LookupError(f"no row: {query!r} must give one")

    def count(self, query: str) -> Any:
        """How many rows a query finds. The database counts."""
        return self.first(f"SELECT count(*) FROM (\n{query}\n) found")

    def some(self, query: str, most: int) -> list[dict[str, Any]]:
        """The first rows of a query, where the database is told not to send the others."""
        if self.dialect == "mssql":
            return self.rows(f"SELECT TOP {most} * FROM (\n{query}\n) found", most)
        limit = f"FETCH FIRST {most} ROWS ONLY" if self.dialect == "oracle" else f"LIMIT {most}"
        return self.rows(f"SELECT * FROM (\n{query}\n) found {limit}", most)

    def name(self, given: str) -> str:
        """A name as the database takes it for one, whatever stands in it. A dot parts a schema from a table.

        Raises:
            ValueError: It is none.

        >>> Session("sqlite", str).name('shop.or"ders; --')
        '"shop"."or""ders; --"'
        """
        parts = given.split(".")
        if not all(parts) or "\0" in given:
            raise ValueError(f"{given!r} is no name: write one such as orders or shop.orders")
        mark = "`" if self.dialect in {"mysql", "mariadb"} else '"'
        return ".".join(mark + part.replace(mark, mark * 2) + mark for part in parts)


class Database:
    """Where a check asks. A connection is opened for each run, or taken from the engine's own pool.

    Args:
        source: What reaches it.
        timeout: How long connecting, and then a statement, may take, seconds.

    Raises:
        TypeError: The source is of no kind that is known.
    """

    def __init__(self, source: Source, timeout: float) -> None:
        if not (isinstance(source, str) or hasattr(source, "dialect") or callable(source)):
            raise TypeError(
                f"the database is given as {kind_of(source)}: give a URL, an engine of SQLAlchemy,"
                " or a function that returns a connection"
            )
        self._source = source
        self._timeout = timeout

    def ask(self, question: Callable[[Session], _T]) -> _T:
        """Ask it something, and once more where the connection turns out to be lost."""
        return _twice(lambda: self._once(question))

    def ask_sqlalchemy(self, question: Callable[[Any], _T]) -> _T:
        """Ask it by a connection of SQLAlchemy.

        Raises:
            TypeError: Neither a URL nor an engine was given.
        """
        if not self._is_sqlalchemy:
            raise TypeError("this needs SQLAlchemy: give a URL or an engine, not a function")

        def once() -> _T:
            with self._connected() as connection:
                return question(connection)

        return _twice(once)

    @property
    def _is_sqlalchemy(self) -> bool:
        return isinstance(self._source, str) or hasattr(self._source, "dialect")

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        with self._engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            dialect = connection.dialect.name
            try:
                with bounded(driver, dialect, connection.exec_driver_sql, self._timeout):
                    yield connection
            except Exception as error:
                if getattr(error, "connection_invalidated", False):
                    raise _LostError(error) from error
                raise

    def _once(self, question: Callable[[Session], _T]) -> _T:
        if self._is_sqlalchemy:
            with self._connected() as connection:
                # Without it, a driver would take a percent sign for a place of a parameter.
                plain = connection.execution_options(no_parameters=True)
                return question(Session(connection.dialect.name, plain.exec_driver_sql))
        connection = self._source()
        try:
            return self._through(connection, question)
        except TimeoutError:
            raise
        except Exception as error:
            if getattr(connection, "closed", False) or not getattr(connection, "open", True):
                raise _LostError(error) from error
            raise
        finally:
            with suppress(Exception):  # what was said counts, not how the connection ends
                connection.rollback()
            with suppress(Exception):
                connection.close()

    def _through(self, connection: Any, question: Callable[[Session], _T]) -> _T:
        def execute(query: str) -> Any:
            cursor = connection.cursor()
            cursor.execute(query)
            return cursor

        dialect = _dialect_of(connection)
        with bounded(connection, dialect, execute, self._timeout):
            return question(Session(dialect, execute))

    @cached_property
    def _engine(self) -> Any:
        """The engine: the given one, or one that keeps no connection."""
        if not isinstance(self._source, str):
            return self._source
        try:
            from sqlalchemy import create_engine, make_url
            from sqlalchemy.pool import NullPool
        except ImportError as error:
            raise MissingExtra("sql", "a database given by its URL") from error
        url = make_url(self._source)
        # As libpq reads it, without a driver: SQLAlchemy would take psycopg2 alone.
        if url.drivername in {"postgres", "postgresql"} and find_spec("psycopg2") is None:
            url = url.set(drivername="postgresql+psycopg")
        arguments = _connect_arguments(url.get_dialect().driver, self._timeout)
        return create_engine(url, poolclass=NullPool, connect_args=dict(arguments))


class _LostError(Exception):
    """The connection was lost before an answer came."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _twice(once: Callable[[], _T]) -> _T:
    with suppress(_LostError):
        return once()
    try:
        return once()
    except _LostError as error:
        raise error.reason from None


def _dialect_of(connection: Any) -> str:
    modules = [kind.__module__.partition(".")[0] for kind in type(connection).__mro__]
    known = next((_DIALECTS[module] for module in modules if module in _DIALECTS), "")
    return str(getattr(connection, "vendor", known))  # Django's connections say theirs


@contextmanager
def bounded(
    connection: Any, dialect: str, execute: Callable[[str], Any], timeout: float
) -> Iterator[None]:
    """Let no statement of this block take longer, whether the database answers or not.

    Args:
        connection: The driver's.
        dialect: The database's kind.
        execute: Executes a statement.
        timeout: Seconds.

    Raises:
        TimeoutError: The database has stopped to answer.
    """
    if dialect == "sqlite" and hasattr(connection, "set_progress_handler"):
        end, thread = time.monotonic() + timeout, threading.get_ident()
        # The host may use the same connection from another thread: what it asks takes its time.
        connection.set_progress_handler(
            lambda: threading.get_ident() == thread and time.monotonic() > end, _STEPS
        )
        try:
            yield
        finally:
            connection.set_progress_handler(None, 0)
        return
    with cut_after(connection, timeout + _GRACE):
        if dialect == "postgresql":
            execute(f"SET LOCAL statement_timeout = {math.ceil(timeout * 1000)}").close()
        yield


@contextmanager
def cut_after(connection: Any, seconds: float) -> Iterator[None]:
    """End the connection under what takes longer: a server that is stopped, or gone, never answers."""
    if not hasattr(connection, "fileno"):
        yield
        return
    cut = threading.Event()

    def shut() -> None:
        cut.set()
        with (
            suppress(Exception),  # it is closed already
            socket.socket(fileno=os.dup(connection.fileno())) as shared,
        ):
            shared.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if cut.is_set():
            raise TimeoutError(f"no answer within {format_duration(seconds)}") from error
        raise
    finally:
        timer.cancel()
        timer.join()


def _connect_arguments(driver: str, timeout: float) -> Mapping[str, float]:
    whole = math.ceil(timeout)
    if driver in {"pysqlite", "pg8000"}:
        return {"timeout": timeout}
    if driver in {"psycopg", "psycopg2"}:
        return {"connect_timeout": whole}
    if driver in {"pymysql", "mysqldb"}:
        return {"connect_timeout": whole, "read_timeout": whole, "write_timeout": whole}
    return {}
