"""A story: everything that was received under one trace id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from obskit import names
from obskit.stories.signals import Attributes, Error, Line, Raised, Span
from obskit.stories.stacktrace import frames_of
from obskit.stories.tree import roots

ErrorKey = tuple[str, str]

# The method and status before the HTTP conventions were stable; many senders still write them.
_METHOD_KEYS = (names.HTTP_REQUEST_METHOD, "http.method")
_STATUS_KEYS = (names.HTTP_RESPONSE_STATUS_CODE, "http.status_code")
_URL_KEYS = ("url.full", "http.url")
_TARGET_KEYS = (names.URL_PATH, "http.target", names.HTTP_ROUTE)


@dataclass(frozen=True)
class Head:
    """What a story is about: a request, or whatever else its root span did.

    Attributes:
        title: Method and path, or the name of the root span; empty when neither is known.
        start: Seconds since the Unix epoch.
        duration: Seconds; None when nothing said it.
        request_id: The id to search by.
        status: The HTTP status, None where there was none.
        failed: Whether it ended in an error.
        service: Who did it.
    """

    title: str
    start: float
    duration: float | None
    request_id: str
    status: int | None = None
    failed: bool = False
    service: str = ""


@dataclass(frozen=True)
class Story:
    """Everything under one trace id that is told at once.

    Attributes:
        trace_id: The id that all of it carries.
        spans: The spans, in the order of arrival.
        lines: The log records, in the order of their time.
        reported: The error events that Sentry's protocol brought.
        cut: How many spans, lines and events were left out to bound the memory.
        late: Whether this is what came after the story was told.
        told: The errors that were told before.
    """

    trace_id: str
    spans: tuple[Span, ...] = ()
    lines: tuple[Line, ...] = ()
    reported: tuple[Error, ...] = ()
    cut: int = 0
    late: bool = False
    told: frozenset[ErrorKey] = frozenset()

    @property
    def has_root(self) -> bool:
        """Whether a span arrived that nothing in this process can be the parent of."""
        return bool(self._tops())

    def heads(self) -> list[Head]:
        """Return what the story is about, in order of time.

        Returns:
            One head for each request, as several may share a trace. Without a root span, what the
            access line says; without that, one head without a title.
        """
        found = [self._span_head(span) for span in self._tops()]
        if not found:
            found = [
                self._access_head(line)
                for line in self.lines
                if line.event_name == names.EVENT_ACCESS
            ]
        return found or [self._bare_head()]

    def errors(self) -> list[Error]:
        """Return each error once, from whichever source tells most about it, in order of time.

        What Sentry's protocol brought comes before a log record of the same exception, and that
        before the event on a span.
        """
        best: dict[ErrorKey, Error] = {}
        for error in (*self.reported, *self._line_errors(), *self._span_errors()):
            best.setdefault(error.key, error)
        fresh = [error for key, error in best.items() if key not in self.told]
        return sorted(fresh, key=lambda error: error.time)

    def _span_head(self, span: Span) -> Head:
        method = _first(span.attributes, _METHOD_KEYS)
        target = str(_first(span.attributes, _TARGET_KEYS) or "").partition("?")[0]
        title = f"{method} {target}" if method and span.kind == "server" else span.name
        return Head(
            title=f"{title} {called(span.attributes)}".strip(),
            start=span.start,
            duration=span.duration,
            request_id=str(span.attributes.get(names.REQUEST_ID) or self.trace_id),
            status=_status(span.attributes),
            failed=span.failed,
            service=span.service,
        )

    def _access_head(self, line: Line) -> Head:
        method = _first(line.attributes, _METHOD_KEYS)
        target = _first(line.attributes, _TARGET_KEYS)
        status = _status(line.attributes)
        return Head(
            title=f"{method} {target}" if method else line.body,
            start=line.time,
            duration=None,
            request_id=str(line.attributes.get(names.REQUEST_ID) or self.trace_id),
            status=status,
            failed=status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR,
            service=line.service,
        )

    def _bare_head(self) -> Head:
        signals: tuple[Span | Line, ...] = (*self.spans, *self.lines)
        times = [signal.start if isinstance(signal, Span) else signal.time for signal in signals]
        times += [error.time for error in self.reported]
        ids = [signal.attributes.get(names.REQUEST_ID) for signal in signals]
        ids += [error.tags.get("request_id") for error in self.reported]
        return Head(
            title="",
            start=min(times, default=0.0),
            duration=None,
            request_id=str(next(filter(None, ids), self.trace_id)),
            service=signals[0].service if signals else "",
        )

    def _tops(self) -> list[Span]:
        return [s for s in roots(self.spans) if s.kind in ("server", "consumer") or not s.parent_id]

    def _line_errors(self) -> Iterator[Error]:
        for line in self.lines:
            if names.EXCEPTION_TYPE in line.attributes:
                raised = (raised_from(line.attributes),)
                yield Error("log", line.time, raised, trace_id=line.trace_id, service=line.service)

    def _span_errors(self) -> Iterator[Error]:
        for span in self.spans:
            for event in span.events:
                if names.EXCEPTION_TYPE in event.attributes:
                    raised = (raised_from(event.attributes),)
                    yield Error("span", event.time, raised, trace_id=span.trace_id)


def called(attributes: Attributes) -> str:
    """Return the URL that a span of a client called, or nothing.

    >>> called({"url.full": "https://pay.example/"})
    'https://pay.example/'
    """
    return str(_first(attributes, _URL_KEYS) or "")


def raised_from(attributes: Attributes) -> Raised:
    """Read an exception from the `exception.*` attributes of a log record or a span event.

    >>> raised_from({"exception.type": "KeyError", "exception.message": "'sku'"}).key
    ('KeyError', 'sku')
    """
    stacktrace = str(attributes.get(names.EXCEPTION_STACKTRACE) or "")
    return Raised(
        type=str(attributes.get(names.EXCEPTION_TYPE) or "Error"),
        message=str(attributes.get(names.EXCEPTION_MESSAGE) or ""),
        frames=frames_of(stacktrace),
        stacktrace=stacktrace,
    )


def _first(attributes: Attributes, keys: tuple[str, ...]) -> object:
    return next((attributes[key] for key in keys if attributes.get(key)), None)


def _status(attributes: Attributes) -> int | None:
    status = _first(attributes, _STATUS_KEYS)
    return status if isinstance(status, int) else None
