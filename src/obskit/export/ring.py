"""Bodies of late in a few files of a process: bounded, the older overwritten, read by anybody's page.

Each body stands behind a mark, its signal, its length and its checksum, so that what a killed process
left half written costs that body alone.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from obskit.redaction import kind_of

#: A file takes no more bytes; a process has so many files.
MOST_BYTES = 8 * 1_024 * 1_024
FILES = 2
#: The files of all processes of a folder, also of those that have ended: it may be in memory.
MOST_OF_ALL = 128 * 1_024 * 1_024

# How often the whole is looked at while one file is filled.
_CHECKS = 8
_MARK = b"\xf0obs"
_SIGNALS = ("traces", "logs")
# The mark, the signal, the length and the checksum.
_HEAD = struct.Struct("<4sBII")
_ANY = "*-traces-*.bin"
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


class Ring:
    """Keeps the bodies of one process. Until `begin` nothing is kept.

    Args:
        most_bytes: Of one file.
        most_of_all: Of all files of the folder; what was written to longest ago leaves first.

    Attributes:
        fails: Whether the last body could not be kept; for whoever tells of it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most_of_all: int = MOST_OF_ALL) -> None:
        self._most = most_bytes
        self._most_of_all = most_of_all
        self.fails = False
        self._stem: Callable[[], Path] | None = None
        self._after_fork()

    def _after_fork(self) -> None:
        self._pid = os.getpid()
        self._begun: Path | None = None
        self._paths: list[Path] = []
        self._unchecked = 0
        self._locks: dict[str, Lock] = {}

    def begin(self, stem: Callable[[], Path]) -> None:
        """Keep what comes from now on.

        Args:
            stem: Gives what the names of the files begin with, with their folder: a forked child has
                another one.
        """
        self._stem = stem

    def put(self, signal: str, body: bytes) -> str:
        """Keep a body. Never raises.

        Args:
            signal: `traces` or `logs`.
            body: An export request, encoded.

        Returns:
            Why it is not kept, in a line; empty where it is.
        """
        written = record(signal, body)
        if len(written) > self._most:
            return f"a batch of {len(body)} bytes is larger than a file may be"
        if self._pid != os.getpid():
            self._after_fork()
        try:
            # Made when it is first wanted: gevent may have put its own in its place until then.
            with self._locks.setdefault("ring", Lock()):
                self._append(written)
        except Exception as error:
            return str(error) or kind_of(error)
        return ""

    def _append(self, written: bytes) -> None:
        if self._stem is None:
            return
        stem = self._stem()
        if stem != self._begun:
            self._begun = stem
            names = (f"{stem.name}-traces-{one}.bin" for one in range(FILES))
            # It goes on in the newer one, of a process before it in this place.
            self._paths = sorted(map(stem.with_name, names), key=_written, reverse=True)
            self._unchecked = self._most
        newest = self._paths[0]
        if not newest.parent.is_dir():
            newest.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(newest, _FLAGS, 0o600)
        try:
            if os.fstat(file).st_size + len(written) > self._most:
                self._paths.reverse()
                other = os.open(self._paths[0], _FLAGS | os.O_TRUNC, 0o600)
                os.close(file)
                file = other
            if os.write(file, written) < len(written):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)
        self._unchecked += len(written)
        if self._unchecked >= self._most // _CHECKS:
            self._unchecked = 0
            _shed(newest.parent, self._most_of_all)


def record(signal: str, body: bytes) -> bytes:
    """A body as it stands in a file.

    Args:
        signal: `traces` or `logs`.
        body: An export request.
    """
    number = _SIGNALS.index(signal)
    return _HEAD.pack(_MARK, number, len(body), zlib.crc32(body, number)) + body


def _shed(folder: Path, most: int) -> None:
    """Remove the files that were written to longest ago, until the rest is within the bound."""
    found: list[tuple[int, Path, int]] = []
    for path in folder.glob(_ANY):
        with suppress(OSError):  # another process has just removed it
            status = path.stat()
            found.append((status.st_mtime_ns, path, status.st_size))
    total = sum(size for *_, size in found)
    for _, path, size in sorted(found):
        if total <= most:
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)
            total -= size


def bodies(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the processes of a folder have kept: signal and body. Never raises.

    Args:
        folder: Where their rings are.
    """
    with suppress(OSError):
        for path in sorted(folder.glob(_ANY)):
            with suppress(OSError):
                yield from records(path.read_bytes())


def records(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The whole bodies among some bytes, whatever else stands there. Never raises.

    Args:
        data: What a file holds.

    >>> list(records(b"torn" + record("logs", b"whole") + b"garbage"))
    [('logs', b'whole')]
    """
    at = data.find(_MARK)
    while at >= 0:
        if at + _HEAD.size <= len(data):
            _, signal, length, checksum = _HEAD.unpack_from(data, at)
            body = data[at + _HEAD.size : at + _HEAD.size + length]
            whole = len(body) == length and signal < len(_SIGNALS)
            if whole and zlib.crc32(body, signal) == checksum:
                yield _SIGNALS[signal], body
                at = data.find(_MARK, at + _HEAD.size + length)
                continue
        at = data.find(_MARK, at + 1)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
