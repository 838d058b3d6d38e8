"""What happened in the last so many seconds, in bounded memory: a ring of short spans of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import RLock
from typing import Generic, TypeVar

from obskit.operations.forks import renew_after_fork

#: So many spans make a window: it looks back at most this share of itself too far.
PARTS = 60

T = TypeVar("T")


class Window(Generic[T]):
    """A window that slides. What is in it, is in it for the whole of its time, and at most 1/60 longer.

    Args:
        seconds: How far it looks back.
        clock: Gives the time: seconds that never go back.
        empty: Makes what a span of time holds at first.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], empty: Callable[[], T]) -> None:
        self._width = seconds / PARTS
        self._clock = clock
        self._empty = empty
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: nothing has happened yet, and nobody holds the lock."""
        # Reentrant: a handler of a signal may measure too.
        self._lock = RLock()
        self._spans: dict[int, T] = {}

    def change(self, change: Callable[[T], object]) -> None:
        """Change what the span of now holds.

        Args:
            change: Is given it. Must not raise.
        """
        with self._lock:
            now = self._now()
            span = self._spans.get(now)
            if span is None:
                self._forget(now)
                span = self._spans[now] = self._empty()
            change(span)

    def read(self, last: int = PARTS) -> list[T]:
        """What the spans of the window hold, the oldest first; those in which nothing happened are left out.

        Args:
            last: How many spans before the one of now are read.
        """
        with self._lock:
            now = self._now()
            return [span for number, span in self._spans.items() if number >= now - last]

    def _now(self) -> int:
        return int(self._clock() // self._width)

    def _forget(self, now: int) -> None:
        for number in list(self._old(now)):
            del self._spans[number]

    def _old(self, now: int) -> Iterator[int]:
        for number in self._spans:
            if number >= now - PARTS:
                return
            yield number
