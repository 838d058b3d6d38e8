"""A database of SQLite. Each check opens it read-only, and keeps no writer of the host waiting.

A reader blocks the writers of a database that is not in WAL mode for as long as it reads. What has to
read such a database whole therefore reads a copy, made a few pages at a time in the folder for
temporary files, which needs the room for it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.size import format_size

_SHOWN = 50
# One step of copying holds the lock for so many pages: one MiB of usual ones.
_PAGES = 256
# SQLite's virtual machine asks about the time after so many of its steps.
_STEPS = 10_000
_DAY = 86_400.0
# More points of a curve say no more about its slope.
_SAMPLES = 100


@dataclass(frozen=True)
class Integrity:
    """Whether the database is whole: SQLite's `integrity_check`.

    It reads every page, so declare it rarely, and with a time-out longer than this one.

    Args:
        path: The database's file.
        timeout: How long it may take.

    Returns:
        ok, or critical with the first 50 faults; unknown where the time was too short.

    Raises:
        FileNotFoundError: There is no such file.
        sqlite3.Error: It is no database, or cannot be read.

    >>> Integrity("shop.db").timeout
    '1m'
    """

    path: str | os.PathLike[str]
    timeout: Duration = "1m"

    def __call__(self) -> CheckResult:
        """Check it."""
        try:
            with _undisturbing(self.path, self.timeout) as connection:
                found = connection.execute(f"PRAGMA integrity_check({_SHOWN})")
                faults = [str(row[0]) for row in found]
        except TimeoutError as error:
            return CheckResult.unknown(str(error))
        except sqlite3.DatabaseError as error:
            if "malformed" not in str(error):
                raise
            faults = [str(error)]  # so damaged that SQLite does not go on looking
        if faults == ["ok"]:
            return CheckResult.ok()
        return CheckResult.critical(
            f"{os.fspath(self.path)} is damaged: restore it from a backup, or try sqlite3's .recover",
            value=len(faults),
            evidence=faults,
        )


@dataclass(frozen=True)
class ForeignKeys:
    """How many rows break a foreign key of the database, whether SQLite enforces them or not.

    Args:
        path: The database's file.
        timeout: How long it may take.

    Returns:
        The number of rows, with the first 50; unknown where the time was too short.

    Raises:
        FileNotFoundError: There is no such file.
        sqlite3.Error: It is no database, or cannot be read.

    >>> ForeignKeys("shop.db").default_judge(1).state
    'critical'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    path: str | os.PathLike[str]
    timeout: Duration = "1m"

    def __call__(self) -> Measurement | CheckResult:
        """Look for them."""
        try:
            with _undisturbing(self.path, self.timeout) as connection:
                found = connection.execute("PRAGMA foreign_key_check")
                shown = [_broken(row) for row in islice(found, _SHOWN)]
                return Measurement(len(shown) + sum(1 for _ in found), "{row}", evidence=shown)
        except TimeoutError as error:
            return CheckResult.unknown(str(error))


@dataclass(frozen=True)
class Size:
    """How large the database is on disk, with its write-ahead log.

    Args:
        path: The database's file.

    Returns:
        Bytes.

    Raises:
        FileNotFoundError: There is no such file.

    >>> Size("shop.db").path
    'shop.db'
    """

    path: str | os.PathLike[str]

    def __call__(self) -> Measurement:
        """Measure it."""
        main, logged = _sizes(self.path)
        return Measurement(
            main + logged, "By", format_size(main + logged), {"write_ahead_log": logged}
        )


@dataclass(frozen=True)
class Growth:
    """By how many bytes a day the database grows. To compare it with its past, judge `Size` by `changed`.

    Args:
        path: The database's file.
        history: A file of this check's own, where it keeps what it measured, at most 100 points.
        over: The time that is looked back on.

    Returns:
        Bytes a day, less than none where it shrinks; unknown until a tenth of the time has passed.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: The history cannot be written.

    >>> Growth("shop.db", "shop-growth.json").over
    '7d'
    """

    path: str | os.PathLike[str]
    history: str | os.PathLike[str]
    over: Duration = "7d"

    def __call__(self) -> Measurement | CheckResult:
        """Measure it, and remember."""
        now, over = time.time(), parse_duration(self.over)
        size = sum(_sizes(self.path))
        points = [point for point in self._points() if now - over <= point[0] < now]
        if not points or now - points[-1][0] >= over / _SAMPLES:
            self._keep([*points, (now, size)])
        passed = now - points[0][0] if points else 0.0
        if passed < over / 10:
            return CheckResult.unknown(
                f"measured for {format_duration(passed)} only: it is judged"
                f" from {format_duration(over / 10)} on"
            )
        grown = size - points[0][1]
        message = f"{format_size(abs(grown))} {'more' if grown >= 0 else 'less'} than"
        return Measurement(
            grown / passed * _DAY,
            "By",
            f"{message} {format_duration(passed)} ago",
            {"size": size, "before": points[0][1]},
        )

    def _points(self) -> list[tuple[float, int]]:
        try:
            return [
                (float(at), int(size)) for at, size in json.loads(Path(self.history).read_text())
            ]
        except (OSError, ValueError, TypeError):
            return []  # none yet; what is broken is begun anew

    def _keep(self, points: list[tuple[float, int]]) -> None:
        file = Path(self.history)
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=file.name) as folder:
            written = Path(folder, "points")
            written.write_text(json.dumps(points))
            written.replace(file)


@dataclass(frozen=True)
class FreePages:
    """How much of the file is free pages, which a VACUUM gives back to the disk, per cent.

    Args:
        path: The database's file.
        timeout: How long a writer may keep it waiting.

    Returns:
        Per cent, 0 to 100.

    Raises:
        FileNotFoundError: There is no such file.
        sqlite3.Error: It is no database, or cannot be read.

    >>> FreePages("shop.db").default_judge(30).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=25)
    path: str | os.PathLike[str]
    timeout: Duration = 5.0

    def __call__(self) -> Measurement:
        """Count them."""
        with closing(_opened(self.path, parse_duration(self.timeout))) as connection:
            free, pages, page = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("freelist_count", "page_count", "page_size")
            )
        share = 100 * free / pages if pages else 0.0
        message = f"VACUUM would free {format_size(free * page)} of {format_size(pages * page)}"
        return Measurement(round(share, 1), "%", message, {"free": free * page})


def _existing(path: str | os.PathLike[str]) -> Path:
    file = Path(path).absolute()
    if not file.is_file():
        raise FileNotFoundError(f"{file} is no file: give the path of the database")
    return file


def _sizes(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Of the file, and of its write-ahead log."""
    file = _existing(path)
    log = Path(f"{file}-wal")
    return file.stat().st_size, log.stat().st_size if log.exists() else 0


def _opened(path: str | os.PathLike[str], timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(f"{_existing(path).as_uri()}?mode=ro", uri=True, timeout=timeout)


@contextmanager
def _undisturbing(path: str | os.PathLike[str], given: Duration) -> Iterator[sqlite3.Connection]:
    """The database, or its copy, where reading it whole makes no writer wait.

    Raises:
        TimeoutError: The block, and what is before it, took longer than was given.
    """
    seconds = parse_duration(given)
    end = time.monotonic() + seconds
    told = f"not done within {format_duration(seconds)}: give it a longer timeout"
    try:
        with closing(_opened(path, seconds)) as source:
            if source.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                source.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                yield source
                return
            with tempfile.TemporaryDirectory(prefix="obskit-") as folder:
                copy = sqlite3.connect(Path(folder, "copy"))
                with closing(copy):
                    _copied(source, copy, end, told)
                    copy.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                    yield copy
    except sqlite3.OperationalError as error:
        if str(error) == "interrupted":
            raise TimeoutError(told) from error
        raise


def _copied(source: sqlite3.Connection, copy: sqlite3.Connection, end: float, told: str) -> None:
    def in_time(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > end:
            raise TimeoutError(
                f"{told}, or put the database into WAL mode; it is written to all the time"
            )

    source.backup(copy, pages=_PAGES, progress=in_time, sleep=0.01)


def _broken(row: tuple[Any, ...]) -> str:
    table, number, parent, _key = row
    at = f"row {number}" if number is not None else "a row"
    return f"{table}: {at} names no row of {parent}"
