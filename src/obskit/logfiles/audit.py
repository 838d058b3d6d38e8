"""The audit: a file of records that form one chain, whichever process writes them.

Whoever writes holds a lock, reads the chain's head, appends the record, has the disk keep it, and
writes the new head. Nothing is remembered between two records, so that threads and forked children
need nothing of each other. A process that is killed in between leaves a head that lags behind the
file: the next writer goes on from the file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep, time
from typing import NamedTuple

import orjson

from obskit.export.lock import exclusive_or_error
from obskit.logfiles import chain, naming
from obskit.logfiles.chain import Head
from obskit.logfiles.linefile import MODE
from obskit.logfiles.lines import rows_of
from obskit.logfiles.streams import AUDIT

LOCK, HEAD = ".audit.lock", "audit.head"
# A record costs one wait for the disk; that many writers may be before.
_PATIENCE = 2.0
_PAUSE = 0.001
# Of the head's file: it is overwritten in one write.
_WIDTH = 128
_MOST_BEHIND = 16_777_216
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_keep: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Known(NamedTuple):
    """What the head's file says.

    Attributes:
        head: The chain's head.
        size: Bytes of the file that is written to, after it.
    """

    head: Head
    size: int


def append(folder: Path, record: bytes, max_bytes: int) -> Head:
    """Write a record. When this returns, the disk has it.

    Args:
        folder: The folder of log files.
        record: An object of JSON, without an end of line.
        max_bytes: The file is rotated before it would become larger.

    Returns:
        The chain's head after it.

    Raises:
        OSError: It could not be written, or others write for too long. The chain is as before.
    """
    path = naming.active(folder, AUDIT)
    with locked(folder), _opened(folder / HEAD) as note:
        with _opened(path) as file:
            known = _mended(folder, file, _known(note) or _recovered(folder))
            full = known.size and known.size + len(record) + chain.ROOM > max_bytes
            if not full:
                return _put(path, file, record, known.head, note)
        path.rename(naming.rotated_now(path, time(), known.head.seq))
        _note(note, Known(known.head, 0))
        with _opened(path) as file:
            return _put(path, file, record, known.head, note)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the audit for oneself; nobody writes meanwhile.

    Args:
        folder: The folder of log files.

    Raises:
        OSError: It cannot be had.
    """
    ends = monotonic() + _PATIENCE
    while True:
        with exclusive_or_error(folder / LOCK) as ours:
            if ours:
                yield
                return
        if monotonic() >= ends:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        sleep(_PAUSE)


def known_head(folder: Path) -> Head | None:
    """What the head's file says; None where there is none, or nothing in it.

    Args:
        folder: The folder of log files.

    Raises:
        OSError: It cannot be read.
    """
    try:
        with (folder / HEAD).open("rb") as note:
            known = _known(note.fileno())
    except FileNotFoundError:
        return None
    return known.head if known else None


def files(folder: Path) -> list[Path]:
    """The files of the chain, in order.

    Args:
        folder: The folder of log files.

    Raises:
        OSError: It cannot be read.
    """
    now = naming.active(folder, AUDIT)
    rotated = [naming.read(path) for path in naming.files(folder, AUDIT) if path != now]
    # The last number in their names is that of their last record: no clock tells it wrong.
    ours = sorted((int(one.when.rpartition("-")[2]), one.path) for one in rotated if one)
    return [*(path for _, path in ours), *([now] if now.exists() else [])]


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, _FLAGS, MODE)
    try:
        yield file
    finally:
        os.close(file)


def _known(note: int) -> Known | None:
    with suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        found = orjson.loads(os.pread(note, _WIDTH, 0))
        return Known(Head(int(found["seq"]), str(found["hash"])), int(found["size"]))
    return None


def _note(note: int, known: Known) -> None:
    told = orjson.dumps({"seq": known.head.seq, "hash": known.head.hash, "size": known.size})
    with suppress(OSError):  # the next writer finds what is behind an older head
        os.pwrite(note, told.ljust(_WIDTH - 1) + b"\n", 0)


def _mended(folder: Path, file: int, known: Known) -> Known:
    """What is behind the head: records of writers that were killed, and a part of one."""
    size = os.fstat(file).st_size
    head, at = known.head, known.size
    if size <= at:  # less: somebody has cut it off, which is told when it is verified
        return Known(head, size)
    if size - at > _MOST_BEHIND:
        return _recovered(folder)
    rows = os.pread(file, size - at, at).splitlines(keepends=True)
    for row in rows:
        link = chain.read(row)
        if link is None or not link.follows(head):
            break
        head, at = link.head, at + len(row)
    if at < size and not rows[-1].endswith(b"\n"):
        _end_line(file, size, at, rows[-1])
    return Known(head, os.fstat(file).st_size)


def _end_line(file: int, size: int, at: int, last: bytes) -> None:
    """A part of a record that nobody was told of goes; behind anything else a line begins."""
    if at + len(last) == size:
        os.ftruncate(file, at)
    else:
        os.pwrite(file, b"\n", size)


def _recovered(folder: Path) -> Known:
    """The head where its file is lost: the last record that can be read."""
    now = naming.active(folder, AUDIT)
    for path in reversed(files(folder)):
        links = [link for row in rows_of(path) if (link := chain.read(row))]
        if links:
            return Known(links[-1].head, now.stat().st_size)
    return Known(Head(), 0)


def _put(path: Path, file: int, record: bytes, head: Head, note: int) -> Head:
    line, head = chain.sealed(record, head)
    size = os.fstat(file).st_size
    try:
        _write(file, line, size)
        if not size:
            _keep_name(path)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise
    _note(note, Known(head, size + len(line)))
    return head


def _write(file: int, line: bytes, at: int) -> None:
    if os.pwrite(file, line, at) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _keep(file)


def _keep_name(path: Path) -> None:
    """A power cut must not take a new file's name either."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
