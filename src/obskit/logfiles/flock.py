"""Locks of an open file that never make anybody wait for long.

Other than `export.lock`, a file that is locked here is the one that is written.
"""

from __future__ import annotations

import os
from errno import ENOSYS
from importlib import import_module
from time import monotonic, sleep
from typing import Any

# Windows has no flock.
_fcntl: Any = import_module("fcntl") if os.name == "posix" else None
_PAUSE = 0.0005
_LONGEST_PAUSE = 0.01


def shared(file: int, patience: float) -> None:
    """Lock a file as others may at the same time.

    Args:
        file: The open file.
        patience: Seconds after which it is given up.

    Raises:
        BlockingIOError: Another holds it for itself alone.
        OSError: Files cannot be locked here.
    """
    _within(file, _known().LOCK_SH, patience)


def alone(file: int, patience: float = 0.0) -> None:
    """Lock a file as nobody else may. What was held of it before is given up first.

    Args:
        file: The open file.
        patience: Seconds after which it is given up.

    Raises:
        BlockingIOError: Another holds it.
        OSError: Files cannot be locked here.
    """
    _within(file, _known().LOCK_EX, patience)


def release(file: int) -> None:
    """Hold it no longer.

    Args:
        file: The open file.
    """
    _known().flock(file, _fcntl.LOCK_UN)


def _known() -> Any:
    if _fcntl is None:
        raise OSError(ENOSYS, "this system has no flock")
    return _fcntl


def _within(file: int, kind: int, patience: float) -> None:
    ends, pause = 0.0, _PAUSE
    while True:
        try:
            _fcntl.flock(file, kind | _fcntl.LOCK_NB)
            return
        except BlockingIOError:
            now = monotonic()
            ends = ends or now + patience
            if now >= ends:
                raise
        sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
