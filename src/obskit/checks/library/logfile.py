"""The lines that were added to a log file since it was read last, also while it is rotated."""

from __future__ import annotations

import gzip
import os
import re
import stat
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from obskit.checks.library.walk import CannotJudge

Take = Callable[[str], object]

_MOST = 16 * 1024 * 1024
_CHUNK = 65_536
_MAX_LINE = 65_536
# What stands before the place that was reached: by this a file is known again.
_TAIL = 256
# A compressed file must be read from its beginning: beyond this it takes too long.
_MAX_UNPACKED = 256 * 1024 * 1024
_CANDIDATES = 5
_ALL = 1 << 62
# app.log.1, app.log-20240131.gz, app.log.2024-01-31_12; no other file of the folder.
_ROTATED = re.compile(r"[.\-_](\d[\dT:._-]*?)(\.gz)?")
_MOST_DIGITS = 5
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass
class _Place:
    """How far a file has been read."""

    inode: int
    position: int = 0
    tail: bytes = b""
    inside: bool = False  # in the middle of a line of which enough is known
    newest: int = 0  # when the newest rotated file was written, as an empty place was made


class _Rotated(NamedTuple):
    dated: bool
    order: tuple[int, str]
    path: Path
    written: int


class LogFile:
    """Follows a log file from its end on.

    It is known again by what stands before the place that was reached. So the rest of a file that
    was renamed, copied and truncated, or compressed by gzip is found, and read first. Nothing stays
    open between two readings.

    Args:
        path: The log file.
        back: How much of what it has already is read the first time, bytes.

    Attributes:
        lost: How often the file was replaced, and the rest of the old one could not be found.

    >>> log = LogFile("/etc/hosts")
    >>> log.read(print), log.lost
    (False, 0)
    """

    def __init__(self, path: str | Path, back: int = 0) -> None:
        self.path = Path(path)
        self.lost = 0
        self._back = back
        self._at: _Place | None = None
        self._lock = Lock()

    @property
    def begun(self) -> bool:
        """Whether it has been read before."""
        return self._at is not None

    def read(self, take: Take) -> bool:
        """Hand over each line that was added since, cut at 64 KiB; of at most 16 MiB.

        Args:
            take: Takes a line, without its end.

        Returns:
            Whether there may be more already.

        Raises:
            CannotJudge: The file is not there, may not be read, or is none.
        """
        with self._lock:
            self._at = self._at or self._begin()
            paths, left = self._paths(self._at), _MOST
            place = self._at  # another, where what followed the old one could not be found
            for path in paths:
                try:
                    with _open(path) as opened:
                        inode = os.fstat(opened.fileno()).st_ino
                        if path is not paths[0]:
                            place = self._at = self._start(inode)
                        elif place.tail and not _stands(opened, path, place, same_inode=False):
                            return True  # rotated this very moment: the next reading finds it
                        place.inode = inode
                        left = _read(opened, place, take, left, ended=path is not paths[-1])
                except FileNotFoundError:
                    return True
                except (CannotJudge, *_BROKEN):
                    if path == self.path:
                        raise
                    self.lost += 1
                if left <= 0:
                    return True
            return False

    def _begin(self) -> _Place:
        try:
            with _open(self.path) as opened:
                status = os.fstat(opened.fileno())
                position = max(0, status.st_size - self._back)
                opened.seek(max(0, position - _TAIL))
                tail = opened.read(position - max(0, position - _TAIL))
        except FileNotFoundError:
            self._back = _ALL  # what it begins with when it comes is new
            raise self._missing() from None
        if not position:
            return self._start(status.st_ino)
        return _Place(status.st_ino, position, tail, inside=self._back > 0)

    def _start(self, inode: int) -> _Place:
        written = (one.written for one in _rotations(self.path))
        return _Place(inode, newest=max(written, default=0))

    def _missing(self) -> CannotJudge:
        return CannotJudge(f"{self.path} is not there: correct the path, or see what writes it")

    def _paths(self, place: _Place) -> list[Path]:
        """What is to be read: the file where the place is, and those that came after it."""
        if _is_at(self.path, place, same_inode=True):
            if place.position:
                return [self.path]
            # Nothing was there to know it by: it may have been copied and truncated since.
            later = [one.path for one in _rotations(self.path) if one.written > place.newest]
            return [*later, self.path]
        rotated = _rotations(self.path)
        for same_inode in (True, False):
            for one in rotated[::-1][:_CANDIDATES]:
                with suppress(CannotJudge):
                    if not _is_at(one.path, place, same_inode=same_inode):
                        continue
                    later = [r.path for r in rotated if r.dated == one.dated and r > one]
                    current = [self.path] if self.path.exists() else []
                    return [one.path, *later, *current]
        if _is_at(self.path, place, same_inode=False):
            return [self.path]
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            raise self._missing() from None
        self.lost += 1
        self._at = self._start(inode)
        return [self.path]


def _open(path: Path) -> BufferedIOBase:
    try:
        # A pipe would wait for its writer.
        opened = open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK))  # noqa: SIM115
    except PermissionError:
        raise CannotJudge(f"{path} may not be read by this user: run as another") from None
    except IsADirectoryError:
        raise CannotJudge(f"{path} is a folder: name a file in it") from None
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise CannotJudge(f"{path} is no file: a pipe or device cannot be followed")
    if path.suffix != ".gz":
        return opened
    opened.close()
    return gzip.open(path, "rb")


def _rotations(path: Path) -> list[_Rotated]:
    """The older files of a log file, from the oldest to the newest."""
    found: dict[str, _Rotated] = {}
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if not entry.name.startswith(path.name):
                continue
            name = _ROTATED.fullmatch(entry.name[len(path.name) :])
            if name is None:
                continue
            mark, packed = name[1], name[2]
            dated = not (mark.isdigit() and len(mark) <= _MOST_DIGITS)
            # While gzip works both are there, and the packed one is not whole.
            if not packed or mark not in found:
                order = (0, mark) if dated else (-int(mark), "")
                with suppress(FileNotFoundError):  # gone since
                    written = entry.stat().st_mtime_ns
                    found[mark] = _Rotated(dated, order, Path(entry.path), written)
    return sorted(found.values())


def _is_at(path: Path, place: _Place, *, same_inode: bool) -> bool:
    with suppress(FileNotFoundError, *_BROKEN), _open(path) as opened:
        return _stands(opened, path, place, same_inode=same_inode)
    return False


def _stands(opened: BufferedIOBase, path: Path, place: _Place, *, same_inode: bool) -> bool:
    """Whether a file is the one that was read up to this place; leaves it there."""
    status = os.fstat(opened.fileno())
    if (same_inode or not place.tail) and status.st_ino != place.inode:
        return False
    if path.suffix != ".gz":
        if status.st_size < place.position:
            return False
    elif place.position > _MAX_UNPACKED or place.position > _unpacked(opened, status.st_size):
        return False
    opened.seek(place.position - len(place.tail))
    return opened.read(len(place.tail)) == place.tail


def _unpacked(opened: BufferedIOBase, size: int) -> int:
    """The size that gzip has written at the end of a file."""
    return int.from_bytes(os.pread(opened.fileno(), 4, max(0, size - 4)), "little")


def _read(opened: BufferedIOBase, place: _Place, take: Take, left: int, *, ended: bool) -> int:
    rest = b""
    while left > 0:
        chunk = opened.read(min(_CHUNK, left))
        if not chunk:
            if ended and rest and not place.inside:
                _consume(rest + b"\n", place, take)
            break
        left -= len(chunk)
        rest = _consume(rest + chunk, place, take)
    return left


def _consume(found: bytes, place: _Place, take: Take) -> bytes:
    """Hand over whole lines; what is left is the beginning of one."""
    *lines, rest = found.split(b"\n")
    for line in lines:
        if not place.inside:
            take(_text(line))
        place.inside = False
    if len(rest) > _MAX_LINE:
        if not place.inside:
            take(_text(rest))
        place.inside, rest = True, b""
    done = found[: len(found) - len(rest)]
    place.position += len(done)
    place.tail = (place.tail + done[-_TAIL:])[-_TAIL:]
    return rest


def _text(line: bytes) -> str:
    return line[:_MAX_LINE].decode("utf-8", "replace").rstrip("\r")
