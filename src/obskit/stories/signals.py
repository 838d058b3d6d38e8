"""What was received, whichever protocol it came by. Plain values, nothing of the wire in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, Union

#: The value of an attribute.
Value: TypeAlias = Union[str, bool, int, float, bytes, "list[Value]", "dict[str, Value]", None]
Attributes: TypeAlias = Mapping[str, Value]
Kind = Literal["internal", "server", "client", "producer", "consumer"]

#: 9999-12-31T00:00:00Z: the last day that `datetime` can show in every time zone.
LAST_SECOND = 253402214400.0


def instant(seconds: float) -> float:
    """Return the instant, or 0 where no calendar could show it.

    Args:
        seconds: Seconds since the Unix epoch, as the sender wrote them.

    >>> instant(1.5), instant(-1.0), instant(float("nan")), instant(1e300)
    (1.5, 0.0, 0.0, 0.0)
    """
    return seconds if 0 <= seconds <= LAST_SECOND else 0.0


@dataclass(frozen=True)
class Frame:
    """One frame of a stack.

    Attributes:
        file: The file as the sender names it.
        line: The line number, 0 when unknown.
        function: The function's name.
        source: The line of source, empty when unknown.
        in_app: Whether it is the program's own code; None when the sender did not say.
        variables: The locals: name → repr.
    """

    file: str
    line: int
    function: str
    source: str = ""
    in_app: bool | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raised:
    """One exception.

    Attributes:
        type: Its class, with or without the module.
        message: What it said.
        frames: Its stack, the innermost frame last. Empty when it could not be read.
        stacktrace: The stack as text, where that is all there is.
    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    stacktrace: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two reports of the same exception have in common.

        >>> Raised("app.Declined", "'no money'").key == Raised("Declined", "no money").key
        True
        """
        # Senders differ in the module, in the quotes around a key, and in where they cut.
        return self.type.rpartition(".")[2], self.message.strip(" \n'\"")[:80]


@dataclass(frozen=True)
class SpanEvent:
    """Something that a span says happened within it."""

    time: float
    name: str
    attributes: Attributes


@dataclass(frozen=True)
class Span:
    """One finished span. Times are seconds since the Unix epoch, ids are lower-case hex."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: Kind
    start: float
    end: float
    service: str = ""
    failed: bool = False
    status_message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds from start to end, never less than 0."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True)
class Line:
    """One log record. `trace_id` and `span_id` are empty where it has none."""

    time: float
    level: str
    body: str
    event_name: str = ""
    trace_id: str = ""
    span_id: str = ""
    service: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """The present number of one series.

    Attributes:
        metric: The metric's name.
        origin: What tells one sending process from another.
        attributes: The series within the metric.
        value: The number; for a histogram how many values it holds.
        delta: Whether the number counts since the last report, not since the start.
    """

    metric: str
    origin: str
    attributes: tuple[tuple[str, str], ...]
    value: float
    delta: bool = False


@dataclass(frozen=True)
class Error:
    """One error event: exceptions, or only a message.

    Attributes:
        source: Who reported it.
        time: Seconds since the Unix epoch.
        exceptions: What was raised, causes first. Empty for a message alone.
        message: The message of an event without exceptions.
        event_id: The id that Sentry shows; empty from other sources.
        trace_id: The trace, empty where it has none.
        service: Who sent it.
        tags: What it can be found by.
    """

    source: Literal["sentry", "log", "span"]
    time: float
    exceptions: tuple[Raised, ...] = ()
    message: str = ""
    event_id: str = ""
    trace_id: str = ""
    service: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What two reports of the same error have in common."""
        return self.exceptions[-1].key if self.exceptions else ("", self.message.strip()[:80])


@dataclass(frozen=True)
class Refused:
    """A request that the receiver turned away: the sender's telemetry is missing."""

    path: str
    status: int
    reason: str


Signal: TypeAlias = Span | Line | Point | Error | Refused
