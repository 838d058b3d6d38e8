"""How many lines there were within a window, and the last of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import Any

from obskit.checks.measurement import Measurement
from obskit.duration import Duration, format_duration, parse_duration

_KEPT_LINES = 50
KEPT_OF_LINE = 1_000
# So many parts of the window are told apart, and remembered.
_PARTS = 60


class Window:
    """A count of lines that slides, in bounded memory. One thread at a time.

    Args:
        window: How far back it goes.

    Raises:
        ValueError: That is no span of time.

    >>> window = Window("5m")
    >>> window.add("boom")
    >>> window.measured("{line}", "booms", {}).value
    1
    """

    def __init__(self, window: Duration) -> None:
        self.span = parse_duration(window)
        self._counts: deque[list[float]] = deque()
        self._lines: deque[tuple[float, str]] = deque(maxlen=_KEPT_LINES)

    def add(self, line: str, at: float | None = None) -> None:
        """Count a line.

        Args:
            line: The line.
            at: When it came, by the monotonic clock; now by default.
        """
        now = monotonic() if at is None else at
        if not self._counts or now - self._counts[-1][0] >= self.span / _PARTS:
            self._counts.append([now, 0])
        self._counts[-1][1] += 1
        self._lines.append((now, line[:KEPT_OF_LINE]))
        if len(self._counts) > _PARTS + 1:  # it may be long until somebody asks
            self._counts.popleft()

    def measured(self, unit: str, message: str, details: Mapping[str, Any]) -> Measurement:
        """How many there are now, with the last 50.

        Args:
            unit: What is counted.
            message: What that is in words; the window is added.
            details: Facts beside it.
        """
        since = monotonic() - self.span
        for kept in (self._counts, self._lines):
            while kept and kept[0][0] <= since:
                kept.popleft()
        count = int(sum(count for _, count in self._counts))
        told = f"{message} in {format_duration(self.span)}"
        return Measurement(count, unit, told, details, [line for _, line in self._lines])
