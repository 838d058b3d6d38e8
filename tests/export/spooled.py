"""A spool, and what the tests of it do over and over."""

from __future__ import annotations

import errno
from pathlib import Path

from obskit.export.spool import Outcome, Spool

START = 1_700_000_000.0
STORED = Outcome(True, "", {})


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = START
        self.passed = 0.0

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.passed

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.passed += seconds


def files(spool: Spool) -> list[Path]:
    """What lies in the directory, in order."""
    return sorted(spool.directory.iterdir())


def one(spool: Spool, signal: str = "logs", body: bytes = b"body", records: int = 1) -> Path:
    """Store a batch; gives its file."""
    before = set(files(spool)) if spool.directory.exists() else set()
    assert spool.put(signal, body, records) == STORED
    (path,) = set(files(spool)) - before
    return path


def bodies(spool: Spool, signal: str | None = None) -> list[bytes]:
    """All that waits, each as it is taken."""
    found = []
    while (batch := spool.oldest(signal)) is not None:
        found.append(batch.body)
        assert spool.done(batch)
    return found


def refuse(path: Path, *_: object) -> None:
    """A directory that was made read-only meanwhile; root would be refused nothing."""
    raise PermissionError(errno.EROFS, "Read-only file system")
