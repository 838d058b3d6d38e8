"""The account of every record: what was taken in equals what became of it.

For each signal: accepted = exported + dropped + queued.
"""

from __future__ import annotations

from collections import Counter
from threading import RLock

SIGNALS = ("traces", "metrics", "logs", "errors")


class Ledger:
    """Counts of one process. Safe between threads, and within a signal handler of one.

    >>> ledger = Ledger()
    >>> ledger.accept("traces", 3)
    >>> ledger.export("traces", 1)
    >>> ledger.drop("traces", "export_failed", 1)
    >>> ledger.snapshot()["traces"]
    {'accepted': 3, 'exported': 1, 'dropped': {'export_failed': 1}, 'queued': 1}
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from nothing, as a forked child must: there the lock may be held for ever."""
        # Reentrant: a signal handler that logs may interrupt the holder in its own thread.
        self._lock = RLock()
        self._accepted: Counter[str] = Counter()
        self._exported: Counter[str] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()

    def accept(self, signal: str, count: int = 1) -> None:
        """Records were taken in."""
        with self._lock:
            self._accepted[signal] += count

    def export(self, signal: str, count: int) -> None:
        """Records were taken by the receiver."""
        with self._lock:
            self._exported[signal] += count

    def drop(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were given up, for a reason in a word or two."""
        with self._lock:
            self._dropped[signal, reason] += count

    def refuse(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were taken in and given up at once.

        >>> ledger = Ledger()
        >>> ledger.refuse("logs", "console_closed")
        >>> ledger.snapshot()["logs"]
        {'accepted': 1, 'exported': 0, 'dropped': {'console_closed': 1}, 'queued': 0}
        """
        with self._lock:
            self._accepted[signal] += count
            self._dropped[signal, reason] += count

    def snapshot(self) -> dict[str, dict[str, int | dict[str, int]]]:
        """The counts as they stand, by signal."""
        with self._lock:
            return {signal: self._of(signal) for signal in SIGNALS}

    def _of(self, signal: str) -> dict[str, int | dict[str, int]]:
        accepted, exported = self._accepted[signal], self._exported[signal]
        dropped = {
            reason: count for (kind, reason), count in self._dropped.items() if kind == signal
        }
        return {
            "accepted": accepted,
            "exported": exported,
            "dropped": dropped,
            "queued": accepted - exported - sum(dropped.values()),
        }
