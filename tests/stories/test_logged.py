"""Lines of log files as signals."""

from __future__ import annotations

from typing import Any

from tests.dev.given import TRACE

from obskit.logfiles.lines import Line
from obskit.stories import signals
from obskit.stories.logged import as_line, as_span, is_access


def line(**fields: Any) -> Line:
    return Line("2026-01-01T00:00:01.500000Z", "app", "as it stands", fields)


ACCESS = {
    "http.server.request.duration": 0.25,
    "http.request.method": "GET",
    "url.path": "/buy",
    "http.response.status_code": 503,
    "trace_id": TRACE,
    "span_id": "00f067aa0ba902b7",
    "request_id": "r-1",
    "service.name": "shop",
}


def test_an_access_line_is_known_by_its_duration() -> None:
    assert is_access(line(**ACCESS))
    assert not is_access(line(event="placed"))


def test_an_access_line_says_what_the_servers_span_would() -> None:
    span = as_span(line(**ACCESS), "r-1")
    assert (span.name, span.kind, span.service, span.failed) == ("GET /buy", "server", "shop", True)
    assert (span.start, span.end) == (1_767_225_601.25, 1_767_225_601.5)
    assert (span.trace_id, span.span_id) == (TRACE, "00f067aa0ba902b7")
    assert span.attributes["obskit.request.id"] == "r-1"


def test_a_line_is_told_with_its_own_fields_alone() -> None:
    told = as_line(
        line(
            timestamp="…",
            level="info",
            logger="shop",
            event="placed",
            order=7,
            trace_id=TRACE,
            span_id="00f067aa0ba902b7",
            **{"service.name": "shop", "service.version": "1"},
        )
    )
    assert told == signals.Line(
        time=1_767_225_601.5,
        level="info",
        body="placed",
        trace_id=TRACE,
        span_id="00f067aa0ba902b7",
        service="shop",
        attributes={"order": 7},
    )


def test_an_exception_is_told_by_the_names_of_the_conventions() -> None:
    failure = {"type": "KeyError", "message": "'sku'", "stacktrace": "Traceback …"}
    assert as_line(line(event="it broke", exception=failure)).attributes == {
        "exception.type": "KeyError",
        "exception.message": "'sku'",
        "exception.stacktrace": "Traceback …",
    }


def test_a_line_that_is_no_json_is_told_as_it_stands() -> None:
    told = as_line(Line("yesterday", "app", "as it stands", {}))
    assert (told.body, told.time, told.level) == ("as it stands", 0.0, "")
