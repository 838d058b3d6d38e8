"""A lock between the processes of one host, which dies with its holder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from errno import EINVAL, ENOSYS
from importlib import import_module
from pathlib import Path
from typing import Any

# Windows has no flock: nobody gets the lock there.
fcntl: Any = import_module("fcntl") if os.name == "posix" else None

# Open files, each with the process that locked it.
_held: dict[int, int] = {}


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Hold the lock if it is free; never wait for it.

    A child that is forked inside the `with` does not hold it, whatever it was told.

    Args:
        path: The file of the lock. It is made if its folder is there, and never removed.

    Returns:
        A context manager that gives whether the lock is held. Where there can be no lock, it is not.
    """
    with ExitStack() as stack:
        held = False
        with suppress(OSError):
            held = stack.enter_context(exclusive_or_error(path))
        yield held


@contextmanager
def exclusive_or_error(path: Path) -> Iterator[bool]:
    """The same, for who has to know why there can be no lock.

    Args:
        path: The file of the lock.

    Raises:
        OSError: There can be no lock: no folder, no right to write in it, a file system without locks.
    """
    file = _take(path)
    try:
        yield file is not None
    finally:
        if file in _held:  # in a forked child it is closed already, and the number may be another's
            _release(file)


def _take(path: Path) -> int | None:
    if fcntl is None:
        raise OSError(ENOSYS, "this system has no flock")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK
    try:
        file = os.open(path, flags, 0o600)
    except ValueError as error:  # no name of a file
        raise OSError(EINVAL, str(error)) from error
    _held[file] = os.getpid()
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        del _held[file]
        os.close(file)
        if isinstance(error, BlockingIOError):  # another has it
            return None
        raise
    return file


def _release(file: int) -> None:
    if _held.pop(file) == os.getpid():  # else this is a child that was forked in C
        with suppress(OSError):
            # Not by closing alone: such a child holds the same open file.
            fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)


def _close_in_child() -> None:
    # The lock belongs to the open file, which lives as long as any process has it open.
    for file in _held:
        with suppress(OSError):
            os.close(file)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
