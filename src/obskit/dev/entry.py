"""A story in one line of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from obskit import names
from obskit.dev.statements import is_loop, statements
from obskit.stories.signals import Line, Span
from obskit.stories.story import Story

#: Events of lines that only repeat what the title says, or the error.
TOLD = (names.EVENT_ACCESS, names.EVENT_EXCEPTION)


@dataclass(frozen=True)
class Entry:
    """What a list shows of a story.

    Attributes:
        trace_id: The id that all of it carries.
        request_ids: The ids of its requests.
        title: Method and path, or what else it is about.
        start: Seconds since the Unix epoch.
        duration: Seconds, None when nothing said it.
        status: The HTTP status, None where there was none.
        failed: Whether it ended in an error, or reported one.
        services: Who took part, in the order of their spans.
        routes: The routes of its requests.
        spans: How many spans it has.
        queries: How many database statements.
        repeated: How often one parent made the same statement, at most.
        lines: How many log lines, without those that only repeat the request or the error.
        errors: How many errors.
        is_check: Whether it is the run of a check that raised nothing.
    """

    trace_id: str
    request_ids: tuple[str, ...]
    title: str
    start: float
    duration: float | None
    status: int | None
    failed: bool
    services: tuple[str, ...]
    routes: tuple[str, ...]
    spans: int
    queries: int
    repeated: int
    lines: int
    errors: int
    is_check: bool

    @property
    def has_loop(self) -> bool:
        """Whether one parent made the same statement again and again."""
        return is_loop(self.repeated)


def entry_of(story: Story) -> Entry:
    """Sum up a story.

    >>> entry_of(Story("ab", lines=(Line(5.0, "info", "hi", service="shop"),))).services
    ('shop',)
    """
    heads = story.heads()
    errors = story.errors()
    made = statements(story.spans)
    # Lines may come before spans: who looks on would see a row that nothing takes away again.
    is_check = any(names.CHECK_NAME in one.attributes for one in story.spans or story.lines)
    return Entry(
        trace_id=story.trace_id,
        request_ids=_once(head.request_id for head in heads),
        title=heads[0].title,
        start=heads[0].start,
        duration=heads[0].duration,
        status=heads[0].status,
        failed=bool(errors) or any(head.failed for head in heads),
        services=_once(signal.service for signal in _in_order(story)),
        routes=_once(str(span.attributes.get(names.HTTP_ROUTE) or "") for span in story.spans),
        spans=len(story.spans),
        queries=sum(one.times for one in made),
        repeated=max((one.repeated for one in made), default=0),
        lines=sum(line.event_name not in TOLD for line in story.lines),
        errors=len(errors),
        is_check=is_check and not errors,
    )


def _in_order(story: Story) -> list[Span | Line]:
    return [*sorted(story.spans, key=lambda span: span.start), *story.lines]


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
