"""A process tells of itself in a file, again and again, for as long as it serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from obskit.clock import Clock
from obskit.export import spool_folder
from obskit.export.replacing import replace
from obskit.overview.standing import PERIOD

_log = logging.getLogger("obskit.console")

# What a process that was killed has left is removed after a day, seconds.
_LEFT = 86_400.0
_ENDINGS = (".json", ".json.tmp", ".bin")


class Telling:
    """Writes the file of a process; a task of a worker.

    Args:
        path: Gives the file: a forked child has another one.
        content: Gives what is written, by when the process began and by now.
        clock: The time.

    Attributes:
        due: When it is written next, by the monotonic clock.
    """

    def __init__(
        self, path: Callable[[], Path], content: Callable[[float, float], bytes], clock: Clock
    ) -> None:
        self._path = path
        self._content = content
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: what was written is the parent's."""
        self._lock = Lock()
        self._started = self._clock.now()
        self._written: Path | None = None
        self._ended = False
        self._failing = False
        self.due = self._clock.monotonic()

    def run(self) -> None:
        """Write, if it is time to. Never raises."""
        if self._clock.monotonic() < self.due:
            return
        self.due = self._clock.monotonic() + PERIOD
        try:
            with self._lock:
                if not self._ended:
                    self._write()
        except Exception as error:
            if not self._failing:
                known = isinstance(error, OSError)
                _log.warning(
                    "the status page is not told of this process: %s; it is tried again each %g s",
                    error,
                    PERIOD,
                    exc_info=None if known else error,
                )
            self._failing = True
        else:
            if self._failing:
                _log.info("the status page is told of this process again")
            self._failing = False

    def finish(self) -> None:
        """The process ends: there is nothing more to tell of it."""
        with self._lock:
            self._ended = True
            if self._written is not None:
                with suppress(OSError):
                    self._written.unlink()

    def _write(self) -> None:
        path = self._path()
        if path != self._written:
            spool_folder.make(path.parent)
            _remove_old(path.parent, self._clock.now())
        replace(path, self._content(self._started, self._clock.now()), 0o600)
        self._written = path


def _remove_old(folder: Path, now: float) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if path.name.endswith(_ENDINGS) and now - path.stat().st_mtime > _LEFT:
                path.unlink()
