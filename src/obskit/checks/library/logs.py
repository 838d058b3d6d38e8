"""Log files: how often a pattern occurs, how long one has not, and lines that were never there.

Each subject follows its file from the end on, over rotations, and remembers from run to run: it works
where runs follow one another in one process.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.logfile import LogFile
from obskit.checks.library.template import template_of
from obskit.checks.library.walk import CannotJudge
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration

_KEPT_LINES = 50
_KEPT_OF_LINE = 1_000
# So many parts of the window are told apart, and remembered.
_PARTS = 60
_LEARNED_FROM = 1024 * 1024
_MAX_TEMPLATES = 10_000


class _Window:
    """How many lines there were within a window, and the last of them."""

    def __init__(self, window: Duration) -> None:
        self.span = parse_duration(window)
        self._counts: deque[list[float]] = deque()
        self._lines: deque[tuple[float, str]] = deque(maxlen=_KEPT_LINES)

    def add(self, line: str) -> None:
        now = monotonic()
        if not self._counts or now - self._counts[-1][0] >= self.span / _PARTS:
            self._counts.append([now, 0])
        self._counts[-1][1] += 1
        self._lines.append((now, line[:_KEPT_OF_LINE]))

    def measured(self, unit: str, message: str, details: Mapping[str, Any]) -> Measurement:
        since = monotonic() - self.span
        for kept in (self._counts, self._lines):
            while kept and kept[0][0] <= since:
                kept.popleft()
        count = int(sum(count for _, count in self._counts))
        told = f"{message} in {format_duration(self.span)}"
        return Measurement(count, unit, told, details, [line for _, line in self._lines])


@dataclass(frozen=True)
class PatternCount:
    """How many lines that fit a pattern were written within a window.

    A line counts from the run that read it. What stood in the file before the first run is old.

    Args:
        path: The log file.
        pattern: A regular expression, looked for in each line.
        window: How far back to count.

    Returns:
        The number of lines, with the last 50 of them. Unknown where the file cannot be read.

    Raises:
        ValueError: The pattern is none, or the window no span of time.

    >>> PatternCount("/var/log/shop.log", "CRITICAL:", window="1h").default_judge(1).state
    'critical'
    """

    path: str | Path
    pattern: str
    window: Duration = "5m"
    default_judge: ClassVar[Above] = above(critical=1)
    _log: LogFile = field(init=False, repr=False, compare=False)
    _found: _Window = field(init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read, and begin with nothing."""
        _pattern(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path))
        object.__setattr__(self, "_found", _Window(self.window))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = _pattern(self.pattern).search

        def take(line: str) -> None:
            if search(line):
                self._found.add(line)

        with self._lock:
            try:
                behind = self._log.read(take)
            except CannotJudge as why:
                return CheckResult.unknown(str(why))
            return self._found.measured("{line}", self.pattern, _details(self._log, behind))


@dataclass(frozen=True)
class Absence:
    """When a line fitted a pattern last: "Import completed" is to come every day.

    An instant, for a declaration with `critical_after`: of the run that read the last such line, or
    of the first run, where none has come since.

    Args:
        path: The log file.
        pattern: A regular expression, looked for in each line.

    Returns:
        The instant, with the line. Unknown where the file cannot be read.

    Raises:
        ValueError: The pattern is none.

    >>> Absence("/var/log/import.log", "Import completed").pattern
    'Import completed'
    """

    path: str | Path
    pattern: str
    _log: LogFile = field(init=False, repr=False, compare=False)
    _last: deque[tuple[datetime, str]] = field(
        default_factory=lambda: deque(maxlen=1), init=False, repr=False, compare=False
    )
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read."""
        _pattern(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = _pattern(self.pattern).search

        def take(line: str) -> None:
            if search(line):
                self._last.append((datetime.now(timezone.utc), line[:_KEPT_OF_LINE]))

        with self._lock:
            if not self._last:
                self._last.append((datetime.now(timezone.utc), ""))
            try:
                behind = self._log.read(take)
            except CannotJudge as why:
                return CheckResult.unknown(str(why))
            seen, line = self._last[0]
            message = self.pattern if line else f"no {self.pattern} since the watch began"
            evidence = [line] if line else []
            return Measurement(
                seen, message=message, details=_details(self._log, behind), evidence=evidence
            )


@dataclass(frozen=True)
class NewPattern:
    """How many kinds of lines were seen for the first time within a window.

    Lines are of one kind that differ in numbers, ids, dates and quoted texts only. The first run
    learns the kinds of the file's last MiB. The 10,000 kinds seen last are known.

    Args:
        path: The log file.
        pattern: Only lines that this regular expression is found in; all where it is empty.
        window: For how long what was new is told.

    Returns:
        The number of new kinds, with a line of each. Unknown where the file cannot be read.

    Raises:
        ValueError: The pattern is none, or the window no span of time.

    >>> NewPattern("/var/log/shop.log", "ERROR|CRITICAL").default_judge(1).state
    'warning'
    """

    path: str | Path
    pattern: str = ""
    window: Duration = "1h"
    default_judge: ClassVar[Above] = above(warning=1)
    _log: LogFile = field(init=False, repr=False, compare=False)
    _found: _Window = field(init=False, repr=False, compare=False)
    _known: OrderedDict[int, None] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read, and begin with nothing."""
        _pattern(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path, back=_LEARNED_FROM))
        object.__setattr__(self, "_found", _Window(self.window))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = _pattern(self.pattern).search
        with self._lock:
            learning = not self._log.begun

            def take(line: str) -> None:
                if search(line) and self._is_new(line) and not learning:
                    self._found.add(line)

            try:
                behind = self._log.read(take)
            except CannotJudge as why:
                return CheckResult.unknown(str(why))
            details = _details(self._log, behind) | {"kinds": len(self._known)}
            return self._found.measured("{pattern}", "new kinds of lines", details)

    def _is_new(self, line: str) -> bool:
        kind = hash(template_of(line))
        new = kind not in self._known
        self._known[kind] = None
        self._known.move_to_end(kind)
        if len(self._known) > _MAX_TEMPLATES:
            self._known.popitem(last=False)
        return new


def _pattern(written: str) -> re.Pattern[str]:
    try:
        return re.compile(written)
    except re.error as error:
        raise ValueError(f"pattern is {written!r}: no pattern: {error}") from None


def _details(log: LogFile, behind: bool) -> dict[str, object]:
    return {"behind": behind, "rotations_lost": log.lost}
