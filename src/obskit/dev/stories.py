"""Joins what arrives into stories, and says which are ready to be told."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from obskit import names
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.dev.checks import CheckBoard, CheckChange
from obskit.dev.series import Series
from obskit.stories.signals import Error, Line, Point, Refused, Signal, Span
from obskit.stories.story import ErrorKey, Story

#: What there is to tell: whole stories, and what belongs to none.
News: TypeAlias = Story | Line | Error | CheckChange | Refused

#: The most of each that one story keeps.
SPANS = 500
LINES = 500
ERRORS = 20
# The most lines and the like outside of stories that wait to be told.
_WAITING = 10_000


@dataclass
class _Draft:
    """A story while it arrives."""

    trace_id: str
    touched: float
    spans: dict[str, Span] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    errors: dict[str, Error] = field(default_factory=dict)
    cut: int = 0
    check_changed: bool = False
    told_sizes: tuple[int, int, int, int] = (0, 0, 0, 0)
    told: frozenset[ErrorKey] = frozenset()

    def take(self, signal: Span | Line | Error) -> None:
        # A sender that missed the answer sends its batch again: what has an id is kept once.
        if isinstance(signal, Span):
            if len(self.spans) < SPANS or signal.span_id in self.spans:
                self.spans.setdefault(signal.span_id, signal)
                return
        elif isinstance(signal, Line):
            if len(self.lines) < LINES:
                self.lines.append(signal)
                return
        elif len(self.errors) < ERRORS or signal.event_id in self.errors:
            self.errors.setdefault(signal.event_id or str(len(self.errors)), signal)
            return
        self.cut += 1

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        return len(self.spans), len(self.lines), len(self.errors), self.cut

    @property
    def has_news(self) -> bool:
        return self.sizes != self.told_sizes and not self._is_routine()

    def _is_routine(self) -> bool:
        """Whether it is the run of a check that found what it found before."""
        is_check = any(names.CHECK_NAME in span.attributes for span in self.spans.values())
        if not is_check or self.lines:
            return False
        # Of a check that is well, its change says all; of one that is not, the stack says more.
        return not (self.check_changed and self.story(whole=True).errors())

    def story(self, *, whole: bool) -> Story:
        """Everything, or only what came since it was told."""
        spans, lines, errors, cut = (0, 0, 0, 0) if whole else self.told_sizes
        return Story(
            trace_id=self.trace_id,
            spans=tuple(self.spans.values())[spans:],
            lines=tuple(sorted(self.lines[lines:], key=lambda line: line.time)),
            reported=tuple(self.errors.values())[errors:],
            cut=self.cut - cut,
            late=not whole and self.told_sizes != (0, 0, 0, 0),
            told=frozenset() if whole else self.told,
        )

    def tell(self) -> Story:
        story = self.story(whole=False)
        self.told_sizes = self.sizes
        self.told |= {error.key for error in story.errors()}
        return story


class Stories:
    """Joins signals by their trace id. Safe to use from several threads.

    Args:
        clock: What the quiet time is measured by.
        quiet: Seconds without news after which a story with a root span is complete.
        patience: Seconds without news after which a story is told without its root span.
        most: The most stories that are kept; the oldest go first.

    Attributes:
        series: The latest number of every series.
        checks: The state of every check.
        counts: How many of each kind of signal arrived: spans, lines, points, errors, refused; and
            how many stories were lost, because too many were open at once.
    """

    def __init__(
        self,
        *,
        clock: Clock = SYSTEM_CLOCK,
        quiet: float = 0.4,
        patience: float = 5.0,
        most: int = 1000,
    ) -> None:
        self.series = Series()
        self.checks = CheckBoard()
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._quiet = quiet
        self._patience = patience
        self._most = most
        self._drafts: OrderedDict[str, _Draft] = OrderedDict()
        self._waiting: list[News] = []
        self._lock = threading.Lock()

    def receive(self, signals: Sequence[Signal]) -> None:
        """Take what arrived. This is the sink of a `Receiver`."""
        with self._lock:
            for signal in signals:
                self._take(signal)

    def due(self) -> list[News]:
        """Return what is ready to be told and was not yet, in order of time."""
        now = self._clock.monotonic()
        with self._lock:
            ready = [draft for draft in self._drafts.values() if self._is_ready(draft, now)]
            return self._tell(ready)

    def rest(self) -> list[News]:
        """Return everything that was not told yet, complete or not."""
        with self._lock:
            return self._tell(list(self._drafts.values()))

    def all(self) -> list[Story]:
        """Return every story that is kept, whole, told or not."""
        with self._lock:
            return [draft.story(whole=True) for draft in self._drafts.values()]

    def _take(self, signal: Signal) -> None:
        self.counts[_KINDS[type(signal)]] += 1
        if isinstance(signal, Point):
            self.series.take(signal)
        elif isinstance(signal, Refused):
            self._wait(signal)
        elif isinstance(signal, Line) and signal.event_name == names.EVENT_CHECK:
            self._take_result(signal)
        elif signal.trace_id:
            draft = self._draft(signal.trace_id)
            draft.touched = self._clock.monotonic()
            draft.take(signal)
        elif not isinstance(signal, Span):  # a span always has one
            self._wait(signal)

    def _take_result(self, line: Line) -> None:
        change = self.checks.take(line)
        if change is None:
            return
        self._wait(change)
        if line.trace_id:
            self._draft(line.trace_id).check_changed = True

    def _draft(self, trace_id: str) -> _Draft:
        draft = self._drafts.get(trace_id)
        if draft is None:
            if len(self._drafts) >= self._most:
                _, oldest = self._drafts.popitem(last=False)
                self.counts["stories lost"] += oldest.has_news
            draft = self._drafts[trace_id] = _Draft(trace_id, self._clock.monotonic())
        return draft

    def _wait(self, news: News) -> None:
        if len(self._waiting) < _WAITING:
            self._waiting.append(news)
        else:
            self.counts["lines lost"] += 1

    def _is_ready(self, draft: _Draft, now: float) -> bool:
        if not draft.has_news:
            return False
        silence = now - draft.touched
        if silence < self._quiet:
            return False
        is_late = draft.told_sizes != (0, 0, 0, 0)
        return is_late or silence >= self._patience or draft.story(whole=False).has_root

    def _tell(self, drafts: list[_Draft]) -> list[News]:
        waiting, self._waiting = self._waiting, []
        waiting += [draft.tell() for draft in drafts if draft.has_news]
        return sorted(waiting, key=_time)


def _time(news: News) -> float:
    if isinstance(news, Story):
        return news.heads()[0].start
    # What was refused has no time: it comes first, as the reason for what is missing.
    return 0.0 if isinstance(news, Refused) else news.time


_KINDS: dict[type, str] = {
    Span: "spans",
    Line: "lines",
    Point: "points",
    Error: "errors",
    Refused: "refused",
}
