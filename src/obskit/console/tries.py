"""Wrong tries to sign in: so many a minute, and whoever makes more must wait."""

from __future__ import annotations

from collections import Counter

from obskit.clock import Clock

#: Wrong tokens in a minute: from one address, and from all of them.
EACH, ALL = 10, 100
_SECONDS = 60.0


class Tries:
    """The wrong tries of a minute, in this process. Without a lock, which a forked child could inherit.

    It never holds more addresses than there may be tries.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends = 0.0
        self._failed: Counter[str] = Counter()

    def wait(self, address: str) -> float:
        """How many seconds nothing is tried from an address; 0 where it may.

        Args:
            address: Whose.
        """
        left = self._ends - self._clock.monotonic()
        failed = self._failed
        is_over = failed[address] >= EACH or failed.total() >= ALL
        return left if is_over and left > 0 else 0.0

    def failed(self, address: str) -> None:
        """A try was wrong.

        Args:
            address: Whose.
        """
        now = self._clock.monotonic()
        if now >= self._ends:
            self._ends, self._failed = now + _SECONDS, Counter()
        self._failed[address] += 1
