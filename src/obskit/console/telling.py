"""A request as its page tells it: spans as a waterfall, lines in order, errors with their stacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from obskit import names
from obskit.console import charts, words
from obskit.stories.signals import Error, Frame, Line, Raised, Span
from obskit.stories.story import Head, Story, called
from obskit.stories.tree import rows, statement

_ROWS, _LINES, _ERRORS, _FRAMES, _FIELDS = 100, 200, 10, 12, 20
_TEXT, _NAME = 1_000, 200
# What the sender adds to every line, and what the error shows better.
_HIDDEN = ("code.", "thread.", "process.", "exception.", "log.", names.REQUEST_ID)


@dataclass(frozen=True)
class Step:
    """A row of the waterfall.

    Attributes:
        depth: How far it stands in.
        name: What was done.
        service: By which service; empty where the one above says it.
        after: Seconds from the begin of the story.
        duration: Seconds.
        picture: When it was, as SVG.
        failed: Whether it ended in an error.
        said: What it said of that.
        times: How many spans the row stands for.
    """

    depth: int
    name: str
    service: str
    after: float
    duration: float
    picture: str
    failed: bool
    said: str
    times: int


@dataclass(frozen=True)
class Entry:
    """A line of the log.

    Attributes:
        time: Seconds since the Unix epoch.
        after: Seconds from the begin of the story.
        level: Its level.
        text: What it says.
        fields: Its fields, by name.
    """

    time: float
    after: float
    level: str
    text: str
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Fault:
    """An exception with its stack, the innermost frame first.

    Attributes:
        type: Its class.
        message: What it said.
        frames: Where it was raised.
        more: How many frames are left out.
        stack: The stack as text, where that is all there is.
        event_id: Its id in Sentry, or empty.
        is_cause: Whether another one came of it.
    """

    type: str
    message: str
    frames: Sequence[Frame]
    more: int
    stack: str
    event_id: str = ""
    is_cause: bool = False


@dataclass(frozen=True)
class Told:
    """A story as its page shows it.

    Attributes:
        trace_id: Its trace.
        heads: What it is about.
        steps: Its spans.
        entries: Its lines.
        faults: Its errors.
        cut: How much of it is not shown, or was not kept.
    """

    trace_id: str
    heads: Sequence[Head]
    steps: Sequence[Step]
    entries: Sequence[Entry]
    faults: Sequence[Fault]
    cut: int


def told(story: Story) -> Told:
    """A story as its page shows it, bounded.

    Args:
        story: The story.
    """
    heads = story.heads()
    laid, errors = rows(story.spans), story.errors()
    begin = min([head.start for head in heads if head.start > 0], default=0.0)
    left = sum(
        max(0, len(found) - most)
        for found, most in ((laid, _ROWS), (story.lines, _LINES), (errors, _ERRORS))
    )
    return Told(
        story.trace_id,
        heads[:_ERRORS],
        list(_steps(story.spans, begin)),
        [_entry(line, begin) for line in story.lines[:_LINES]],
        [fault for error in errors[:_ERRORS] for fault in _faults(error)],
        story.cut + left,
    )


def _steps(spans: Sequence[Span], begin: float) -> Iterator[Step]:
    whole = max((span.end - begin for span in spans), default=0.0)
    services = [""]
    for row in islice(rows(spans), _ROWS):
        span = row.span
        del services[row.depth + 1 :]
        above = services[-1]
        services.append(span.service)
        name = words.cut(statement(span.attributes) or span.name, _NAME)
        url = called(span.attributes)
        after = max(0.0, span.start - begin)
        label = f"{name}: {words.took(row.duration)}, {words.took(after)} after the begin"
        yield Step(
            depth=min(row.depth, 12),
            name=f"{name} {words.cut(url, _NAME)}".strip(),
            service="" if span.service == above else span.service,
            after=after,
            duration=row.duration,
            picture=charts.bar(after, row.duration, whole, label, failed=span.failed),
            failed=span.failed,
            said=words.cut(span.status_message, _NAME),
            times=row.times,
        )


def _entry(line: Line, begin: float) -> Entry:
    shown = (
        (words.cut(key, _NAME), words.cut(value, _NAME))
        for key, value in line.attributes.items()
        if not key.startswith(_HIDDEN)
    )
    text = words.cut(line.body or line.event_name, _TEXT)
    return Entry(
        line.time, max(0.0, line.time - begin), line.level, text, list(islice(shown, _FIELDS))
    )


def _faults(error: Error) -> Iterator[Fault]:
    if not error.exceptions:
        yield Fault("", words.cut(error.message, _TEXT), (), 0, "", error.event_id)
        return
    *causes, last = error.exceptions
    yield _fault(last, error.event_id)
    for cause in reversed(causes[-3:]):
        yield _fault(cause, is_cause=True)


def _fault(raised: Raised, event_id: str = "", *, is_cause: bool = False) -> Fault:
    frames = raised.frames[::-1]
    return Fault(
        raised.type,
        words.cut(raised.message, _TEXT),
        frames[:_FRAMES],
        max(0, len(frames) - _FRAMES),
        "" if frames else words.cut(raised.stacktrace, 4 * _TEXT),
        event_id,
        is_cause,
    )
