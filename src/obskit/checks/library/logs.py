"""Log files: how often a pattern occurs, how long one has not, and lines that were never there.

Each subject follows its file from the end on, over rotations, and remembers from run to run: it works
where runs follow one another in one process.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.kinds import Kinds
from obskit.checks.library.logfile import LogFile
from obskit.checks.library.pattern import compiled
from obskit.checks.library.walk import CannotJudge
from obskit.checks.library.window import KEPT_OF_LINE, Window
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration

_LEARNED_FROM = 1024 * 1024


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
    _found: Window = field(init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read, and begin with nothing."""
        compiled(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path))
        object.__setattr__(self, "_found", Window(self.window))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = compiled(self.pattern).search

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
        compiled(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = compiled(self.pattern).search

        def take(line: str) -> None:
            if search(line):
                self._last.append((datetime.now(timezone.utc), line[:KEPT_OF_LINE]))

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
    learns the kinds of the file's last MiB, and what was learned ends with the process: a kind that
    is older than that is new again. The 10,000 kinds seen last are known.

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
    _found: Window = field(init=False, repr=False, compare=False)
    _known: Kinds = field(default_factory=Kinds, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read, and begin with nothing."""
        compiled(self.pattern)
        object.__setattr__(self, "_log", LogFile(self.path, back=_LEARNED_FROM))
        object.__setattr__(self, "_found", Window(self.window))

    def __call__(self) -> Measurement | CheckResult:
        """Read what was added."""
        search = compiled(self.pattern).search
        with self._lock:
            learning = not self._log.begun

            def take(line: str) -> None:
                if search(line) and self._known.is_new(line) and not learning:
                    self._found.add(line)

            try:
                behind = self._log.read(take)
            except CannotJudge as why:
                return CheckResult.unknown(str(why))
            details = _details(self._log, behind) | {"kinds": len(self._known)}
            return self._found.measured("{pattern}", "new kinds of lines", details)


def _details(log: LogFile, behind: bool) -> dict[str, object]:
    return {"behind": behind, "rotations_lost": log.lost}
