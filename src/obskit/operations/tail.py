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
# Of a line that goes on and on.
_LONGEST_WHOLE = 65_536


class Tail:
    """The last 50 lines of several streams, in the order in which they ended."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=_LINES)
        self._rests: dict[int, bytes] = {}
        self._lock = Lock()

    def add(self, stream: int, data: bytes) -> list[bytes]:
        """Take what a stream has written.

        Args:
            stream: Which stream.
            data: The bytes; they need not end with a line.

        Returns:
            The lines that have ended with it, each cut at 64 KiB.
        """
        with self._lock:
            *ended, rest = (self._rests.get(stream, b"") + data).split(b"\n")
            whole = [line[:_LONGEST_WHOLE] for line in ended]
            self._lines.extend(line[: _LONGEST + _MARGIN] for line in whole)
            self._rests[stream] = rest[:_LONGEST_WHOLE]
        return whole

    def rest(self, stream: int) -> bytes:
        """What a stream has written of a line that has not ended."""
        with self._lock:
            return self._rests.get(stream, b"")

    def lines(self) -> tuple[str, ...]:
        """The lines, also those that have not ended; secrets in them are masked."""
        with self._lock:
            rests = [rest for rest in self._rests.values() if rest]
            kept = [*self._lines, *rests][-_LINES:]
        return tuple(text(readable(line[: _LONGEST + _MARGIN]))[:_LONGEST] for line in kept)


def readable(line: bytes) -> str:
    r"""A line as text, whatever it holds.

    >>> readable(b"50 %\r"), readable(b"\xff")
    ('50 %', '\\xff')
    """
    return line.rstrip(b"\r").decode("utf-8", "backslashreplace")
