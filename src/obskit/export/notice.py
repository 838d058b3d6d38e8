"""What the export says of itself: people hear it, and it does not travel by the path that it speaks of.

A line for each batch that fails would be a batch that fails, and so on without end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

_log = logging.getLogger("obskit.export")
_stays: ContextVar[bool] = ContextVar("obskit_export_notice", default=False)


def say(level: int, message: str, *arguments: object, exc_info: bool = False) -> None:
    """Log a line that stays in the process. Never raises, whatever handlers the host has.

    Args:
        level: As `logging` has it.
        message: What to say, as a format.
        arguments: Of the format.
        exc_info: Whether to tell the exception that is being handled.
    """
    with suppress(Exception), staying():
        _log.log(level, message, *arguments, exc_info=exc_info or None)


@contextmanager
def staying() -> Iterator[None]:
    """Whatever is logged meanwhile, in this thread or task, stays in the process."""
    token = _stays.set(True)
    try:
        yield
    finally:
        _stays.reset(token)


def stays() -> bool:
    """Whether a line that is logged now stays in the process.

    >>> with staying():
    ...     stays()
    True
    """
    return _stays.get()
