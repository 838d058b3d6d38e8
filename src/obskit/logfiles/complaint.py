"""That a log file cannot be written, told on standard error once until it can."""

from __future__ import annotations

import errno
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic

# While nothing can be written, how often that is tried: a broken disk must not cost each line.
_SECONDS_BETWEEN_TRIES = 1.0
_WHAT_TO_DO = {
    errno.ENOENT: "make the folder {folder}, or name another by OBSKIT_LOG_FOLDER",
    errno.ENOTDIR: "{folder} is no folder: name another by OBSKIT_LOG_FOLDER",
    errno.EACCES: "give the user of this process the right to write to {folder} and to the file",
    errno.EPERM: "give the user of this process the right to write to {folder} and to the file",
    errno.EROFS: "{folder} can only be read: name another by OBSKIT_LOG_FOLDER",
    errno.ENOSPC: "the disk of {folder} is full: make room there",
    errno.EDQUOT: "the quota of the user is used up: make room in {folder}",
    errno.EAGAIN: "another process holds the file: is one stopped in the middle of a line?",
}


class Complaint:
    """What keeps a file from being written.

    Not by `logging`: such a line would be one for the file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._error: OSError | None = None
        self._again = 0.0
        self._lost = 0

    def check(self) -> None:
        """Fail at once where writing failed a moment ago.

        Raises:
            OSError: As a moment ago.
        """
        if self._error is not None and monotonic() < self._again:
            self._lost += 1
            raise OSError(self._error.errno, self._error.strerror)

    def wrong(self, error: OSError) -> None:
        """A line could not be written.

        Args:
            error: Why.
        """
        before = self._error
        self._error, self._again = error, monotonic() + _SECONDS_BETWEEN_TRIES
        self._lost += 1
        if before is None or before.errno != error.errno:
            what = _WHAT_TO_DO.get(error.errno or 0, "see that {folder} can be written to")
            say(
                f"{self._path} cannot be written ({error.strerror or error}):"
                f" {what.format(folder=self._path.parent)}. The application goes on; the lines are"
                " counted as dropped until it can."
            )

    def well(self) -> None:
        """A line was written: the next failure is news again."""
        if self._error is not None:
            self._error, lost, self._lost = None, self._lost, 0
            say(f"{self._path} can be written again; {lost} lines were not")


def say(text: str) -> None:
    """Write a line to standard error. Never raises.

    Args:
        text: The line.
    """
    with suppress(Exception):  # there may be none, or a closed one
        sys.stderr.write(f"obskit: {text}\n")
        sys.stderr.flush()
