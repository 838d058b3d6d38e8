"""Signals for tests, each with only what the test is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from obskit import names
from obskit.stories.signals import Error, Line, Raised, Span, Value

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

_SERVER = Span(
    trace_id=TRACE,
    span_id="00f067aa0ba902b7",
    parent_id="",
    name="GET /products/<int:product_id>",
    kind="server",
    start=1_700_000_000.0,
    end=1_700_000_000.25,
    service="shop",
    attributes={
        names.HTTP_REQUEST_METHOD: "GET",
        names.URL_PATH: "/products/3",
        names.HTTP_ROUTE: "/products/<int:product_id>",
        names.HTTP_RESPONSE_STATUS_CODE: 200,
        names.REQUEST_ID: TRACE,
    },
)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds


def server(**fields: object) -> Span:
    """The server span of GET /products/3."""
    return replace(_SERVER, **fields)  # type: ignore[arg-type]


def child(span_id: str, name: str = "work", **fields: Any) -> Span:
    """A child of the server span, 125 ms after its start and 62.5 ms long."""
    given: dict[str, Any] = {
        "span_id": span_id,
        "parent_id": _SERVER.span_id,
        "name": name,
        "kind": "internal",
        "start": _SERVER.start + 0.125,
        "end": _SERVER.start + 0.1875,
        "attributes": {},
    }
    return replace(_SERVER, **{**given, **fields})


def query(span_id: str, statement: str = "SELECT 1", **fields: Any) -> Span:
    """A database span below the server span."""
    attributes = {"db.query.text": statement}
    return child(span_id, "SELECT", **{"kind": "client", "attributes": attributes, **fields})


def line(body: str = "order.placed", **fields: object) -> Line:
    """A log line of the trace, 20 ms after the server span's start."""
    start = Line(_SERVER.start + 0.02, "info", body, trace_id=TRACE, service="shop")
    return replace(start, **fields)  # type: ignore[arg-type]


def access_line(**fields: object) -> Line:
    """The access line of the server span."""
    attributes: dict[str, Value] = {
        names.HTTP_REQUEST_METHOD: "GET",
        names.URL_PATH: "/products/3",
        names.HTTP_RESPONSE_STATUS_CODE: 503,
        names.REQUEST_ID: "abc-1",
    }
    given = {"event_name": names.EVENT_ACCESS, "attributes": attributes, **fields}
    return replace(line("GET /products/3 503"), **given)  # type: ignore[arg-type]


def exception_line(error_type: str = "KeyError", message: str = "'price'") -> Line:
    """The log record of an exception."""
    attributes: dict[str, Value] = {
        names.EXCEPTION_TYPE: error_type,
        names.EXCEPTION_MESSAGE: message,
        names.EXCEPTION_STACKTRACE: (
            "Traceback (most recent call last):\n"
            '  File "/srv/shop/cart.py", line 84, in total\n'
            '    return basket["price"]\n'
            f"{error_type}: {message}\n"
        ),
    }
    event = names.EVENT_EXCEPTION
    return line(event, level="error", event_name=event, attributes=attributes)


def check_line(state: str, name: str = "database", message: str = "") -> Line:
    """The log record of a check's result."""
    attributes: dict[str, Value] = {
        names.CHECK_NAME: name,
        names.CHECK_STATE: state,
        names.CHECK_RESULT_MESSAGE: message,
    }
    return line("", event_name=names.EVENT_CHECK, attributes=attributes, trace_id="")


def event(*exceptions: Raised, **fields: object) -> Error:
    """An error event of the trace, as Sentry's protocol brings it."""
    start = Error("sentry", _SERVER.start + 0.2, exceptions, event_id="e1", trace_id=TRACE)
    return replace(start, **fields)  # type: ignore[arg-type]
