"""Apps that `opentelemetry-instrumentation-flask` observes: its span is the one, and has our id."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from opentelemetry.trace import INVALID_SPAN, Span

from obskit.telemetry import adoption
from obskit.wsgi import EXCHANGE

#: Where it keeps the span of a request.
_SPAN = "opentelemetry-flask.span_key"


def is_observed(app: Flask) -> bool:
    """Whether the package makes the spans of an app.

    Args:
        app: The app.
    """
    return bool(getattr(app, "_is_instrumented_by_opentelemetry", False))


def span_of(app: Flask) -> Span | None:
    """The span of another for a request that begins; an invalid one where that is yet to come.

    Args:
        app: The app.
    """
    around = adoption.span_around_wsgi()
    return INVALID_SPAN if around is None and is_observed(app) else around


def watch(app: Flask) -> None:
    """Have the span told of the request as soon as it begins: before the host's own functions run.

    Args:
        app: The app, which serves its first request.
    """
    begin: Any = getattr(app, "_before_request", None)
    functions = app.before_request_funcs.get(None, [])
    if is_observed(app) and begin in functions and _adopt not in functions:
        after = functions.index(begin) + 1
        # Another list: a request in another thread may be going through this one.
        app.before_request_funcs[None] = [*functions[:after], _adopt, *functions[after:]]


def _adopt() -> None:
    exchange, span = request.environ.get(EXCHANGE), request.environ.get(_SPAN)
    if exchange is not None and exchange.span is INVALID_SPAN and isinstance(span, Span):
        adoption.adopt(exchange, span, request.environ.get("HTTP_X_REQUEST_ID"))
