"""How fast a file grows, whether or not it is rotated."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic

from obskit.checks.library.files import status_of
from obskit.checks.library.walk import CannotJudge
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.size import format_size

# So many parts of the window are told apart, and remembered.
_PARTS = 60


@dataclass
class _Seen:
    inode: int = 0
    size: int = 0
    written: int = 0
    looks: deque[tuple[float, int]] = field(default_factory=deque)
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Growth:
    """By how much a file has grown within the last hour, or other window, over rotations too.

    Args:
        path: The file.
        window: How far back to look; each run remembers for the next, as long as the process lasts.

    Returns:
        Bytes, the message with the time that they are of. Unknown at the first run.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The window is no span of time.

    >>> Growth("/etc/hosts", window="10m")().message
    'first look at /etc/hosts: the next one has something to compare with'
    """

    path: str | Path
    window: Duration = "1h"
    _seen: _Seen = field(default_factory=_Seen, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no window."""
        parse_duration(self.window)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        try:
            status = status_of(self.path)
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        with self._seen.lock:
            grown, span = _grown(
                self._seen, status.st_ino, status.st_size, parse_duration(self.window)
            )
        if span is None:
            return CheckResult.unknown(
                f"first look at {self.path}: the next one has something to compare with"
            )
        message = f"{format_size(grown)} in {format_duration(span)}"
        return Measurement(grown, "By", message, {"size": status.st_size})


def _grown(seen: _Seen, inode: int, size: int, window: float) -> tuple[int, float | None]:
    now = monotonic()
    same = inode == seen.inode and size >= seen.size
    # A file that was rotated away took with it what was written to it since: it is not known.
    seen.written += size - (seen.size if same else 0)
    seen.inode, seen.size = inode, size
    if not seen.looks:
        seen.looks.append((now, seen.written))
        return 0, None
    while len(seen.looks) > 1 and seen.looks[1][0] <= now - window:
        seen.looks.popleft()
    began, before = seen.looks[0]
    if now - seen.looks[-1][0] >= window / _PARTS:
        seen.looks.append((now, seen.written))
    return seen.written - before, now - began
