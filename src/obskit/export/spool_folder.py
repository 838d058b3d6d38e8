"""The directory of a spool: what lies in it, and how it is kept within its bounds.

Anything may vanish between two steps, taken by another process. Whoever removes a file counts it.
What does not bear a name of the spool is somebody's, and is neither read nor touched.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from obskit.export.spool_file import Name, read_name

_TORN = "torn"
_MOST_TORN = 20
# A file is written in less; what is older was left by a process that was killed.
_PARTIAL_SECONDS = 60.0


def make(folder: Path) -> None:
    """Make the directory, for this user only.

    Raises:
        OSError: It cannot be made, or is another user's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix" or os.getuid() == 0:
        return
    # What somebody else made first in a shared place would be theirs to read.
    if folder.stat().st_uid not in (0, os.getuid()):
        raise PermissionError(errno.EPERM, "it belongs to another user")


def waiting(folder: Path) -> list[Name]:
    """The batches, in order."""
    return [name for name in _names(folder) if not name.partial]


def torn(folder: Path) -> list[Name]:
    """What was set aside, in order."""
    return _names(folder / _TORN)


def sizes(folder: Path) -> list[tuple[Name, int]]:
    """All files of the spool with their bytes, in order; those that are being written too."""
    found = []
    for name in _names(folder):
        with suppress(OSError):  # gone meanwhile
            found.append((name, (folder / name.text).lstat().st_size))
    return found


def make_room(
    folder: Path,
    size: int,
    max_bytes: int,
    max_age: float,
    now: float,
    dropped: Counter[tuple[str, str]],
) -> bool:
    """Drop what is too old, then the oldest, until so many bytes fit.

    Args:
        folder: The directory.
        size: Bytes of what is to be written.
        max_bytes: The most that all files may take with it.
        max_age: Seconds after which a batch is too old.
        now: Seconds since the Unix epoch.
        dropped: Gets (signal, reason) → records of what is dropped.

    Returns:
        Whether it fits. What is larger than everything may be drops nothing for its sake.
    """
    found = sizes(folder)
    total = sum(each for _, each in found)
    kept: list[tuple[Name, int]] = []
    for name, each in found:
        reason = _outlived(name, max_age, now)
        if not reason:
            kept.append((name, each))
        elif drop(folder, name, reason, dropped):
            total -= each
    for name, each in kept if size <= max_bytes else ():
        if total + size <= max_bytes:
            break
        if not name.partial and drop(folder, name, "spool_size", dropped):
            total -= each
    return total + size <= max_bytes


def _outlived(name: Name, max_age: float, now: float) -> str:
    if name.partial:
        # Either way: a clock that was set back may have left it in the future.
        return "spool_torn" if abs(now - name.time_ns / 1e9) > _PARTIAL_SECONDS else ""
    return "spool_age" if name.age(now) > max_age else ""


def drop(folder: Path, name: Name, reason: str, dropped: Counter[tuple[str, str]]) -> bool:
    """Remove a file, and count its records.

    Args:
        folder: The directory.
        name: The file.
        reason: Why.
        dropped: Gets (signal, reason) → records, if it was there.

    Returns:
        Whether it is gone.
    """
    try:
        (folder / name.text).unlink()
    except FileNotFoundError:
        return True  # another process took it, and counts it
    except OSError:
        return False
    dropped[name.signal, reason] += name.records
    return True


def set_aside(folder: Path, name: Name) -> bool:
    """Move a file to those that are kept for a look, of which the newest stay.

    Returns:
        Whether it was there and is gone.
    """
    place = folder / _TORN
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        (folder / name.text).replace(place / name.text)
    except FileNotFoundError:
        return False
    except OSError:  # no place for it: at least it shall not stand in the way
        try:
            (folder / name.text).unlink()
        except OSError:
            return False
    for old in torn(folder)[:-_MOST_TORN]:
        with suppress(OSError):
            (place / old.text).unlink()
    return True


def empty(folder: Path) -> dict[str, int]:
    """Remove all files of the spool, and what was set aside.

    Returns:
        Signal → records of the batches that were removed.
    """
    removed: Counter[str] = Counter()
    for name in _names(folder):
        with suppress(OSError):
            (folder / name.text).unlink()
            if not name.partial:
                removed[name.signal] += name.records
    for name in torn(folder):
        with suppress(OSError):
            (folder / _TORN / name.text).unlink()
    with suppress(OSError, ValueError):  # it holds what is not ours, or can be no path
        (folder / _TORN).rmdir()
    return dict(removed)


def _names(folder: Path) -> list[Name]:
    return sorted(_scan(folder))


def _scan(folder: Path) -> Iterator[Name]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = read_name(entry.name)
                if name is not None and not entry.is_dir(follow_symlinks=False):
                    yield name
    except (OSError, ValueError):  # there is none, or it cannot be read
        return
