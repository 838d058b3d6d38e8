"""State in PostgreSQL, shared by the hosts of a service and by several services."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.state.complaint import Complaint
from obskit.state.database import TABLES, Execute, Rows
from obskit.state.guard import Guard

_SECONDS = 2
# The server ends what takes longer; where it says nothing at all, we do.
_SILENT_SECONDS = 3.0
# Who asks meanwhile is told so at once, and waits for nothing.
_RETRY_SECONDS = 5.0
# Of the transaction, not of the session: a pool may give each transaction another session.
_BEGIN = (
    f"BEGIN; SET LOCAL statement_timeout = '{_SECONDS}s'; SET LOCAL lock_timeout = '{_SECONDS}s';"
    f" SET LOCAL idle_in_transaction_session_timeout = '{_SECONDS}s';"
    " SET LOCAL search_path = obskit"
)
_VERSION = "SELECT max(version) FROM obskit.version"


_Connection = psycopg.Connection[Any]


class PostgresqlDatabase:
    """The schema `obskit` of a database. Making one connects to nothing.

    Args:
        url: Where it is, as libpq takes it.
        service: The service that writes.
        clock: When to connect again to what could not be reached.
        looks: Whether its user only looks: nothing is logged.
    """

    def __init__(
        self, url: str, service: str, clock: Clock = SYSTEM_CLOCK, *, looks: bool = False
    ) -> None:
        self._url = url
        self._service = service
        self._clock = clock
        self._complaint = Complaint(url, logs=not looks)
        self._connection: _Connection | None = None
        self._pid = os.getpid()
        self._guard = Guard(in_child=self._leave_to_parent)
        self._unreachable = ""
        self._retry_at = 0.0

    @contextmanager
    def reading(self) -> Iterator[Execute]:
        """See `Database.reading`."""
        with self._transaction(f"{_BEGIN}; SET LOCAL transaction_read_only = on") as execute:
            yield execute

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        """See `Database.writing`."""
        number = _lock_number(self._service)
        with self._transaction(f"{_BEGIN}; SELECT pg_advisory_xact_lock({number})") as execute:
            yield execute

    def now(self, execute: Execute) -> float:
        """See `Database.now`."""
        row = execute("SELECT extract(epoch FROM clock_timestamp())::double precision").fetchone()
        return float(row[0])

    def used(self, execute: Execute, limit: int) -> int:
        """See `Database.used`: the texts of this service, and about what stands around them."""
        whole = "SELECT pg_total_relation_size('history') + pg_total_relation_size('jobs')"
        (size,) = execute(whole).fetchone()
        if size <= limit:  # of all services together, and cheap to know
            return int(size)
        one = "SELECT coalesce(sum(pg_column_size(body) + 200), 0) FROM {} WHERE service = ?"
        return sum(
            int(execute(one.format(table), (self._service,)).fetchone()[0])
            for table in ("history", "jobs")
        )

    def close(self) -> None:
        """See `Database.close`."""
        with suppress(TimeoutError), self._guard.held():
            self._disconnect()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Execute]:
        try:
            with self._guard.held():
                connection = self._begin(begin)
                try:
                    yield _execute(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    self._undo(connection)
                    raise
        # ValueError: what psycopg cannot write, such as a lone surrogate.
        except (psycopg.Error, OSError, ValueError) as error:
            raise self._complaint.wrong(_why(error)) from error
        self._complaint.well()

    def _begin(self, begin: str) -> _Connection:
        known = self._known()
        if known is not None:
            try:
                known.execute(begin)
                return known
            except BaseException as error:
                lost = known.broken
                self._undo(known)
                if not (lost and isinstance(error, psycopg.OperationalError)):
                    raise
        connection = self._connect()  # nothing was done on the lost one: it can be begun again
        try:
            connection.execute(begin)
        except BaseException:
            self._undo(connection)
            raise
        return connection

    def _known(self) -> _Connection | None:
        if self._pid != os.getpid():  # forked in C, which calls no hook of ours
            self._leave_to_parent()
        if self._connection is not None and self._connection.closed:
            self._disconnect()
        return self._connection

    def _connect(self) -> _Connection:
        if self._unreachable and self._clock.monotonic() < self._retry_at:
            raise psycopg.OperationalError(self._unreachable)
        try:
            self._connection = _connected(self._url)
            _make_tables(self._connection)
        except BaseException as error:
            self._disconnect()
            self._unreachable = str(error)
            self._retry_at = self._clock.monotonic() + _RETRY_SECONDS
            raise
        self._unreachable = ""
        return self._connection

    def _undo(self, connection: _Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except (psycopg.Error, OSError):
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                connection.close()

    def _leave_to_parent(self) -> None:
        self._pid = os.getpid()
        if self._connection is None or self._connection.closed:
            return
        # Closing says good-bye to the server, on the connection that the parent goes on with.
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.dup2(nowhere, self._connection.fileno(), inheritable=False)
        finally:
            os.close(nowhere)
        self._disconnect()


def _connected(url: str) -> _Connection:
    """A connection that does not wait for its server without end."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=_SECONDS,
        application_name="obskit",
    )
    wait = connection.wait

    def wait_for_a_while(gen: PQGen[RV], *arguments: Any, **options: Any) -> RV:
        return wait(_bounded(gen), *arguments, **options)

    # No subclass: where psycopg is instrumented, connecting gives none.
    connection.wait = wait_for_a_while  # type: ignore[method-assign]
    return connection


def _bounded(gen: PQGen[RV]) -> Generator[Any, Any, RV]:
    """The same, as long as the server says something in time."""
    deadline = time.monotonic() + _SILENT_SECONDS
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if time.monotonic() > deadline:
                raise psycopg.OperationalError(
                    f"the server has not answered for {_SILENT_SECONDS:g} s"
                )
            wanted = gen.send(ready)
    except StopIteration as end:
        answer: RV = end.value
        return answer


def _execute(connection: _Connection) -> Execute:
    def execute(statement: str, parameters: Sequence[Any] = ()) -> Rows:
        return connection.execute(statement.replace("?", "%s"), parameters)

    return execute


def _make_tables(connection: _Connection) -> None:
    """Bring the tables to the newest version. Where they have it, no right to make some is needed."""
    if _version(connection) == len(TABLES):
        return
    connection.execute(f"{_BEGIN}; SELECT pg_advisory_xact_lock({_lock_number('')})")
    connection.execute("CREATE SCHEMA IF NOT EXISTS obskit")
    connection.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER PRIMARY KEY)")
    number = _version(connection)  # another process may have done it since
    for step in TABLES[number:]:
        for statement in step:
            identity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
            connection.execute(statement.replace("{id}", identity))
        number += 1
        connection.execute("INSERT INTO version (version) VALUES (%s)", (number,))
    connection.execute("COMMIT")


def _version(connection: _Connection) -> int:
    there = connection.execute("SELECT to_regclass('obskit.version')::text").fetchone()
    newest = connection.execute(_VERSION).fetchone() if there and there[0] else None
    version = (newest and newest[0]) or 0
    if version > len(TABLES):
        raise ValueError(
            f"a newer obskit made its tables (version {version}, this one knows {len(TABLES)}):"
            " use the newer one, or another database"
        )
    return int(version)


def _lock_number(service: str) -> int:
    """An advisory lock of a service; of the tables where it is empty."""
    return int.from_bytes(sha256(f"obskit {service}".encode()).digest()[:8], "big", signed=True)


def _why(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
