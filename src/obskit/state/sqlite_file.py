"""The file of a SQLite store: made for one user, set up, and set aside where it is broken."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from obskit.export import spool_folder
from obskit.export.lock import exclusive
from obskit.state.database import TABLES
from obskit.state.mount import is_remote

#: Stands in the file: "obsk".
APPLICATION = 0x6F62736B

_MOST_BROKEN = 3
# SQLite waits in ever longer steps and may starve beside busy neighbours: it waits little, we again.
_BUSY_SECONDS = 0.01
_WAL_BYTES = 4 * 1024 * 1024


def identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever is called so later; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def make(path: Path) -> None:
    """Make an empty file that its user alone can read, in a folder that this user alone can enter.

    Raises:
        OSError: It cannot be made.
    """
    spool_folder.make(path.parent)
    # Never open one that is there: closing it again would free the locks that SQLite holds on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def connect(path: Path, deadline: float) -> sqlite3.Connection:
    """Open a file of ours, as the newest version has it.

    Args:
        path: Where it is; it may be empty.
        deadline: Until when others may be waited for, by the monotonic clock.

    Raises:
        sqlite3.Error: It cannot be opened.
        ValueError: It is not ours, or a newer version's.
    """
    connection = sqlite3.connect(
        os.fspath(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        if insist(lambda: _version(connection), deadline) < len(TABLES):
            insist(lambda: connection.execute("BEGIN IMMEDIATE"), deadline)
            _migrate(connection)
            insist(lambda: connection.execute("COMMIT"), deadline)
        mode, safety = ("DELETE", "FULL") if is_remote(path) else ("WAL", "NORMAL")
        insist(lambda: connection.execute(f"PRAGMA journal_mode = {mode}").fetchone(), deadline)
        connection.execute(f"PRAGMA synchronous = {safety}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def insist(attempt: Callable[[], sqlite3.Cursor | int | None], deadline: float) -> int:
    """Do something again and again while others are in the way.

    Args:
        attempt: What.
        deadline: Until when, by the monotonic clock.
    """
    while True:
        try:
            done = attempt()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        else:
            return done if isinstance(done, int) else 0
        time.sleep(random.uniform(0.001, 0.005))  # noqa: S311 - so that no two keep in step


def is_busy(error: BaseException) -> bool:
    """Whether others are in the way."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def is_full(error: BaseException) -> bool:
    """Whether there is no room."""
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)


def is_broken(error: BaseException) -> bool:
    """Whether the file is no database, or one that is damaged."""
    text = str(error)
    return isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a da" in text)


def set_aside(path: Path, broken: tuple[int, int] | None, now: float) -> Path | None:
    """Give a broken file another name, with what belongs to it. The oldest of too many are removed.

    Args:
        path: Where it is.
        broken: Which file was found broken: another process may have put a good one there since.
        now: The time, for the name.

    Returns:
        Where it is now, or None where another process does it, or has done it.
    """
    with exclusive(path.with_name(f"{path.name}.lock")) as ours:
        if not ours or broken is None or identity(path) != broken:
            return None
        when = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.corrupt-{when}")
        # The log of the broken one must not be taken for that of the next.
        for suffix in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
        _remove_oldest(path)
    return aside


def _remove_oldest(path: Path) -> None:
    prefix = f"{path.name}.corrupt-"
    names = {one.name for one in path.parent.iterdir() if one.name.startswith(prefix)}
    stamps = sorted({name[len(prefix) :].partition("-")[0] for name in names})
    old = tuple(f"{prefix}{stamp}" for stamp in stamps[:-_MOST_BROKEN])
    for name in names:
        if old and name.startswith(old):
            with suppress(OSError):
                (path.parent / name).unlink()


def _version(connection: sqlite3.Connection) -> int:
    """The version of the tables.

    Raises:
        ValueError: It is not ours, or newer than this version knows.
    """
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    # At last: if another process makes the tables just now, they are not there yet, or marked.
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION and (tables or version):
        raise ValueError("it is a database of something else: give another path")
    if version > len(TABLES):
        raise ValueError(
            f"a newer obskit wrote it (version {version} of its tables, this one knows"
            f" {len(TABLES)}): use the newer one, or give another path"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection) -> None:
    # Another process may have done it since.
    for step in TABLES[_version(connection) :]:
        for statement in step:
            connection.execute(statement.replace("{id}", "INTEGER PRIMARY KEY"))
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(TABLES)}")
