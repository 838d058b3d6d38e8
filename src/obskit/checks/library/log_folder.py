"""The log files that obskit itself writes: how many lines fit a pattern, which share, and their numbers.

What counts is when a line was written, not who read it: lines of all processes, of those that ended
too, in rotated and compressed files as well. So it works in `obskit check run` and after a restart.

Lines of checks are left out: they may quote what was found. Each run reads the files of the window from
their beginning: give it a time-out that fits their size.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from math import ceil
from operator import attrgetter
from pathlib import Path
from time import time
from typing import ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.pattern import compiled
from obskit.checks.library.window import KEPT_OF_LINE
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, nothing_to_do
from obskit.clock import to_rfc3339
from obskit.declared_values import wrong_value
from obskit.duration import Duration, format_duration, parse_duration
from obskit.logfiles.follow import Follower
from obskit.logfiles.lines import LEVELS, Line, lines
from obskit.logfiles.search import Wanted, chosen

_KEPT_LINES = 50
# What checks found stands in lines too, and may quote what was looked for.
_OF_CHECKS = b'"logger":"obskit.check"'
_BEGINNING = b'{"timestamp":"'


@dataclass(frozen=True)
class PatternCount:
    """How many lines that fit a pattern were written within a window that ends now.

    Args:
        folder: The folder of `OBSKIT_LOG_FOLDER`.
        pattern: A regular expression, looked for in each line as it stands in its file; all lines
            fit where it is empty.
        window: How far back to count.
        level: The least level that counts: ``"debug"``, ``"info"``, ``"warning"``, ``"error"``,
            ``"critical"``.

    Returns:
        The number of lines, with the last 50 of them. Unknown where the folder cannot be read.

    Raises:
        ValueError: The pattern or the level is none, or the window no span of time.

    >>> PatternCount("/var/log/shop", "card.declined", window="1h").default_judge(1).state
    'critical'
    """

    folder: str | Path
    pattern: str = ""
    window: Duration = "1h"
    level: str = "debug"
    default_judge: ClassVar[Above] = above(critical=1)

    def __post_init__(self) -> None:
        """Refuse what cannot be looked for."""
        compiled(self.pattern)
        parse_duration(self.window)
        if self.level not in LEVELS:
            raise wrong_value("level", self.level, f"use one of {', '.join(LEVELS)}")

    def __call__(self) -> Measurement | CheckResult:
        """Read the files of the window."""
        found = _Found()
        unread = _read(self.folder, self.window, self.pattern, found.take, LEVELS[self.level])
        message = self.pattern or f"lines of level {self.level} or above"
        told = f"{message} in {_span(self.window)}"
        return unread or Measurement(found.count, "{line}", told, evidence=list(found.last))


@dataclass(frozen=True)
class Share:
    """Which share of the lines that fit one pattern fit another as well: of requests, those that failed.

    Args:
        folder: The folder of `OBSKIT_LOG_FOLDER`.
        pattern: A regular expression: what is looked for.
        of: A regular expression: the lines that it is looked for in.
        window: How far back to count.
        least: With fewer lines nothing is judged: one of three would be a third.

    Returns:
        The share, from 0 to 1, with the last 50 lines that make it. Unknown where the folder cannot be
        read.

    Raises:
        ValueError: A pattern is none, or the window no span of time.

    >>> Share("/var/log/shop", "declined", of="declined|charged", window="1h").least
    20
    """

    folder: str | Path
    pattern: str
    of: str
    window: Duration = "1h"
    least: int = 20

    def __post_init__(self) -> None:
        """Refuse what cannot be looked for."""
        compiled(self.pattern)
        compiled(self.of)
        parse_duration(self.window)

    def __call__(self) -> Measurement | CheckResult:
        """Read the files of the window."""
        fits, found, seen = compiled(self.pattern).search, _Found(), 0

        def take(line: Line) -> None:
            nonlocal seen
            seen += 1
            if fits(line.text):
                found.take(line)

        unread = _read(self.folder, self.window, self.of, take)
        told = f"{found.count} of {seen} lines in {_span(self.window)}"
        if seen < self.least:
            return unread or _too_few(told, self.least)
        facts = {"lines": seen, "fitting": found.count}
        return unread or Measurement(found.count / seen, "1", told, facts, list(found.last))


@dataclass(frozen=True)
class Quantile:
    """The number that a field of lines does not go beyond in a share of them: the p95 of durations.

    Args:
        folder: The folder of `OBSKIT_LOG_FOLDER`.
        field: The field's name, as it stands in the lines: ``"http.server.request.duration"``.
        of: A regular expression: the lines that are looked at; all that have the field where it is
            empty.
        share: Of how many of them, from 0 to 1.
        window: How far back to look.
        least: With fewer lines nothing is judged.

    Returns:
        The number, without a unit. Unknown where the folder cannot be read.

    Raises:
        ValueError: The pattern or the share is none, or the window no span of time.

    >>> Quantile("/var/log/shop", "http.server.request.duration").share
    0.95
    """

    folder: str | Path
    field: str
    of: str = ""
    share: float = 0.95
    window: Duration = "1h"
    least: int = 20

    def __post_init__(self) -> None:
        """Refuse what cannot be looked for."""
        compiled(self.of)
        parse_duration(self.window)
        if not 0 <= self.share <= 1:
            raise wrong_value("share", self.share, "use a number from 0 to 1")

    def __call__(self) -> Measurement | CheckResult:
        """Read the files of the window."""
        numbers: list[float] = []

        def take(line: Line) -> None:
            number = line.fields.get(self.field)
            if isinstance(number, (int, float)):
                numbers.append(number)

        unread = _read(self.folder, self.window, self.of, take)
        told = f"of {len(numbers)} lines in {_span(self.window)}"
        if len(numbers) < max(1, self.least):
            return unread or _too_few(told, self.least)
        rank = max(0, ceil(self.share * len(numbers)) - 1)
        return unread or Measurement(sorted(numbers)[rank], "", told, {"lines": len(numbers)})


class _Found:
    """How many lines there were, and the last of them."""

    def __init__(self) -> None:
        self.count = 0
        self.last: deque[str] = deque(maxlen=_KEPT_LINES)

    def take(self, line: Line) -> None:
        self.count += 1
        self.last.append(line.text[:KEPT_OF_LINE])


def _span(window: Duration) -> str:
    return format_duration(parse_duration(window))


def _too_few(told: str, least: int) -> CheckResult:
    return nothing_to_do(f"not judged: {told}, of at least {least}")


def _read(
    folder: str | Path, window: Duration, pattern: str, take: Callable[[Line], None], level: int = 0
) -> CheckResult | None:
    """Hand over each line that fits, the oldest first; the result where that cannot be done."""
    place, since = Path(folder), max(0.0, time() - parse_duration(window))
    wanted = Wanted(level, None, to_rfc3339(since), compiled(pattern))
    try:
        with ExitStack() as opened:
            followers = [
                opened.enter_context(closing(Follower(place, stream)))
                for stream in chosen(place, ())
            ]
            found = [lines(_rows(one, since), one.stream) for one in followers]
            for line in heapq.merge(*found, key=attrgetter("time")):
                if wanted.takes(line):
                    take(line)
    except OSError as error:
        return CheckResult.unknown(f"{place} cannot be read: {error.strerror}")
    return None


def _rows(follower: Follower, since: float) -> Iterator[bytes]:
    """The rows of a stream, but for those that need not be parsed: older ones, and those of checks."""
    oldest = _BEGINNING + to_rfc3339(since).encode()
    for row in follower.past(since):
        if _OF_CHECKS not in row and not (row.startswith(_BEGINNING) and row < oldest):
            yield row
