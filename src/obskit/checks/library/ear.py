"""Hears the lines that this process logs, and hands on those that fit a pattern."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar

from obskit import listeners, names
from obskit.checks.library.pattern import compiled
from obskit.listeners import Line

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_MAX_LINE = 4_096


class Found(Protocol):
    """Makes something of the lines that fit."""

    def add(self, line: str, at: float) -> None:
        """Take a line that came at a time of the monotonic clock."""


_Found = TypeVar("_Found", bound=Found)
_Read = TypeVar("_Read")


class Ear(Generic[_Found]):
    """Hears lines for as long as somebody holds it, in the threads that log them.

    Those never wait: a line that comes while another thread adds one is added by the next, with the
    time at which it came. So a line may also be logged by what interrupts the adding.

    Args:
        pattern: A regular expression, looked for in each line as `text_of` writes it.
        level: The least level that is heard: "debug", "info", "warning", "error", "critical".
        begin: Makes what the lines are added to; again in a forked child.

    Attributes:
        missed: How many lines could not be taken.

    Raises:
        ValueError: The pattern or the level is none.
    """

    def __init__(self, pattern: str, level: str, begin: Callable[[], _Found]) -> None:
        self._search = compiled(pattern).search
        if level not in _LEVELS:
            raise ValueError(f"level is {level!r}: no level: give one of {', '.join(_LEVELS)}")
        self._least = _LEVELS[level]
        self._begin = begin
        self.after_fork()
        listeners.add(self)

    def after_fork(self) -> None:
        """In a forked child nothing has been heard."""
        self._lock = Lock()
        self._waiting: deque[tuple[float, str]] = deque()
        self._found = self._begin()
        self.missed = 0

    def hear(self, line: Line) -> None:
        """Add a line, if it fits and is no check's result: that may quote what was found.

        Args:
            line: The line.
        """
        if line.level < self._least or line.event_name == names.EVENT_CHECK:
            return
        try:
            text = text_of(line)
            if self._search(text) is None:
                return
            self._waiting.append((monotonic(), text))
            if self._lock.acquire(blocking=False):
                try:
                    self._settle()
                finally:
                    self._lock.release()
        except Exception:  # no memory, no stack: it is not the host's line that failed
            self.missed += 1

    def told(self, read: Callable[[_Found], _Read]) -> _Read:
        """What was made of all lines until now.

        Args:
            read: Reads it; no line is added meanwhile.
        """
        with self._lock:
            self._settle()
            return read(self._found)

    def _settle(self) -> None:
        for _ in range(len(self._waiting)):
            at, text = self._waiting.popleft()
            self._found.add(text, at)


def text_of(line: Line) -> str:
    """A line as patterns see it: level, logger, event, fields, exception.

    Args:
        line: The line; of a long one the first 4,096 characters.

    Returns:
        Such as ``error shop.orders: order.failed order_id=7 ValueError: no such row``.
    """
    fields = (f"{name}={value}" for name, value in line.fields.items())
    failure = () if line.failure is None else (f"{line.failure.type}: {line.failure.message}",)
    parts = (line.level_name, f"{line.logger}:", line.event, *fields, *failure)
    return " ".join(parts)[:_MAX_LINE]
