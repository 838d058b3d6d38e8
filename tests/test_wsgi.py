"""The WSGI path, over apps of a few lines."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from tests.serving import serving
from werkzeug.test import Client

import obskit
from obskit.capture import Capture
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_init_the_app_is_called_as_if_there_were_no_middleware() -> None:
    response = serving().get("/")
    assert response.data == b"ok"
    assert "X-Request-ID" not in response.headers


def test_a_request_is_one_story_under_one_id(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")
    response = serving(lambda: log.info("order.placed", order_id=7)).get("/orders")
    assert response.headers["X-Request-ID"] == "00000000000000000000000000000001"
    obskit_capture.assert_one_story("00000000000000000000000000000001")
    assert [line["event"] for line in obskit_capture.lines] == ["order.placed", "GET /orders 200"]


def test_the_span_carries_the_stable_attributes(obskit_capture: Capture) -> None:
    serving().get(
        "/a/b?page=2&token=abc",
        headers={"User-Agent": "test", "Host": "shop.example:8080"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert dict(obskit_capture.spans[0].attributes or {}) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/a/b",
        "url.query": "page=2&token=[redacted]",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "192.0.2.7",
        "network.protocol.version": "1.1",
        "user_agent.original": "test",
        "http.response.status_code": 200,
        "http.response.body.size": 2,
        "obskit.request.id": "00000000000000000000000000000001",
    }


def test_the_duration_is_recorded_once_with_bounded_attributes(obskit_capture: Capture) -> None:
    client = serving(lambda: obskit_capture.clock.advance(0.25))
    for number in range(50):
        client.get(f"/somewhere/{number}")
    assert obskit_capture.metrics()["http.server.request.duration"] == [
        {
            "attributes": {
                "http.request.method": "GET",
                "url.scheme": "http",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
            },
            "count": 50,
            "sum": 12.5,
        }
    ]


def test_requests_under_way_are_counted_while_they_last(obskit_capture: Capture) -> None:
    seen: list[Any] = []
    serving(lambda: seen.append(obskit_capture.metrics()["http.server.active_requests"])).get("/")
    labels = {"http.request.method": "GET", "url.scheme": "http"}
    assert seen == [[{"attributes": labels, "value": 1}]]
    after = obskit_capture.metrics()["http.server.active_requests"]
    assert after == [{"attributes": labels, "value": 0}]


@pytest.mark.parametrize(
    ("status", "level"),
    [("204 No Content", "info"), ("404 Not Found", "warning"), ("503 No", "error")],
)
def test_the_level_of_the_access_line_follows_the_status(
    obskit_capture: Capture, status: str, level: str
) -> None:
    serving(status=status).get("/")
    assert [line["level"] for line in obskit_capture.lines] == [level]


def test_an_answer_of_500_marks_the_span_as_failed(obskit_capture: Capture) -> None:
    serving(status="500 Oh").get("/")
    span = obskit_capture.spans[0]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "500"


def test_an_answer_of_404_is_no_failure_of_the_server(obskit_capture: Capture) -> None:
    serving(status="404 Not Found").get("/")
    span = obskit_capture.spans[0]
    assert span.status.status_code is trace.StatusCode.UNSET
    assert "error.type" not in (span.attributes or {})


def test_what_the_app_raises_goes_on_and_is_told_once(obskit_capture: Capture) -> None:
    def fail() -> None:
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        serving(fail).get("/boom")
    span = obskit_capture.spans[0]
    assert [event.name for event in span.events] == ["exception"]
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert [line["event"] for line in obskit_capture.lines] == [
        "Unhandled exception on /boom",
        "GET /boom 500",
    ]
    assert obskit_capture.lines[0]["exception"]["message"] == "no such row"
    assert len(obskit_capture.errors) == 1
    obskit_capture.assert_one_story("00000000000000000000000000000001")


def test_a_logged_then_wrapped_then_raised_exception_is_one_error(obskit_capture: Capture) -> None:
    def fail() -> None:
        try:
            raise KeyError("a")
        except KeyError as error:
            obskit.get_logger().exception("lookup.failed")
            raise RuntimeError("order failed") from error

    with pytest.raises(RuntimeError):
        serving(fail).get("/")
    assert len(obskit_capture.errors) == 1
    values = obskit_capture.errors[0]["exception"]["values"]
    assert [value["type"] for value in values] == ["KeyError", "RuntimeError"]
    assert values[-1]["mechanism"]["handled"] is False


def test_the_trace_of_a_caller_is_continued(obskit_capture: Capture) -> None:
    response = serving().get("/", headers={"traceparent": TRACEPARENT})
    span = obskit_capture.spans[0]
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    # One trace may hold several requests, so the id names the span as well.
    assert response.headers["X-Request-ID"] == "0af7651916cd43dd8448eb211c80319c-0000000000000001"


def test_a_callers_request_id_is_taken_over(obskit_capture: Capture) -> None:
    response = serving().get("/", headers={"X-Request-ID": "order-7.retry_2"})
    assert response.headers["X-Request-ID"] == "order-7.retry_2"
    obskit_capture.assert_one_story("order-7.retry_2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(header=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200))
def test_any_request_id_is_taken_over_or_replaced_but_never_passed_on_raw(
    obskit_capture: Capture, header: str
) -> None:
    response = serving().get("/", environ_overrides={"HTTP_X_REQUEST_ID": header})
    answered = response.headers["X-Request-ID"]
    safe = 0 < len(header) <= 128 and all(
        c.isascii() and (c.isalnum() or c in "._-") for c in header
    )
    assert (answered == header) is safe
    assert answered.isascii()


def test_a_request_id_that_would_split_the_header_is_replaced(obskit_capture: Capture) -> None:
    response = serving().get("/", environ_overrides={"HTTP_X_REQUEST_ID": "a\r\nSet-Cookie: b=c"})
    assert response.headers["X-Request-ID"] == "00000000000000000000000000000001"


def test_the_request_id_of_the_app_itself_gives_way(obskit_capture: Capture) -> None:
    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("x-request-id", "mine")])
        return [b""]

    response = Client(ObskitMiddleware(app)).get("/")
    assert response.headers.getlist("X-Request-ID") == ["00000000000000000000000000000001"]


def test_bound_fields_end_with_their_request(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/first":
            obskit.bind(user_id=1)
        log.info("seen")
        start_response("200 OK", [])
        return [b""]

    client = Client(ObskitMiddleware(app))
    client.get("/first").close()
    client.get("/second").close()
    log.info("after")
    users = {line["event"]: line.get("user_id") for line in obskit_capture.lines}
    assert users == {"seen": None, "GET /first 200": 1, "GET /second 200": None, "after": None}
    assert "request_id" not in obskit_capture.lines[-1]


def test_bound_fields_stay_within_their_thread(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")
    barrier = threading.Barrier(2)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        obskit.bind(user_id=environ["PATH_INFO"])
        barrier.wait(10)
        log.info("seen", path=environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b""]

    client = Client(ObskitMiddleware(app))
    threads = [threading.Thread(target=client.get, args=(path,)) for path in ("/a", "/b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    seen = [line for line in obskit_capture.lines if line["event"] == "seen"]
    assert sorted((line["path"], line["user_id"]) for line in seen) == [("/a", "/a"), ("/b", "/b")]
    assert seen[0]["request_id"] != seen[1]["request_id"]


def test_a_websocket_upgrade_passes_untouched(obskit_capture: Capture) -> None:
    response = serving().get("/socket", headers={"Upgrade": "websocket"})
    assert "X-Request-ID" not in response.headers
    assert obskit_capture.spans == []


def test_nested_spans_are_children_of_the_request(obskit_capture: Capture) -> None:
    def work() -> None:
        with obskit.span("price.calculate"):
            pass

    serving(work).get("/")
    inner, server = obskit_capture.spans
    assert inner.name == "price.calculate"
    assert inner.parent is not None
    assert server.context is not None
    assert inner.parent.span_id == server.context.span_id
