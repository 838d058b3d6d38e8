"""A file of lines that several processes write and rotate: each line once, and whole.

A line is one `write` to a file that is open for appending, so that lines do not mix. Before each the
writer looks whether the file is still the one under its name, under a lock that all writers share;
whoever renames the file, or compresses what was renamed, locks it alone first. So nobody writes to
a file that somebody else takes for finished, and a lock dies with the process that holds it.

A process that is killed in the middle of a write may leave a part of its line: the next line begins
behind the end that it lacks.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from obskit.logfiles import flock, naming
from obskit.logfiles.complaint import Complaint

MODE = 0o640
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
# How often a file may be replaced while one line is written.
_TRIES = 20
# It is held alone for a rename, unless its holder is stopped just then.
_PATIENCE = 0.5


class LineFile:
    """Appends lines to a file.

    Args:
        path: The file. Its folder must be there.
        max_bytes: It is rotated before it would become larger; 0 for never.
        period: Seconds after which it is rotated, counted from the Unix epoch.
        rotated: Called after it was rotated here.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 0,
        period: float = 0.0,
        rotated: Callable[[], object] = lambda: None,
    ) -> None:
        self._path = path
        self._name = str(path)
        self._max_bytes = max_bytes
        self._period = period
        self._rotated = rotated
        self._complaint = Complaint(path)
        self._begin()

    def write(self, line: bytes) -> None:
        """Write a line, in one call of the system.

        Args:
            line: The line, with its end.

        Raises:
            OSError: It could not be written. The first time standard error is told why.
        """
        if self._pid != os.getpid():
            # An open file is shared with the parent, and so would be a lock of it.
            self._close()
            self._begin()
        with self._lock:
            self._complaint.check()
            try:
                has_rotated = self._append(line)
            except OSError as error:
                self._close()
                self._complaint.wrong(error)
                raise
            self._complaint.well()
        if has_rotated:
            self._rotated()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._file: int | None = None
        self._end = 0

    def _append(self, line: bytes) -> bool:
        """Whether the file was rotated first."""
        has_rotated, may_rotate = False, self._max_bytes > 0
        for _ in range(_TRIES):
            if self._file is None:
                self._file, self._end = os.open(self._path, _FLAGS, MODE), 0
                self._opened = os.fstat(self._file)
            file = self._file
            flock.shared(file, _PATIENCE)
            try:
                found = self._found()
                if found is not None and not (may_rotate and self._is_due(found, len(line))):
                    self._put(file, line, found.st_size)
                    return has_rotated
                if found is not None:
                    has_rotated, may_rotate = self._rotate(file), False
                    if not has_rotated:  # the lock is lost: once more from the beginning
                        continue
            finally:
                flock.release(file)
            self._close()
        raise OSError(errno.EAGAIN, "it is replaced again and again")

    def _found(self) -> os.stat_result | None:
        """The file, if it is still the one under its name."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - each line pays for it
        except FileNotFoundError:
            return None
        return found if os.path.samestat(found, self._opened) else None

    def _is_due(self, found: os.stat_result, more: int) -> bool:
        if not found.st_size:
            return False
        if found.st_size + more > self._max_bytes:
            return True
        # Its last line tells, so that nobody need remember when the first was written.
        return found.st_mtime // self._period != time.time() // self._period

    def _rotate(self, file: int) -> bool:
        """Give the file another name. Whether it is the one under its name no longer."""
        try:
            flock.alone(file)
        except BlockingIOError:  # others are writing: the next line will do it
            return False
        if self._found() is not None:
            target = naming.rotated_now(self._path, time.time())
            if target.exists():  # another container has our number, and the same microsecond
                return False
            self._path.rename(target)
        return True

    def _put(self, file: int, line: bytes, size: int) -> None:
        # What others wrote since may be a part of a line. Is it being written, an empty line follows.
        if size not in {0, self._end} and os.pread(file, 1, size - 1) != b"\n":
            line = b"\n" + line
        written = os.write(file, line)
        self._end = size + written
        if written < len(line):
            self._take_back(file, written)
            raise OSError(errno.ENOSPC, "only a part of a line could be written")

    def _take_back(self, file: int, written: int) -> None:
        self._end = 0
        with suppress(OSError):
            flock.alone(file)
            size = os.fstat(file).st_size
            if size == os.lseek(file, 0, os.SEEK_CUR):  # nobody has written since
                os.ftruncate(file, size - written)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):
                os.close(file)
