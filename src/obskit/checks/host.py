"""Which process of a host runs the host's checks: whoever holds a lock, which dies with its holder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from obskit.export import lock

_log = logging.getLogger("obskit.checks")


class Host:
    """The lock of a host, as one process has it.

    Args:
        folder: What the processes of the host share.

    Attributes:
        is_held: Whether this process runs the checks of its host.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = ExitStack()
        self._has_lock = False
        self._told = False
        self.is_held = False

    def take(self, names: Iterable[str]) -> None:
        """Take the lock if it is free. Where there can be none this process runs the checks all the same.

        That two run a check is better than that nobody does.

        Args:
            names: Of the checks: another app of the service has others, and another lock.
        """
        if self._has_lock:
            return
        listed = "\n".join(sorted(names))
        path = self._folder / f"checks-{sha256(listed.encode()).hexdigest()[:16]}.lock"
        try:
            self._has_lock = self.is_held = self._try(path)
        except OSError as error:
            self.is_held = True
            if not self._told and lock.fcntl is not None:
                _log.warning(
                    "each process of this host runs the checks of the host, which one alone should:"
                    " there can be no lock in %s (%s). Let this user write there, or set"
                    " OBSKIT_RUN_DIR to a folder on a local disk",
                    self._folder,
                    error.strerror or error,
                )
            self._told = True
        else:
            self._told = False

    def _try(self, path: Path) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as tried:
            held = tried.enter_context(lock.exclusive_or_error(path))
            if held:
                self._lock = tried.pop_all()
        return held

    def give_back(self) -> None:
        """Let another process of the host run the checks."""
        self._has_lock = self.is_held = False
        self._lock.close()
