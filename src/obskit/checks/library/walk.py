"""The files of a folder, one after another, within bounds of work and memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from time import monotonic

from obskit.duration import Duration, format_duration, parse_duration

# Each level holds a descriptor; what lies deeper is counted as unread.
_MAX_DEPTH = 64
# Asking for the time at each entry would cost as much as the entry.
_LOOK = 256


class CannotJudge(Exception):
    """What is asked about cannot be read; the message says why, and what to do."""


class Walk:
    """The regular files of a folder. Links are not followed.

    Args:
        folder: Where to begin.
        pattern: What names of files look like, as a shell writes it.
        recursive: Whether the folders in it belong to it.
        timeout: How long the walk may take.

    Attributes:
        unread: How many folders in it could not be read.

    >>> sorted(entry.name for entry in Walk("/etc", "host?"))
    ['hosts']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        pattern: str = "*",
        *,
        recursive: bool = False,
        timeout: Duration = 5.0,
    ) -> None:
        self.folder = Path(folder)
        self.unread = 0
        self._pattern = pattern
        self._recursive = recursive
        self._timeout = parse_duration(timeout)

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        """Walk.

        Raises:
            CannotJudge: The folder may not be read, or took too long.
            FileNotFoundError: There is no such folder.
        """
        deadline = monotonic() + self._timeout
        open_folders = [self._first()]
        seen = 0
        try:
            while open_folders:
                entry = next(open_folders[-1], None)
                if entry is None:
                    open_folders.pop().close()
                    continue
                seen += 1
                if seen % _LOOK == 0 and monotonic() > deadline:
                    raise CannotJudge(
                        f"{self.folder} has more than {seen} entries, too many for"
                        f" {format_duration(self._timeout)}: give it longer, or watch a smaller folder"
                    )
                if entry.is_dir(follow_symlinks=False):
                    if self._recursive:
                        self._enter(entry.path, open_folders)
                elif fnmatch(entry.name, self._pattern) and entry.is_file(follow_symlinks=False):
                    yield entry
        finally:
            for one in open_folders:
                one.close()

    def _first(self) -> os._ScandirIterator[str]:
        try:
            return os.scandir(self.folder)
        except PermissionError:
            raise CannotJudge(
                f"{self.folder} may not be read by this user: run as another"
            ) from None
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"{self.folder} is no folder: correct the path, or make it"
            ) from None

    def _enter(self, path: str, open_folders: list[os._ScandirIterator[str]]) -> None:
        if len(open_folders) >= _MAX_DEPTH:
            self.unread += 1
            return
        try:
            open_folders.append(os.scandir(path))
        except OSError:  # another user's, or gone since
            self.unread += 1
