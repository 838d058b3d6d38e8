"""What becomes of rotated files: compressed, thinned by level and age, removed where all is too much.

One process of a host does it at a time, in a thread that gives way to the application. A process that
is killed meanwhile leaves nothing that the next one does not put right.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from obskit.export.lock import exclusive
from obskit.logfiles import flock, naming
from obskit.logfiles.complaint import say
from obskit.logfiles.linefile import MODE
from obskit.logfiles.naming import Rotated
from obskit.logfiles.streams import AUDIT

LOCK = ".care.lock"
_CHUNK = 65_536
_PACKED_CHUNK = 4_096  # it may hold twenty times as much
# Between two chunks; Python gives other threads their turn meanwhile.
_PAUSE = 0.001
_GZIP = 31  # zlib's number for the format of gzip
_DAY = 86_400.0
_LEVEL = re.compile(rb'"level": ?"([a-z]+)"')
_LEVELS = {b"debug": 10, b"info": 20, b"warning": 30, b"error": 40, b"critical": 50}
_INFO, _CRITICAL = 20, 50
_NOTHING_LEFT = 60


class Limits(NamedTuple):
    """How much is kept.

    Attributes:
        seconds: Level → how long its lines are kept; a level that is not there, for ever.
        max_bytes: Bytes of all log files but the audit.
    """

    seconds: Mapping[int, float]
    max_bytes: int

    def least(self, age: float) -> int:
        """The least level whose lines are still kept at an age; 60 where none is.

        >>> Limits({10: 60.0, 20: 3600.0}, 0).least(61.0)
        20
        """
        kept = (level for level in _LEVELS.values() if self.seconds.get(level, age) >= age)
        return min(kept, default=_NOTHING_LEFT)


def days(given: Mapping[int, float]) -> dict[int, float]:
    """Days by level as seconds.

    >>> days({10: 7})
    {10: 604800.0}
    """
    return {level: count * _DAY for level, count in given.items()}


def care(folder: Path, limits: Limits) -> None:
    """Do all that is to be done now, unless another process is at it. Never raises.

    Args:
        folder: The folder of the log files.
        limits: How much is kept.
    """
    try:
        with exclusive(folder / LOCK) as ours:
            if ours:
                _finish(folder)
                for one in naming.rotated(folder):
                    if not one.packed:
                        _compress(one.path)
                _thin_by_age(folder, limits, time.time())
                _keep_within(folder, limits)
    except (OSError, zlib.error, EOFError) as error:
        say(f"rotated log files in {folder} cannot be compressed or removed: {error}")


def _finish(folder: Path) -> None:
    """Put right what a process left that was killed."""
    for path in folder.glob(f"*{naming.PACKED}{naming.PART}"):
        path.unlink()
    for one in naming.rotated(folder):
        if not one.packed and one.path.with_name(one.path.name + naming.PACKED).exists():
            one.path.unlink()


def _compress(path: Path) -> None:
    with path.open("rb") as source:
        try:
            # Whoever is writing its last line to it has a moment; later writers see that it moved.
            flock.alone(source.fileno())
        except BlockingIOError:
            return
        flock.release(source.fileno())
        _write_packed(_chunks(source), path, path.with_name(path.name + naming.PACKED))
    path.unlink()


def _thin_by_age(folder: Path, limits: Limits, now: float) -> None:
    for one in naming.rotated(folder):
        least = limits.least(now - one.path.stat().st_mtime)
        if one.packed and one.stream != AUDIT and least > max(one.least, min(_LEVELS.values())):
            _thin(one, least)


def _thin(one: Rotated, least: int) -> None:
    """Remove the lines below a level; the file too, where none is left."""
    left = 0
    if least < _NOTHING_LEFT:
        left = _write_packed(_kept(one.path, least), one.path, one.path)
    if left:
        # Killed in between, it is thinned once more and nothing of it changes.
        one.path.rename(naming.thinned(one, least))
    else:
        one.path.unlink()


def _kept(path: Path, least: int) -> Iterator[bytes]:
    for block in _lines(path):
        yield b"".join(line for line in block if _level(line) >= least)


def _level(line: bytes) -> int:
    found = _LEVEL.search(line)
    return _LEVELS.get(found[1], _INFO) if found else _INFO


def _keep_within(folder: Path, limits: Limits) -> None:
    """Make room: first all but what is critical goes from the oldest files, then these."""
    removed = 0
    for least in (_CRITICAL, _NOTHING_LEFT):
        for one in naming.rotated(folder):
            if _size(folder) <= limits.max_bytes:
                break
            if one.packed and one.stream != AUDIT and one.least < least:
                removed += 1
                _thin(one, least)
    if removed:
        say(
            f"the log files in {folder} took more than {limits.max_bytes} bytes: lines of the oldest"
            f" {removed} were removed before their time. OBSKIT_LOG_FOLDER_MAX_BYTES is the limit"
        )


def _size(folder: Path) -> int:
    streams = (stream for stream in naming.streams(folder) if stream != AUDIT)
    return sum(path.stat().st_size for stream in streams for path in naming.files(folder, stream))


def _write_packed(chunks: Iterator[bytes], source: Path, target: Path) -> int:
    """Write a compressed file, whole or not at all; it is as old as its source.

    Returns:
        Bytes before they were compressed.
    """
    count = 0
    part = target.with_name(target.name + naming.PART)
    before = source.stat()
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with open(file, "wb") as sink:  # noqa: PTH123 - of a descriptor
            packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
            for chunk in chunks:
                count += len(chunk)
                sink.write(packer.compress(chunk))
                time.sleep(_PAUSE)
            sink.write(packer.flush())
            sink.flush()
            os.fsync(file)  # the source is removed next, and a power cut must not take both
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return count


def _chunks(source: BinaryIO, size: int = _CHUNK) -> Iterator[bytes]:
    while chunk := source.read(size):
        yield chunk


def _lines(path: Path) -> Iterator[list[bytes]]:
    """The lines of a compressed file, some at a time, with their ends."""
    unpacker, rest = zlib.decompressobj(_GZIP), b""
    with path.open("rb") as source:
        for chunk in _chunks(source, _PACKED_CHUNK):
            *lines, rest = (rest + unpacker.decompress(chunk)).split(b"\n")
            yield [line + b"\n" for line in lines]
    if not unpacker.eof:
        raise EOFError(f"{path} is cut off")
    if rest:
        yield [rest]
