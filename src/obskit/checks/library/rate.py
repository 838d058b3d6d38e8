"""What counters that only rise have risen by since the run before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Rise(NamedTuple):
    """By how much counters have risen, and in what time."""

    counts: tuple[int, ...]
    seconds: float


class Counters:
    """Counters of something that may begin anew. Safe in several threads.

    Args:
        clock: Seconds that only rise.

    >>> counters = Counters()
    >>> counters.rise((90, 10), 60.0, least=100).counts, counters.rise((95, 10), 61.0, least=100)
    ((90, 10), None)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: tuple[tuple[int, ...], float] | None = None
        self._lock = threading.Lock()

    def rise(self, counts: tuple[int, ...], age: float, *, least: int = 0) -> Rise | None:
        """What they have risen by since they last rose by enough; the first time, since they began.

        Args:
            counts: What they are at.
            age: How long they have been counting, seconds.
            least: What together they must have risen by; until then the time grows.

        Returns:
            The rise, or None where it is not enough yet.
        """
        now = self._clock()
        with self._lock:
            since = Rise(counts, age)
            if self._before is not None:
                before, then = self._before
                risen = tuple(n - b for n, b in zip(counts, before, strict=True))
                if min(risen) >= 0:  # else they began anew
                    since = Rise(risen, now - then)
            if sum(since.counts) < least:
                return None
            self._before = counts, now
            return since
