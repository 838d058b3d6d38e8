"""How log files are named: `app.log`, and what was rotated away from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

PACKED = ".gz"
PART = ".part"
_SUFFIX = ".log"
# What we rotated: app.log-20260101T000000.000000-77, then .gz, then -30.gz: INFO and below are gone.
_OURS = re.compile(
    r"([a-z][a-z0-9_-]*)\.log-([0-9]{8}T[0-9]{6}\.[0-9]{6}-[0-9]+)(-[0-9]{2})?(\.gz)?"
)
# Any file of a stream, also as logrotate names it: app.log, app.log.1, app.log-20260101.gz.
_ANY = re.compile(r"([a-z][a-z0-9_-]*)\.log([.-][0-9][0-9A-Za-z_.-]*?)?(\.gz)?")


class Rotated(NamedTuple):
    """A file that obskit rotated.

    Attributes:
        when: When, and by which process: files sort by it.
        stream: The stream.
        least: The least level that is left in it; 0 where nothing was taken out.
        packed: Whether it is compressed.
        path: The file.
    """

    when: str
    stream: str
    least: int
    packed: bool
    path: Path


def active(folder: Path, stream: str) -> Path:
    """The file that a stream is written to.

    >>> active(Path("logs"), "app").as_posix()
    'logs/app.log'
    """
    return folder / f"{stream}{_SUFFIX}"


def rotated_now(path: Path, now: float, number: int | None = None) -> Path:
    """The name that a file gets when it is rotated.

    Args:
        path: The file.
        now: Seconds since the Unix epoch.
        number: Tells it from others of the same moment; by default that of the process.
    """
    when = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
    return path.with_name(f"{path.name}-{when}-{os.getpid() if number is None else number}")


def thinned(one: Rotated, least: int) -> Path:
    """The name of a compressed file without the lines below a level.

    Args:
        one: The file.
        least: The level.
    """
    name = f"{one.stream}{_SUFFIX}-{one.when}-{least:02d}{PACKED}"
    return one.path.with_name(name)


def read(path: Path) -> Rotated | None:
    """What the name of a file says, or None where obskit did not rotate it.

    >>> found = read(Path("app.log-20260101T000000.000000-77-30.gz"))
    >>> found.stream, found.least, found.packed
    ('app', 30, True)
    """
    found = _OURS.fullmatch(path.name)
    if found is None:
        return None
    least = int(found[3][1:]) if found[3] else 0
    return Rotated(found[2], found[1], least, bool(found[4]), path)


def rotated(folder: Path) -> list[Rotated]:
    """The files that obskit rotated, the oldest first.

    Raises:
        OSError: The folder cannot be read.
    """
    return sorted(one for path in folder.iterdir() if (one := read(path)))


def streams(folder: Path) -> list[str]:
    """The streams of which there are files.

    Raises:
        OSError: The folder cannot be read.
    """
    return sorted({stream for path in folder.iterdir() if (stream := _stream(path))})


def files(folder: Path, stream: str) -> list[Path]:
    """Every file of a stream, the one with the oldest lines first, the one that is written to last.

    A file that was compressed and is still there is left out: its lines are in the compressed one.

    Args:
        folder: The folder.
        stream: The stream.

    Raises:
        OSError: The folder cannot be read.
    """
    found = dict(_aged(folder, stream))
    now = active(folder, stream)
    whole = [path for path in found if path.with_name(path.name + PACKED) not in found]
    return sorted(whole, key=lambda path: (path == now, found[path], path.name))


def _aged(folder: Path, stream: str) -> Iterator[tuple[Path, int]]:
    for path in folder.iterdir():
        if _stream(path) == stream:
            try:
                yield path, path.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # compressed or removed meanwhile


def _stream(path: Path) -> str | None:
    """Whose a file is; None for other files, and for what is only being compressed."""
    found = None if path.suffix == PART else _ANY.fullmatch(path.name)
    return found[1] if found else None
