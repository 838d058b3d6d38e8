"""The span that an instrumentation of the host's own makes of a request, and what it is told."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from obskit import context, names
from obskit.telemetry.exchange import Exchange, own_request_id

_CONTRIB = "opentelemetry.instrumentation."


def current_server_span(made_by: tuple[str, ...], *, or_not_kept: bool) -> Span | None:
    """The span of a request that is current as ours begins, if another has made it.

    Args:
        made_by: How the names of those begin who make such spans.
        or_not_kept: Whether a span that records nothing may be one: of a trace that is not kept.
    """
    span: Any = trace.get_current_span()
    found = span.get_span_context()
    if not found.is_valid or found.is_remote:
        return None
    if isinstance(span, NonRecordingSpan):
        return span if or_not_kept else None
    name = getattr(getattr(span, "instrumentation_scope", None), "name", "")
    is_theirs = getattr(span, "kind", None) is SpanKind.SERVER and str(name).startswith(made_by)
    return span if is_theirs and span.is_recording() else None


def span_around_wsgi() -> Span | None:
    """The span that the contrib package for WSGI has made of a request, where it stands around us."""
    if f"{_CONTRIB}wsgi" not in sys.modules:
        return None
    return current_server_span((_CONTRIB,), or_not_kept=True)


def adopt(exchange: Exchange, span: Span, given: str | None) -> None:
    """Make a span that has begun since the one of an exchange that waits for it. Never raises.

    Args:
        exchange: The request, begun with an invalid span.
        span: Its span.
        given: The request id that the caller has sent.
    """
    with suppress(Exception):  # a span of the host's own making may refuse what it is told
        scope = exchange.scope
        found = span.get_span_context()
        if not found.is_valid:
            return
        exchange.span = scope.span = span
        exchange._otel_context = trace.set_span_in_context(span, exchange._otel_context)
        # As the exchange began there was no trace that it could have been part of.
        exchange._transaction = exchange._start_transaction()
        # What has been told already is found by the id that it was told under.
        if not scope.lines and exchange.request_id != given:
            parent = getattr(span, "parent", None)
            continued = parent is not None and parent.is_remote
            scope.request_id = own_request_id(span, continued=continued)
        span.set_attribute(names.REQUEST_ID, exchange.request_id)
        for name, value in scope.fields.items():
            told = names.USER_ID if name == "user_id" else name
            span.set_attribute(told, context.attribute(value))
