"""Backups of a PostgreSQL database: that there is a new one, and that it can be restored."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from glob import glob
from pathlib import Path
from typing import IO, Any, ClassVar

from obskit.checks.judge import Below, below
from obskit.checks.library.database import bounded, cut_after
from obskit.checks.library.postgres.server import connect
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.size import format_size

# One name, so that what a killed run has left is dropped by the next; of each database that is named
# its own, because such a lock is seen in one database alone.
_ALONE = """
SELECT pg_try_advisory_lock(hashtext('obskit_restore_test')) AS alone,
  'obskit_restore_test_' || oid AS scratch
FROM pg_database WHERE datname = current_database()
"""
_TABLES = """
SELECT count(*)::int AS tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')
"""
_GZIP = b"\x1f\x8b"
_SQL = frozenset({".sql", ".gz"})
_BEGINNING = b"-- PostgreSQL database dump"
_END = b"-- PostgreSQL database dump complete"
_TAR, _TAR_AT = b"ustar", 257
_ENDS = 1_024  # a tar ends in so many zeros
_SAID = 2_000
_CHUNK = 1 << 20
# The scratch database is made and dropped, however short the time for restoring is, seconds.
_PATIENCE = 60.0


@dataclass(frozen=True)
class BackupFile:
    """When the newest backup was written. For a freshness check; of any file that should appear.

    Args:
        pattern: The file, or a pattern for several, such as `/backups/shop-*.dump`.
        least_size: Bytes; a smaller file is no backup, whether it failed or is being written.

    Returns:
        The instant at which the newest was written; None where there is none.

    >>> BackupFile("/backups/no-such-*.dump")().value is None
    True
    """

    pattern: str
    least_size: int = 1

    def __call__(self) -> Measurement:
        """Look for it."""
        newest, small = _newest(self.pattern, self.least_size)
        details = {"too_small": small} if small else {}
        if newest is None:
            return Measurement(None, message=f"no backup at {self.pattern}", details=details)
        found = newest.stat()
        return Measurement(
            datetime.fromtimestamp(found.st_mtime, timezone.utc),
            message=f"{newest.name}, {format_size(found.st_size)}",
            details={"file": str(newest), "size": found.st_size, **details},
        )


@dataclass(frozen=True)
class RestoreTest:
    """Whether the newest backup can be restored: into a scratch database, which is dropped after it.

    It takes the time and the room that a restore does: name a server that has them, and declare it
    rarely, with a time-out longer than this one. The role must be allowed to create databases, and
    should not be the one that the service uses: what stands in a backup of SQL is executed.

    Args:
        url: A URL of libpq, or its `name=value` pairs, of a database beside which to create it.
        pattern: The file, or a pattern for several: what `pg_dump` has written, in any of its
            formats; SQL may be packed by gzip.
        query: A SELECT that gives one number, such as how many orders were restored; the number of
            tables without one.
        timeout: How long restoring may take.

    Returns:
        The number; critical where the backup cannot be restored, unknown where the programs of
        PostgreSQL are missing or another test runs.

    >>> RestoreTest("postgresql://scratch/postgres", "/backups/shop-*.dump").default_judge(0).state
    'critical'
    """

    default_judge: ClassVar[Below] = below(critical=0)
    url: str = field(repr=False)
    pattern: str
    query: str = _TABLES
    timeout: Duration = "10m"

    def __call__(self) -> Measurement | CheckResult:
        """Restore it."""
        seconds = parse_duration(self.timeout)
        newest, _small = _newest(self.pattern, 1)
        if newest is None:
            return CheckResult.critical(f"no backup at {self.pattern}: nothing can be restored")
        plain = newest.suffix in _SQL and newest.is_file()
        program = shutil.which("psql" if plain else "pg_restore")
        if program is None:
            return CheckResult.unknown(
                f"{'psql' if plain else 'pg_restore'} is not on PATH: install PostgreSQL's client"
            )
        began = time.monotonic()
        with _scratch(self.url, seconds) as scratch:
            if scratch is None:
                return CheckResult.unknown("another restore test runs on this server: let it end")
            said = _restored(program, newest, scratch, seconds)
            if said:
                return CheckResult.critical(f"{newest} cannot be restored: {said}")
            with (
                connect(scratch, seconds) as connection,
                bounded(connection, "postgresql", connection.execute, seconds),
            ):
                (row,) = list(connection.execute(self.query))
        took = format_duration(time.monotonic() - began)
        details = {"file": str(newest), "size": newest.stat().st_size}
        return Measurement(next(iter(row.values())), "", f"{newest.name} in {took}", details)


def _newest(pattern: str, least: int) -> tuple[Path | None, int]:
    """The newest file that is large enough, and how many are not."""
    found = []
    small = 0
    for path in map(Path, glob(pattern)):  # noqa: PTH207 - the pattern may be absolute
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # rotated away meanwhile
        if stat.st_size < least:
            small += 1
        else:
            found.append((stat.st_mtime, path))
    return (max(found)[1] if found else None), small


@contextmanager
def _scratch(url: str, seconds: float) -> Iterator[str | None]:
    """The connection string of a new database, dropped at the end; None while another test has it."""
    with connect(url, seconds, autocommit=True) as connection:

        def run(statement: str) -> list[dict[str, Any]]:
            with cut_after(connection, _PATIENCE):
                cursor = connection.execute(statement)
                return list(cursor) if cursor.description else []

        (lock,) = run(_ALONE)
        if not lock["alone"]:
            yield None
            return
        from psycopg.conninfo import make_conninfo

        drop = f"DROP DATABASE IF EXISTS {lock['scratch']} WITH (FORCE)"
        run(drop)
        run(f"CREATE DATABASE {lock['scratch']} TEMPLATE template0")
        try:
            yield make_conninfo(url, dbname=lock["scratch"])
        finally:
            run(drop)


def _environment(conninfo: str) -> Mapping[str, str]:
    """A connection as libpq's variables: arguments can be read by every user of the machine."""
    from psycopg import pq

    options = pq.Conninfo.parse(conninfo.encode())
    return {o.envvar.decode(): o.val.decode() for o in options if o.envvar and o.val is not None}


def _restored(program: str, file: Path, conninfo: str, seconds: float) -> str:
    """Restore a backup; what was said where it failed."""
    end, late = time.monotonic() + seconds, f"not done within {format_duration(seconds)}"
    environment = _environment(conninfo)
    scratch = environment["PGDATABASE"]
    arguments = ["--exit-on-error", "--no-owner", "--no-acl", "-d", scratch, str(file)]
    with ExitStack() as stack:
        errors = stack.enter_context(tempfile.TemporaryFile())
        given: IO[bytes] | None = None
        if file.is_file():
            try:
                given = stack.enter_context(_unpacked(file, end))
            except TimeoutError:
                return late
            except (EOFError, OSError, ValueError, zlib.error) as error:
                return str(error)
        if Path(program).name == "psql":
            arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        try:
            process = subprocess.run(  # noqa: S603 - PostgreSQL's program with our arguments
                [program, *arguments],
                stdin=given or subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **environment},
                timeout=max(0.0, end - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return late
        if process.returncode == 0:
            return ""
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _SAID))
        said = errors.read().decode(errors="replace").strip()
        return said or f"{program} ended with {process.returncode}"


@contextmanager
def _unpacked(file: Path, until: float) -> Iterator[IO[bytes]]:
    """A backup of one file, unpacked, from its beginning.

    Raises:
        TimeoutError: Unpacking takes longer.
        ValueError: Its end is missing, which the programs would not see.
    """
    # Without a buffer: the program moves the descriptor's position, and a buffer would move it back.
    with file.open("rb") as raw, tempfile.TemporaryFile(buffering=0) as unpacked:
        backup: IO[bytes] = raw
        if raw.read(len(_GZIP)) == _GZIP:
            raw.seek(0)
            with gzip.open(raw) as packed:
                while chunk := packed.read(_CHUNK):
                    if time.monotonic() > until:
                        raise TimeoutError
                    unpacked.write(chunk)
            backup = unpacked
        backup.seek(max(0, backup.seek(0, os.SEEK_END) - _ENDS))
        end = backup.read()
        backup.seek(0)
        beginning = backup.read(_ENDS)
        is_tar = beginning[_TAR_AT:].startswith(_TAR)
        if (is_tar and any(end)) or (_BEGINNING in beginning and _END not in end):
            raise ValueError(
                "its end is missing: look whether pg_dump failed, or the disk was full"
            )
        # The program takes the descriptor over, at the descriptor's own position.
        os.lseek(backup.fileno(), 0, os.SEEK_SET)
        yield backup
