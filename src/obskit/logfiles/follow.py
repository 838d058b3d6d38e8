"""Reads a stream: what is there, then what is written to it from now on, also while it is rotated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from obskit.logfiles import naming
from obskit.logfiles.lines import Line, lines, rows_of

_CHUNK = 65_536
# Longer than a line: the last one may be half written.
_LONGEST = 1_048_576


class Follower:
    """Reads a stream, each line once.

    Args:
        folder: The folder.
        stream: The stream.

    Attributes:
        stream: The stream.

    Raises:
        OSError: The folder cannot be read.
    """

    def __init__(self, folder: Path, stream: str) -> None:
        self.stream = stream
        self._folder = folder
        self._path = naming.active(folder, stream)
        self._rest = b""
        self._known, self._file = self._now()
        self._older = [path for path in naming.files(folder, stream) if not self._is_new(path)]
        self._begin = _end_of_lines(self._file) if self._file is not None else 0

    def past(self, since: float = 0.0) -> Iterator[bytes]:
        """The rows that were there when this was made, the oldest first.

        Args:
            since: Seconds since the Unix epoch: older files are not read.

        Raises:
            OSError: A file cannot be read.
        """
        for path in self._older:
            with suppress(FileNotFoundError):  # compressed or removed meanwhile
                if path.stat().st_mtime < since:
                    continue
            yield from rows_of(path)
        at, rest = 0, b""
        while self._file is not None and at < self._begin:
            chunk = os.pread(self._file.fileno(), min(_CHUNK, self._begin - at), at)
            if not chunk:  # somebody has truncated it
                return
            at += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole

    def read(self) -> Iterator[Line]:
        """The lines that were added since the last time.

        Raises:
            OSError: A file cannot be read.
        """
        return lines(self._rows(), self.stream)

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()

    def _rows(self) -> Iterator[bytes]:
        read_to_end = self._file is not None
        if self._file is not None:
            moved = self._has_moved(self._file)  # first: then what is read next is the rest of it
            yield from self._added(self._file)
            if not moved:
                return
            self._file.close()
            self._rest, self._begin = b"", 0
        known, self._file = self._now()
        # The first of those that are new is the one that was read to its end.
        new = sorted(known - self._known)[1 if read_to_end else 0 :]
        self._known = known
        for when in new:
            yield from rows_of(self._folder / f"{self._path.name}-{when}")
        if self._file is not None:
            yield from self._added(self._file)

    def _added(self, file: BinaryIO) -> Iterator[bytes]:
        if os.fstat(file.fileno()).st_size < self._begin:  # somebody has truncated it
            self._begin, self._rest = 0, b""
        while chunk := os.pread(file.fileno(), _CHUNK, self._begin):
            self._begin += len(chunk)
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            yield from whole

    def _has_moved(self, file: BinaryIO) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            return True

    def _now(self) -> tuple[set[str], BinaryIO | None]:
        """What was rotated, and the file that is written to, at one moment."""
        while True:
            before, file = self._rotated(), self._opened()
            if self._rotated() == before:
                return before, file
            if file is not None:
                file.close()

    def _is_new(self, path: Path) -> bool:
        """Whether a file is read as the one that is written to, or was, or after it."""
        one = naming.read(path)
        return path == self._path if one is None else one.when not in self._known

    def _rotated(self) -> set[str]:
        found = naming.rotated(self._folder)
        return {one.when for one in found if one.stream == self.stream}

    def _opened(self) -> BinaryIO | None:
        with suppress(FileNotFoundError):
            return self._path.open("rb")
        return None


def _end_of_lines(file: BinaryIO) -> int:
    size = os.fstat(file.fileno()).st_size
    last = os.pread(file.fileno(), _LONGEST, max(0, size - _LONGEST))
    return size - len(last) + last.rfind(b"\n") + 1
