"""What belongs to the request at hand: its id, its bound fields, its last log lines.

A scope lives in a context variable of its own, so that nothing that others do with OpenTelemetry's
context (a span left open in a generator, say) can carry one request's fields into the next.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from itertools import count
from typing import Any, NamedTuple, Protocol

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import (
    Span,
    SpanContext,
    TraceFlags,
    format_span_id,
    format_trace_id,
)
from opentelemetry.trace.propagation import _SPAN_KEY

from obskit import names
from obskit.redaction import Plain, name_of, plain

_MAX_FIELDS = 64
_MAX_LINES = 50

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Line(Protocol):
    """A log line as an error remembers it."""

    @property
    def timestamp(self) -> float:
        """Seconds since the Unix epoch."""

    @property
    def level_name(self) -> str:
        """Its level in a word."""

    @property
    def logger(self) -> str:
        """The logger's name."""

    @property
    def event(self) -> str:
        """What happened."""

    @property
    def fields(self) -> dict[str, Plain]:
        """Its fields."""


class Ids(NamedTuple):
    """Whose a log line is.

    Attributes:
        trace_id: 32 hexadecimal digits, or None where there is no span.
        span_id: 16 hexadecimal digits, or None where there is no span.
        sampled: Whether the trace is.
    """

    trace_id: str | None
    span_id: str | None
    sampled: bool


class Scope:
    """One request, one check's run, or whatever else is done under one id.

    Attributes:
        request_id: The id, or None outside requests.
        span: The span that stands for the whole.
        fields: What `bind` has put on every later line.
        lines: The newest log lines, for the error that may come.
        request: What only an error asks for, read when it happens. A mapping of the framework's own.
        errors: Reports that wait for the end of the request; None once it has ended.
        number: Tells scopes of this process apart: a caller may send one request id twice.
        ids: What `ids_and_sampled` has found for the span.
    """

    __slots__ = ("errors", "fields", "ids", "lines", "number", "request", "request_id", "span")

    def __init__(
        self, request_id: str | None = None, span: Span = trace.INVALID_SPAN, request: Any = None
    ) -> None:
        self.request_id = request_id
        self.span = span
        self.fields: dict[str, Plain] = {}
        self.lines: deque[Line] = deque(maxlen=_MAX_LINES)
        self.request = request
        self.errors: list[Any] | None = []
        self.number = next(_numbers)
        self.ids: Ids | None = None


class _Ambient(Scope):
    """Holds what was bound outside any scope. Never changed, but replaced: tasks share it."""

    __slots__ = ()

    def copy(self) -> _Ambient:
        other = _Ambient()
        other.fields.update(self.fields)
        other.lines.extend(self.lines)
        return other


_NO_IDS = Ids(None, None, sampled=False)
_numbers = count()
_scope: ContextVar[Scope | None] = ContextVar("obskit_scope", default=None)


def current() -> Scope | None:
    """The scope at hand, or None."""
    return _scope.get()


def number() -> int | None:
    """The number of the request's scope, or None outside requests."""
    scope = _scope.get()
    return scope.number if scope is not None and scope.request_id is not None else None


def is_told_above() -> bool:
    """Whether there is a scope whose end tells of an exception that leaves it."""
    scope = _scope.get()
    return scope is not None and not isinstance(scope, _Ambient)


def enter(scope: Scope) -> Token[Scope | None]:
    """Make a scope the current one. Give the token to `leave`, in the same thread or task."""
    return _scope.set(scope)


def leave(token: Token[Scope | None]) -> None:
    """Make the scope before `enter` the current one again."""
    _scope.reset(token)


@contextmanager
def entered(scope: Scope) -> Iterator[Scope]:
    """Both of them, around a block."""
    token = enter(scope)
    try:
        yield scope
    finally:
        leave(token)


def request_id() -> str | None:
    """The id of the request at hand: for an error page, a support mail, a call to another service.

    Returns:
        The id, or None outside a request.

    >>> request_id() is None
    True
    """
    scope = _scope.get()
    return scope.request_id if scope else None


def bind(**fields: object) -> None:
    """Put fields on every later log line of this request, on its span and on its error.

    `user_id` becomes the attribute `user.id` of the span and the user of the error. Outside a
    request the fields belong to the thread or task at hand.

    Args:
        **fields: At most 64 a request; more are ignored. Values may be anything; what stands under
            a sensitive name is masked.

    >>> bind(user_id=7, plan="free")
    """
    scope = _scope.get()
    if scope is None or isinstance(scope, _Ambient):
        scope = _Ambient() if scope is None else scope.copy()
        _scope.set(scope)
    span = scope.span if scope.span is not trace.INVALID_SPAN else trace.get_current_span()
    for key, given in fields.items():
        name = name_of(key)
        if name not in scope.fields and len(scope.fields) >= _MAX_FIELDS:
            continue
        value = plain(given, name)
        scope.fields[name] = value
        with suppress(Exception):  # a span of the host's own making may refuse it
            span.set_attribute(names.USER_ID if name == "user_id" else name, attribute(value))


def attribute(value: Plain) -> str | int | float | bool:
    """A plain value as an attribute of a span: what is nested or missing becomes text.

    >>> attribute({"a": 1})
    "{'a': 1}"
    """
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def accepted_request_id(header: str | None) -> str | None:
    """A caller's `X-Request-ID`, if it can be trusted to stand in a log line and a header.

    Args:
        header: The header's value.

    Returns:
        The value when it has 1 to 128 letters, digits, dots, underscores or hyphens; else None.

    >>> accepted_request_id("b7c2-1"), accepted_request_id("a b")
    ('b7c2-1', None)
    """
    return header if header and _REQUEST_ID.fullmatch(header) else None


def ids() -> tuple[str | None, str | None]:
    """Trace id and span id at hand, in hexadecimal, or None twice."""
    return ids_and_sampled()[:2]


def ids_and_sampled() -> Ids:
    """The same, and whether the trace is sampled."""
    scope = _scope.get()
    # Most lines are told under the span of their request.
    own = scope is not None and otel_context.get_current().get(_SPAN_KEY) is scope.span
    if scope is not None and own and scope.ids is not None:
        return scope.ids
    ids = _ids_of(trace.get_current_span().get_span_context())
    if scope is not None and own:
        scope.ids = ids
    return ids


def _ids_of(found: SpanContext) -> Ids:
    if not found.is_valid:
        return _NO_IDS
    sampled = bool(found.trace_flags & TraceFlags.SAMPLED)
    return Ids(format_trace_id(found.trace_id), format_span_id(found.span_id), sampled)
