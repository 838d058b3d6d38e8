"""What has been counted of an operation: its runs by how long they took, and why some failed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from obskit import names
from obskit.operations.quantile import quantile

_BOUNDS = names.OPERATION_DURATION.buckets
_P95 = 0.95


class Tally:
    """What has been counted.

    Attributes:
        failed: Failed runs, by reason.
        durations: Runs, by the histogram's buckets.
    """

    __slots__ = ("durations", "failed")

    def __init__(self) -> None:
        self.failed: Counter[str] = Counter()
        self.durations = [0] * (len(_BOUNDS) + 1)

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return sum(self.durations)

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return sum(self.failed.values())

    @property
    def p95(self) -> float | None:
        """What 95 of 100 runs did not take longer than, seconds; None without a run."""
        return quantile(_P95, _BOUNDS, self.durations)

    def add(self, seconds: float, reason: str | None) -> None:
        """Count a run; its reason where it has failed."""
        self.durations[bisect_left(_BOUNDS, seconds)] += 1
        if reason is not None:
            self.failed[reason] += 1

    def merge(self, other: Tally) -> None:
        """Count what another has counted."""
        self.failed.update(other.failed)
        for number, count in enumerate(other.durations):
            self.durations[number] += count
