"""FastAPI and Starlette apps, as their developers write them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from tests.asking import connect, get

import obskit
from obskit.capture import Capture, capturing
from obskit.exceptions import MissingExtra
from obskit.registry import Registry

pytest.importorskip("fastapi", reason="FastAPI is not installed")

from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware
from tests.fastapi_app import events, log, names_of, shop

import obskit.fastapi


def test_a_handler_in_a_thread_tells_under_the_requests_id(obskit_capture: Capture) -> None:
    answer = get(shop(), "/threaded")
    assert events(obskit_capture) == ["in a thread", "GET /threaded 200"]
    obskit_capture.assert_one_story(answer.request_id)


def test_what_a_middleware_of_starlettes_base_binds_is_on_the_handlers_lines(
    obskit_capture: Capture,
) -> None:
    app = shop()

    async def bound(request: Any, go_on: Any) -> Any:
        obskit.bind(tenant="north")
        return await go_on(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=bound)
    answer = get(app, "/products/7")
    obskit_capture.assert_one_story(answer.request_id)
    assert [line["tenant"] for line in obskit_capture.lines] == ["north", "north"]


def test_an_unhandled_exception_is_one_error_one_event_and_a_500_with_its_id(
    obskit_capture: Capture,
) -> None:
    answer = get(shop(), "/boom")
    assert isinstance(answer.error, ZeroDivisionError)  # the server writes of it, as ever
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    obskit_capture.assert_one_story(answer.request_id)
    (event,) = obskit_capture.errors
    assert event["transaction"] == "GET /boom"
    assert event["transaction_info"] == {"source": "route"}
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    told = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert told == ["Unhandled exception on /boom"]
    (span,) = obskit_capture.spans
    assert (span.name, [event.name for event in span.events]) == ("GET /boom", ["exception"])


@pytest.mark.parametrize(("path", "status"), [("/gone", 410), ("/nothing", 404), ("/oops", 500)])
def test_an_http_exception_is_no_error_event(
    obskit_capture: Capture, path: str, status: int
) -> None:
    answer = get(shop(), path)
    assert (answer.status, answer.request_id) == (status, "00000000000000000000000000000001")
    assert obskit_capture.errors == []


def test_a_request_that_is_not_valid_is_no_error_event(obskit_capture: Capture) -> None:
    assert get(shop(), "/products/seven").status == 422
    assert names_of(obskit_capture) == ["GET /products/{number}"]
    assert obskit_capture.errors == []


def test_an_exception_that_the_app_handles_is_no_error_event(obskit_capture: Capture) -> None:
    app = shop()

    @app.exception_handler(ZeroDivisionError)
    async def handled(_request: Any, _error: Exception) -> JSONResponse:
        return JSONResponse({}, 422)

    assert get(app, "/boom").status == 422
    assert obskit_capture.errors == []


def test_an_error_page_can_show_the_id(obskit_capture: Capture) -> None:
    app = shop()

    @app.exception_handler(Exception)
    async def page(_request: Any, _error: Exception) -> JSONResponse:
        return JSONResponse({"request_id": obskit.request_id()}, 500)

    answer = get(app, "/boom")
    assert answer.body == b'{"request_id":"00000000000000000000000000000001"}'
    assert answer.request_id == "00000000000000000000000000000001"
    assert len(obskit_capture.errors) == 1


async def _parts() -> AsyncIterator[str]:
    for number in range(2):
        log.info("part", number=number)
        yield "part"


def _threaded_parts() -> Iterator[str]:
    for number in range(2):
        with obskit.span("part"):
            log.info("part", number=number)
        yield "part"


@pytest.mark.parametrize("parts", [_parts, _threaded_parts], ids=["async", "in threads"])
def test_a_streamed_response_keeps_its_id_to_the_end(obskit_capture: Capture, parts: Any) -> None:
    app = shop()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    answer = get(app, "/stream")
    assert answer.body == b"partpart"
    obskit_capture.assert_one_story(answer.request_id)
    assert events(obskit_capture) == ["part", "part", "GET /stream 200"]


def test_a_background_task_is_a_span_of_the_trace_in_nobodys_time(obskit_capture: Capture) -> None:
    app = shop()

    def mail(to: str) -> None:
        obskit_capture.clock.advance(60)
        log.info("mail.sent", to=to)

    @app.post("/orders")
    async def order(tasks: BackgroundTasks) -> str:
        tasks.add_task(mail, "ann")
        return "ok"

    answer = get(app, "/orders", method="POST")
    assert answer.status == 200
    obskit_capture.assert_one_story(answer.request_id)
    assert events(obskit_capture) == ["POST /orders 200", "mail.sent"]
    request, task = obskit_capture.spans
    assert (request.name, task.name) == ("POST /orders", "BackgroundTask mail")
    assert task.parent is not None
    assert task.parent.span_id == request.context.span_id
    (point,) = obskit_capture.metrics()["http.server.request.duration"]
    assert point["sum"] == 0


def test_a_background_task_that_fails_is_one_error_and_its_response_stays_good(
    obskit_capture: Capture,
) -> None:
    app = shop()

    def mail() -> None:
        raise ConnectionError("no mail server")

    @app.post("/orders")
    async def order(tasks: BackgroundTasks) -> str:
        tasks.add_task(mail)
        return "ok"

    get(app, "/orders", method="POST")
    (error,) = obskit_capture.errors
    assert error["exception"]["values"][-1]["type"] == "ConnectionError"
    told = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert told == ["Unhandled exception after the response of /orders"]
    request, task = obskit_capture.spans
    assert "error.type" not in (request.attributes or {})
    assert (task.attributes or {})["error.type"] == "ConnectionError"


def test_a_websocket_is_one_span_that_ends_without_an_error_when_the_client_leaves(
    obskit_capture: Capture,
) -> None:
    app = shop()

    @app.websocket("/rooms/{room}")
    async def room(websocket: WebSocket, room: int) -> None:
        await websocket.accept()
        while True:
            log.info("said", text=await websocket.receive_text())
            await websocket.send_text("heard")

    said = {"type": "websocket.receive", "text": "hello"}
    answer = connect(app, "/rooms/7", [said, said, {"type": "websocket.disconnect", "code": 1001}])
    obskit_capture.assert_one_story(answer.request_id)
    assert names_of(obskit_capture) == ["GET /rooms/{room}"]
    assert events(obskit_capture) == ["said", "said", "GET /rooms/7 101"]
    assert obskit_capture.errors == []


def test_init_app_twice_makes_one_span(obskit_capture: Capture) -> None:
    app = shop()
    assert obskit.fastapi.init_app(app) is app
    get(app, "/products/1")
    assert len(obskit_capture.spans) == 1


def test_fastapis_own_telemetry_doubles_nothing(obskit_capture: Capture) -> None:
    """It makes spans wherever there is a provider, which `init` sets."""
    assert get(shop(), "/products/7").status == 200
    (span,) = obskit_capture.spans
    assert span.kind is SpanKind.SERVER
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "obskit"
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [point["count"] for point in points] == [1]


def test_two_apps_of_one_process_tell_of_their_own_checks(obskit_capture: Capture) -> None:
    first, second = Registry(), Registry()
    first.add("first", lambda: True, every="1h")
    second.add("second", lambda: True, every="1h")
    everybody: dict[str, Any] = {"health_access": lambda _scope: True}
    one, two = shop(first, **everybody), shop(second, **everybody)
    assert b'"checks":{"first":' in get(one, "/health").body
    assert b'"checks":{"second":' in get(two, "/health").body


def test_probes_leave_no_trace_no_metric_and_no_line(obskit_capture: Capture) -> None:
    app = shop()
    assert [get(app, path).status for path in ("/livez", "/readyz", "/health")] == [200, 200, 200]
    assert obskit_capture.spans == []
    assert obskit_capture.lines == []
    assert "http.server.request.duration" not in obskit_capture.metrics()


def test_a_health_route_of_the_apps_own_stays_the_apps(obskit_capture: Capture) -> None:
    app, router = shop(), APIRouter()
    app.add_api_route("/health", lambda: "mine")
    router.add_api_route("/livez", lambda: "mine too")
    app.include_router(router)
    assert get(app, "/health").body == b'"mine"'
    assert get(app, "/livez").body == b'"mine too"'


def test_health_paths_move_behind_a_prefix(obskit_capture: Capture) -> None:
    app = shop(prefix="/-")
    assert get(app, "/-/livez").status == 200
    assert get(app, "/livez").status == 404


def test_a_prefix_without_a_slash_is_refused_and_leaves_the_app_as_it_was() -> None:
    app = FastAPI()
    with pytest.raises(ValueError, match="the prefix is 'ops': begin it with a slash"):
        obskit.fastapi.init_app(app, prefix="ops")
    assert not hasattr(app.state, "obskit")


def test_the_order_of_init_and_init_app_does_not_matter() -> None:
    app = shop()
    assert "x-request-id" not in get(app, "/products/1").headers
    with capturing() as capture:
        answer = get(app, "/products/1")
        capture.assert_one_story(answer.request_id)


def test_an_app_that_serves_already_is_observed_from_then_on() -> None:
    app = FastAPI()
    assert get(app).status == 404
    obskit.fastapi.init_app(app)
    with capturing():
        assert get(app).request_id == "00000000000000000000000000000001"


def test_without_starlette_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()
    monkeypatch.setitem(sys.modules, "starlette.middleware.errors", None)
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[fastapi\]'"):
        obskit.fastapi.init_app(app)
