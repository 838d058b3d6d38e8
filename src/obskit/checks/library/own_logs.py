"""The log lines of this process: how often a pattern occurs, how long one has not, and new kinds.

They are heard as they are logged, by structlog and `logging` alike, after redaction and before any
sink: neither a file nor a collector is needed. A line reads as in
``error shop.orders: order.failed order_id=7 ValueError: no such row``. The pattern is looked for in the
thread that logs: keep it simple, and give the level that is meant.

Each process hears itself alone, so that these run in each process (`scope="process"`, their default),
never with `isolate`, and are of no use in `obskit check run`. A process that begins, and a forked child,
has heard nothing. Results of checks are not heard: they may quote what was found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from time import monotonic
from typing import ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.ear import Ear
from obskit.checks.library.kinds import Kinds
from obskit.checks.library.window import KEPT_OF_LINE, Window
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration


@dataclass(frozen=True)
class PatternCount:
    """How many lines that fit a pattern this process logged within a window.

    Args:
        pattern: A regular expression, looked for in each line; all lines fit where it is empty.
        level: The least level that counts: ``"debug"``, ``"info"``, ``"warning"``, ``"error"``,
            ``"critical"``.
        window: How far back to count.

    Returns:
        The number of lines, with the last 50 of them.

    Raises:
        ValueError: The pattern or the level is none, or the window no span of time.

    >>> PatternCount("card declined", level="warning", window="10m")().value
    0
    """

    pattern: str
    level: str = "debug"
    window: Duration = "5m"
    default_judge: ClassVar[Above] = above(critical=1)
    default_scope: ClassVar[str] = "process"
    _ear: Ear[Window] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be heard, and begin with nothing."""
        ear = Ear(self.pattern, self.level, partial(Window, self.window))
        object.__setattr__(self, "_ear", ear)

    def __call__(self) -> Measurement:
        """Tell of what was heard."""
        message = self.pattern or f"lines of level {self.level} or above"
        details = {"missed": self._ear.missed}
        return self._ear.told(lambda window: window.measured("{line}", message, details))


class _Last:
    """When a line came last."""

    def __init__(self) -> None:
        self.seen = datetime.now(timezone.utc)
        self.line = ""

    def add(self, line: str, at: float) -> None:
        ago = timedelta(seconds=max(0.0, monotonic() - at))
        self.seen, self.line = datetime.now(timezone.utc) - ago, line[:KEPT_OF_LINE]


@dataclass(frozen=True)
class Absence:
    """When this process logged a line that fits a pattern last.

    An instant, for a declaration with `critical_after`: of the last such line, or of when the
    process declared it, where none has come since.

    Args:
        pattern: A regular expression, looked for in each line.
        level: The least level of such a line, as for `PatternCount`.

    Returns:
        The instant, with the line.

    Raises:
        ValueError: The pattern or the level is none.

    >>> Absence("import.completed")().message
    'no import.completed since the watch began'
    """

    pattern: str
    level: str = "debug"
    default_scope: ClassVar[str] = "process"
    _ear: Ear[_Last] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be heard."""
        object.__setattr__(self, "_ear", Ear(self.pattern, self.level, _Last))

    def __call__(self) -> Measurement:
        """Tell of what was heard."""
        seen, line = self._ear.told(lambda last: (last.seen, last.line))
        message = self.pattern if line else f"no {self.pattern} since the watch began"
        details = {"missed": self._ear.missed}
        return Measurement(seen, message=message, details=details, evidence=[line] if line else [])


class _New:
    """Lines of kinds that were new, after a while in which all are learned."""

    def __init__(self, window: Duration) -> None:
        self.kinds = Kinds()
        self.window = Window(window)
        self.learned_at = monotonic() + parse_duration(window)

    def add(self, line: str, at: float) -> None:
        if self.kinds.is_new(line) and at >= self.learned_at:
            self.window.add(line, at)

    def measured(self, missed: int) -> Measurement:
        learning = monotonic() < self.learned_at
        details = {"kinds": len(self.kinds), "learning": learning, "missed": missed}
        return self.window.measured("{pattern}", "new kinds of lines", details)


@dataclass(frozen=True)
class NewPattern:
    """How many kinds of lines this process logged for the first time within a window.

    Lines are of one kind that differ in numbers, ids, dates and quoted texts only. The kinds of the
    first window are learned and not told. What was learned ends with the process; the 10,000 kinds
    heard last are known.

    Args:
        pattern: Only lines that this regular expression is found in; all where it is empty.
        level: The least level of lines that are looked at, as for `PatternCount`.
        window: For how long what was new is told, and how long the process learns at first.

    Returns:
        The number of new kinds, with a line of each.

    Raises:
        ValueError: The pattern or the level is none, or the window no span of time.

    >>> NewPattern(level="error")().details["learning"]
    True
    """

    pattern: str = ""
    level: str = "warning"
    window: Duration = "1h"
    default_judge: ClassVar[Above] = above(warning=1)
    default_scope: ClassVar[str] = "process"
    _ear: Ear[_New] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be heard, and begin with nothing."""
        object.__setattr__(self, "_ear", Ear(self.pattern, self.level, partial(_New, self.window)))

    def __call__(self) -> Measurement:
        """Tell of what was heard."""
        missed = self._ear.missed
        return self._ear.told(lambda new: new.measured(missed))
