"""The spans of a story over time, with its log lines where they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from obskit.dev.entry import TOLD
from obskit.dev.statements import is_loop
from obskit.dev.story_text import HIDDEN
from obskit.stories.signals import Line, Span, Value
from obskit.stories.story import Story
from obskit.stories.tree import Row, rows, statement

#: How wide a story is drawn.
WIDTH = 1000
# How wide a log line is.
_TICK = 4
_PAIRS = 6


@dataclass(frozen=True)
class Mark:
    """One row of the waterfall.

    Attributes:
        depth: How many spans it lies within.
        offset: Seconds after the story's start.
        left: Where it begins, of `WIDTH`.
        width: How long it is, of `WIDTH`, never less than 2.
        signal: The span, or the log line.
        duration: Seconds of a span; the sum where several were folded.
        times: How many spans it stands for.
        sql: The database statement, or nothing.
    """

    depth: int
    offset: float
    left: int
    width: int
    signal: Span | Line
    duration: float = 0.0
    times: int = 1
    sql: str = ""

    @property
    def kind(self) -> Literal["span", "line"]:
        """What it is a row of."""
        return "span" if isinstance(self.signal, Span) else "line"

    @property
    def pairs(self) -> list[tuple[str, Value]]:
        """What a log line says beside its text."""
        given = self.signal.attributes.items()
        return [(key, value) for key, value in given if not key.startswith(HIDDEN)][:_PAIRS]

    @property
    def is_loop(self) -> bool:
        """Whether one parent made the same statement again and again."""
        return is_loop(self.times)


def waterfall(story: Story) -> list[Mark]:
    """Lay out a story.

    Returns:
        Each span below its parent and each line among the children of its span, by time. A line
        whose span did not come stands among the children of the topmost span at that time.
    """
    laid = rows(story.spans)
    lines = [line for line in story.lines if line.event_name not in TOLD]
    starts = [span.start for span in story.spans] + [line.time for line in lines]
    ends = [span.end for span in story.spans] + [line.time for line in lines]
    start = min(starts, default=0.0)
    scale = WIDTH / ((max(ends, default=0.0) - start) or 1.0)
    before = _places(laid, lines, {span.span_id: span.parent_id for span in story.spans})
    marks: list[Mark] = []
    for position in range(len(laid) + 1):
        for depth, line in before.get(position, ()):
            offset = line.time - start
            marks.append(Mark(depth, offset, round(offset * scale), _TICK, line))
        if position < len(laid):
            marks.append(_mark(laid[position], start, scale))
    return marks


def _mark(row: Row, start: float, scale: float) -> Mark:
    span = row.span
    offset = span.start - start
    return Mark(
        depth=row.depth,
        offset=offset,
        left=round(offset * scale),
        width=max(2, round(span.duration * scale)),
        signal=span,
        duration=row.duration,
        times=row.times,
        sql=statement(span.attributes),
    )


def _places(
    laid: Sequence[Row], lines: Sequence[Line], parents: dict[str, str]
) -> dict[int, list[tuple[int, Line]]]:
    """Return before which row each line stands, and how deep."""
    at = {row.span.span_id: position for position, row in enumerate(laid)}
    places: dict[int, list[tuple[int, Line]]] = {}
    for line in lines:
        # A statement that was folded into the first of its kind has no row.
        owner = at.get(line.span_id, at.get(parents.get(line.span_id, ""), _around(laid, line)))
        depth = laid[owner].depth + 1 if owner >= 0 else 0
        place = _place(laid, owner, depth, line.time)
        places.setdefault(place, []).append((depth, line))
    for there in places.values():
        # Where several spans end, the innermost one's lines come first.
        there.sort(key=lambda placed: (-placed[0], placed[1].time))
    return places


def _around(laid: Sequence[Row], line: Line) -> int:
    """Return the topmost span during which a line was written, -1 where there was none."""
    for position, row in enumerate(laid):
        if row.depth == 0 and row.span.start <= line.time <= row.span.end:
            return position
    return -1


def _place(laid: Sequence[Row], owner: int, depth: int, time: float) -> int:
    for position in range(owner + 1, len(laid)):
        row = laid[position]
        if row.depth < depth or (row.depth == depth and row.span.start > time):
            return position
    return len(laid)
