"""What a story is about, and which errors it tells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.dev import given
from tests.dev.given import TRACE

from obskit import names
from obskit.stories.signals import Frame, Raised, Span, SpanEvent, Value
from obskit.stories.story import Head, Story


def story(*spans: Span, **fields: object) -> Story:
    return Story(TRACE, spans, **fields)  # type: ignore[arg-type]


def test_a_request_is_its_method_path_status_duration_and_id() -> None:
    assert story(given.server()).heads() == [
        Head(
            title="GET /products/3",
            start=1_700_000_000.0,
            duration=0.25,
            request_id=TRACE,
            status=200,
            service="shop",
        )
    ]


def test_names_from_before_the_conventions_were_stable_are_understood() -> None:
    attributes = {"http.method": "GET", "http.target": "/a?b=c", "http.status_code": 404}
    (head,) = story(given.server(attributes=attributes)).heads()
    assert (head.title, head.status, head.request_id) == ("GET /a", 404, TRACE)


def test_a_root_span_that_is_no_request_gives_its_name() -> None:
    span = given.server(kind="internal", parent_id="", name="nightly import", failed=True)
    (head,) = story(span).heads()
    assert (head.title, head.failed) == ("nightly import", True)


def test_a_call_of_a_client_says_where_to() -> None:
    span = given.server(kind="client", name="GET", attributes={"url.full": "https://pay.example/"})
    assert story(span).heads()[0].title == "GET https://pay.example/"


def test_several_requests_of_one_trace_have_a_head_each() -> None:
    first = given.server(parent_id="1" * 16)
    second = given.server(parent_id="1" * 16, span_id="2" * 16, start=1_600_000_000.0)
    starts = [head.start for head in story(first, second).heads()]
    assert starts == [1_600_000_000.0, 1_700_000_000.0]


def test_a_request_within_a_request_has_no_head_of_its_own() -> None:
    inner = given.server(span_id="2" * 16, parent_id=given.server().span_id)
    assert len(story(given.server(), inner).heads()) == 1


def test_without_spans_the_access_line_is_the_head() -> None:
    (head,) = story(lines=(given.line(), given.access_line())).heads()
    assert head == Head(
        title="GET /products/3",
        start=1_700_000_000.02,
        duration=None,
        request_id="abc-1",
        status=503,
        failed=True,
        service="shop",
    )


@pytest.mark.parametrize(("status", "failed"), [(499, False), (500, True)])
def test_an_access_line_fails_from_500_on(status: int, failed: bool) -> None:
    attributes: dict[str, Value] = {names.HTTP_RESPONSE_STATUS_CODE: status}
    (head,) = story(lines=(given.access_line(attributes=attributes),)).heads()
    assert head.failed is failed


def test_an_access_line_of_another_kind_gives_its_text() -> None:
    (head,) = story(lines=(given.access_line(attributes={}, body="asked"),)).heads()
    assert (head.title, head.status, head.failed, head.request_id) == ("asked", None, False, TRACE)


def test_without_anything_to_go_by_the_head_has_no_title() -> None:
    orphan = given.child("a" * 16, parent_id="9" * 16)
    told = given.line(attributes={names.REQUEST_ID: "abc-1"})
    (head,) = story(orphan, lines=(told,)).heads()
    assert head == Head("", 1_700_000_000.02, None, "abc-1", service="shop")


def test_an_error_alone_gives_its_request_id() -> None:
    (head,) = story(reported=(given.event(tags={"request_id": "abc-2"}),)).heads()
    assert (head.start, head.request_id, head.service) == (1_700_000_000.2, "abc-2", "")


def test_a_story_of_nothing_has_a_head_all_the_same() -> None:
    assert story().heads() == [Head("", 0.0, None, TRACE)]


def test_only_a_request_or_a_span_without_parent_is_a_root() -> None:
    assert story(given.server(parent_id="1" * 16)).has_root
    assert story(given.server(parent_id="1" * 16, kind="consumer")).has_root
    assert story(given.child("a" * 16, parent_id="")).has_root
    assert not story(given.child("a" * 16)).has_root


EXCEPTION_EVENT = SpanEvent(
    1_700_000_000.1,
    "exception",
    {names.EXCEPTION_TYPE: "builtins.KeyError", names.EXCEPTION_MESSAGE: "price"},
)
OTHER_EVENT = SpanEvent(0.0, "cache.miss", {})


def test_an_exception_is_told_once_and_sentry_tells_it_best() -> None:
    span = given.server(events=(OTHER_EVENT, EXCEPTION_EVENT))
    reported = given.event(Raised("KeyError", "'price'"))
    told = story(span, lines=(given.exception_line(),), reported=(reported,))
    assert told.errors() == [reported]


def test_a_log_record_tells_it_better_than_a_span() -> None:
    span = given.server(events=(EXCEPTION_EVENT,))
    (error,) = story(span, lines=(given.line(), given.exception_line())).errors()
    assert error.source == "log"
    frame = Frame("/srv/shop/cart.py", 84, "total", 'return basket["price"]', in_app=True)
    assert error.exceptions[0].frames == (frame,)


def test_a_span_event_tells_what_nothing_else_does() -> None:
    (error,) = story(given.server(events=(EXCEPTION_EVENT,))).errors()
    assert (error.source, error.key) == ("span", ("KeyError", "price"))


def test_different_errors_are_told_in_order_of_time() -> None:
    later = given.event(Raised("ValueError", "b"), time=1_700_000_000.3)
    told = story(given.server(), lines=(given.exception_line(),), reported=(later,))
    assert [error.key for error in told.errors()] == [("KeyError", "price"), ("ValueError", "b")]


def test_messages_without_exceptions_are_told_apart_by_their_text() -> None:
    one, other = given.event(message="a"), given.event(message="b")
    assert story(reported=(one, other, one)).errors() == [one, other]


def test_what_was_told_before_is_not_told_again() -> None:
    reported = given.event(Raised("KeyError", "'price'"))
    late = replace(story(reported=(reported,)), late=True, told=frozenset({reported.key}))
    assert late.errors() == []


def test_an_exception_with_nothing_in_it_is_an_error() -> None:
    line = given.line(attributes={names.EXCEPTION_TYPE: None})
    (error,) = story(lines=(line,)).errors()
    assert error.exceptions == (Raised("Error", ""),)
