"""The time. One object, so that a test can replace it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Protocol


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
    instant = datetime.fromtimestamp(seconds, timezone.utc)
    return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")
