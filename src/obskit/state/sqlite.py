"""State in a file, shared by the threads and processes of one host."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.state import sqlite_file
from obskit.state.complaint import Complaint
from obskit.state.database import Execute
from obskit.state.guard import PATIENCE, Guard
from obskit.state.sqlite_file import identity, insist, is_broken, is_busy, is_full

_log = logging.getLogger("obskit.state")
# A transaction that only reads takes its lock with its first read.
_FIRST_READ = "SELECT count(*) FROM sqlite_master"
_LEFT = (
    ". It is left as it is: put a good copy in its place, or let the service begin anew, which"
    " keeps this one under another name when it next writes there"
)


class SqliteDatabase:
    """A file of SQLite. Making one touches nothing on disk.

    Args:
        path: The file. It is made with its folder, for this user only.
        clock: The time, for leases.
        looks: Whether its user only looks: nothing is logged, and a broken file stays as it is.
    """

    def __init__(self, path: Path, clock: Clock = SYSTEM_CLOCK, *, looks: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._looks = looks
        self._complaint = Complaint(str(path), logs=not looks)
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._pid = os.getpid()
        # SQLite's locks are the process's: a child must inherit no open file of them.
        self._guard = Guard(before_fork=self._disconnect)

    @contextmanager
    def reading(self) -> Iterator[Execute]:
        """See `Database.reading`."""
        with self._transaction("BEGIN", _FIRST_READ) as execute:
            yield execute

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        """See `Database.writing`."""
        with self._transaction("BEGIN IMMEDIATE") as execute:
            yield execute

    def now(self, execute: Execute) -> float:
        """See `Database.now`."""
        del execute  # the host's clock is everybody's
        return self._clock.now()

    def used(self, execute: Execute, limit: int) -> int:
        """See `Database.used`: what is used of the file, by all services in it."""
        del limit  # it costs nothing
        pages, free, size = (
            int(execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def close(self) -> None:
        """See `Database.close`."""
        with suppress(TimeoutError), self._guard.held():
            self._disconnect()

    @contextmanager
    def _transaction(self, *begin: str) -> Iterator[Execute]:
        deadline = time.monotonic() + PATIENCE
        try:
            with self._guard.held():
                connection = self._begin(begin, deadline)
                try:
                    yield connection.execute
                    insist(lambda: connection.execute("COMMIT"), deadline)
                except BaseException as error:
                    self._undo(connection, error)
                    raise
        # ValueError and OverflowError: what SQLite cannot take, such as a lone surrogate.
        except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
            left = _LEFT if self._looks and is_broken(error) else ""
            raise self._complaint.wrong(_why(error) + left) from error
        self._complaint.well()

    def _begin(self, begin: tuple[str, ...], deadline: float) -> sqlite3.Connection:
        try:
            return self._try_to_begin(begin, deadline)
        except sqlite3.DatabaseError as error:
            if self._looks or not is_broken(error):
                raise
            self._set_aside(error)
        return self._try_to_begin(begin, deadline)

    def _try_to_begin(self, begin: tuple[str, ...], deadline: float) -> sqlite3.Connection:
        connection = self._connected(deadline)
        try:
            for statement in begin:
                insist(lambda one=statement: connection.execute(one).fetchone(), deadline)  # type: ignore[misc]
        except BaseException as error:
            self._undo(connection, error, aside=False)
            raise
        return connection

    def _connected(self, deadline: float) -> sqlite3.Connection:
        if self._pid != os.getpid():  # forked in C, which calls no hook of ours
            self._pid = os.getpid()
            self._disconnect()
        if self._connection is not None and self._opened != identity(self._path):
            self._disconnect()  # somebody removed the file, or set it aside
        if self._connection is None:
            sqlite_file.make(self._path)
            self._opened = identity(self._path)
            self._connection = sqlite_file.connect(self._path, deadline)
        return self._connection

    def _undo(
        self, connection: sqlite3.Connection, error: BaseException, *, aside: bool = True
    ) -> None:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if aside and not self._looks and is_broken(error):
            with suppress(OSError):
                self._set_aside(error)
        elif isinstance(error, sqlite3.DatabaseError) and not (is_busy(error) or is_full(error)):
            self._disconnect()

    def _set_aside(self, error: BaseException) -> None:
        self._disconnect()
        aside = sqlite_file.set_aside(self._path, self._opened, self._clock.now())
        if aside is not None:
            _log.warning(
                "the state in %s is damaged (%s). It is kept as %s, and begun anew:"
                " history and silences until now are gone.",
                self._path,
                error,
                aside.name,
            )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _why(error: BaseException) -> str:
    if is_busy(error):
        return f"another process has held it for longer than {PATIENCE:g} s"
    if is_full(error):
        return f"{error}: make room there"
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        text = error.strerror or text
    elif "readonly" not in text and "unable to open" not in text:
        return text
    return f"{text}: this user must be able to write there"
