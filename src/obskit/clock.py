"""The time. One object, so that a test can replace it."""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from functools import lru_cache
from typing import Protocol

_SECOND = 1_000_000


class Clock(Protocol):
    """What obskit asks about time."""

    def now(self) -> float:
        """Seconds since the Unix epoch. May jump when the host's clock is set."""

    def monotonic(self) -> float:
        """Seconds from an unknown origin. Never goes back."""


class SystemClock:
    """The clock of the machine."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


SYSTEM_CLOCK = SystemClock()


def to_rfc3339(seconds: float) -> str:
    """Write an instant as RFC 3339 in UTC with microseconds.

    Args:
        seconds: Seconds since the Unix epoch.

    >>> to_rfc3339(0)
    '1970-01-01T00:00:00.000000Z'
    """
    whole = math.floor(seconds)
    microseconds = round((seconds - whole) * 1e6)
    if microseconds == _SECOND:
        whole, microseconds = whole + 1, 0
    return f"{_to_the_second(whole)}.{microseconds:06d}Z"


@lru_cache(maxsize=8)
def _to_the_second(seconds: int) -> str:
    # Many lines are of one second, and this is what takes long.
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()[:19]
