"""The database statements of a story, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from obskit.stories.signals import Span
from obskit.stories.tree import statement

# From how many on, the same statement below one parent is a loop that one query could replace.
_LOOP = 3


@dataclass(frozen=True)
class Statement:
    """A statement, and how often a story made it.

    Attributes:
        text: The statement on one line.
        times: How often it was made.
        repeated: How often one parent made it, at most.
        duration: Seconds of all together.
        longest: Seconds of the longest.
    """

    text: str
    times: int
    repeated: int
    duration: float
    longest: float

    @property
    def is_loop(self) -> bool:
        """Whether one parent made it again and again."""
        return is_loop(self.repeated)


def is_loop(times: int) -> bool:
    """Whether so many times the same statement below one parent are too many ("N+1").

    >>> is_loop(2), is_loop(3)
    (False, True)
    """
    return times >= _LOOP


def statements(spans: Sequence[Span]) -> list[Statement]:
    """Return the statements of a story, the one that took longest first."""
    durations: dict[str, list[float]] = {}
    below: Counter[tuple[str, str]] = Counter()
    for span in spans:
        if text := statement(span.attributes):
            durations.setdefault(text, []).append(span.duration)
            below[text, span.parent_id] += 1
    repeated: dict[str, int] = {}
    for (text, _), times in below.items():
        repeated[text] = max(repeated.get(text, 0), times)
    found = [
        Statement(text, len(took), repeated[text], sum(took), max(took))
        for text, took in durations.items()
    ]
    return sorted(found, key=lambda made: made.duration, reverse=True)
