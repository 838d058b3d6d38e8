"""The WSGI path, over responses that come in parts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from werkzeug.test import Client

import obskit
from obskit.capture import Capture
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


App = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


def stream(log: Any, *, closed: list[str]) -> App:
    """An app that streams three parts and logs between them."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            for number in range(3):
                log.info("part", number=number)
                yield b"part"
        finally:
            closed.append(environ["PATH_INFO"])
            log.info("closing")

    return app


def test_a_streamed_response_is_one_story_to_its_last_byte(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")
    response = Client(ObskitMiddleware(stream(log, closed=[]))).get("/stream")
    assert response.data == b"partpartpart"
    request_id = response.headers["X-Request-ID"]
    obskit_capture.assert_one_story(request_id)
    events = [line["event"] for line in obskit_capture.lines if line["request_id"] == request_id]
    assert events == ["part", "part", "part", "closing", "GET /stream 200"]
    access = obskit_capture.lines[-1]
    assert access["http.response.body.size"] == 12


def test_between_the_parts_of_a_stream_nothing_is_current(obskit_capture: Capture) -> None:
    middleware = ObskitMiddleware(stream(obskit.get_logger("shop"), closed=[]))
    parts: Any = iter(middleware({"PATH_INFO": "/", "REQUEST_METHOD": "GET"}, lambda *_: print))
    assert next(parts) == b"part"
    assert not trace.get_current_span().get_span_context().is_valid
    assert obskit.request_id() is None
    parts.close()  # else it tells of its end in the middle of another test


def test_a_client_that_leaves_early_ends_the_story(obskit_capture: Capture) -> None:
    closed: list[str] = []
    response = Client(ObskitMiddleware(stream(obskit.get_logger("shop"), closed=closed))).get("/s")
    assert obskit_capture.spans == []
    response.close()
    assert closed == ["/s"]
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])


def test_a_stream_that_breaks_off_is_a_failed_request(obskit_capture: Capture) -> None:
    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"part"
        raise ConnectionError("database gone")

    response = Client(ObskitMiddleware(app)).get("/")
    with pytest.raises(ConnectionError, match="database gone"):
        _ = response.data
    assert (obskit_capture.spans[0].attributes or {})["error.type"] == "ConnectionError"
    assert len(obskit_capture.errors) == 1


def test_a_span_left_open_in_an_abandoned_stream_leaks_into_no_other_request(
    obskit_capture: Capture,
) -> None:
    log = obskit.get_logger("shop")
    abandoned: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/stream":

            def body() -> Iterator[bytes]:
                obskit.bind(user_id="first")
                with obskit.span("streaming"):
                    yield b"part"
                    yield b"part"

            abandoned.append(body())
            next(abandoned[0])
            return [b""]
        abandoned.clear()
        gc.collect()
        log.info("second")
        return [b""]

    client = Client(ObskitMiddleware(app))
    client.get("/stream").close()
    second = client.get("/second")
    second.close()
    line = next(line for line in obskit_capture.lines if line["event"] == "second")
    assert line["request_id"] == second.headers["X-Request-ID"]
    assert line["trace_id"] == second.headers["X-Request-ID"]
    assert "user_id" not in line
