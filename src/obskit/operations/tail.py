"""The last lines of an output, kept as evidence: bounded, without secrets."""

from __future__ import annotations

from collections import deque
from threading import Lock

from obskit.redaction import text

_LINES = 50
# Of a line longer than this the beginning is kept.
_LONGEST = 1_000
# A secret that the cut went through would no longer be known by its shape.
_MARGIN = 512


class Tail:
    """The last 50 lines of several streams, in the order in which they ended."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=_LINES)
        self._rests: dict[int, bytes] = {}
        self._lock = Lock()

    def add(self, stream: int, data: bytes) -> None:
        """Take what a stream has written.

        Args:
            stream: Which stream.
            data: The bytes; they need not end with a line.
        """
        with self._lock:
            *whole, rest = (self._rests.get(stream, b"") + data).split(b"\n")
            self._lines.extend(line[: _LONGEST + _MARGIN] for line in whole)
            self._rests[stream] = rest[: _LONGEST + _MARGIN]

    def lines(self) -> tuple[str, ...]:
        """The lines, also those that have not ended; secrets in them are masked."""
        with self._lock:
            rests = [rest for rest in self._rests.values() if rest]
            kept = [*self._lines, *rests][-_LINES:]
        return tuple(_written(line) for line in kept)


def _written(line: bytes) -> str:
    return text(line.rstrip(b"\r").decode("utf-8", "backslashreplace"))[:_LONGEST]
