"""Apps that OpenTelemetry's own packages observe already: nothing doubles, nothing of theirs is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from tests.asking import connect, get

import obskit
from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture
from obskit.registry import Registry

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("opentelemetry.instrumentation.fastapi", reason="it is not installed")

from fastapi import BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

import obskit.fastapi

CONTRIB = "opentelemetry.instrumentation.fastapi"
log = obskit.get_logger("shop")


def shop(**options: Any) -> FastAPI:
    app = FastAPI(**options)

    @app.get("/products/{number}")
    async def product(number: int) -> str:
        log.info("product.seen", number=number)
        return "ok"

    @app.get("/boom")
    async def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.post("/orders")
    async def order(tasks: BackgroundTasks) -> str:
        tasks.add_task(log.info, "mail.sent")
        return "ok"

    @app.websocket("/rooms/{room}")
    async def room(websocket: WebSocket, room: int) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def ours(app: FastAPI) -> FastAPI:
    return obskit.fastapi.init_app(app, registry=Registry())


def theirs(app: FastAPI) -> FastAPI:
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
    return app


@pytest.fixture(
    params=[lambda: ours(theirs(shop())), lambda: theirs(ours(shop()))],
    ids=["they first", "we first"],
)
def both(request: pytest.FixtureRequest, obskit_capture: Capture) -> Iterator[FastAPI]:
    app: FastAPI = request.param()
    yield app
    FastAPIInstrumentor.uninstrument_app(app)


def measured(capture: Capture) -> dict[str, int]:
    return {
        name: sum(point["count"] for point in points)
        for name, points in capture.metrics().items()
        if name.startswith("http.server") and "duration" in name
    }


def test_their_span_is_the_only_one_and_has_our_id(both: FastAPI, obskit_capture: Capture) -> None:
    answer = get(both, "/products/7")
    (span,) = obskit_capture.spans
    assert (span.name, span.kind) == ("GET /products/{number}", SpanKind.SERVER)
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == CONTRIB
    assert answer.request_id == "00000000000000000000000000000001"
    assert (span.attributes or {})["obskit.request.id"] == answer.request_id
    assert [
        (line["event"], line["request_id"], line["span_id"]) for line in obskit_capture.lines
    ] == [
        ("product.seen", answer.request_id, "0000000000000001"),
        ("GET /products/7 200", answer.request_id, "0000000000000001"),
    ]


def test_a_request_is_measured_once(both: FastAPI, obskit_capture: Capture) -> None:
    get(both, "/products/7")
    assert sum(measured(obskit_capture).values()) == 1


def test_an_exception_is_one_error_and_one_event_of_their_span(
    both: FastAPI, obskit_capture: Capture
) -> None:
    answer = get(both, "/boom")
    (error,) = obskit_capture.errors
    assert error["contexts"]["trace"]["trace_id"] == "00000000000000000000000000000001"
    told = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert told == ["Unhandled exception on /boom"]
    (span,) = obskit_capture.spans
    assert [event.name for event in span.events] == ["exception"]
    assert answer.status == 500
    assert answer.request_id == "00000000000000000000000000000001"


def test_a_background_task_is_one_span(both: FastAPI, obskit_capture: Capture) -> None:
    get(both, "/orders", method="POST")
    assert [span.kind for span in obskit_capture.spans] == [SpanKind.SERVER, SpanKind.INTERNAL]
    assert [line["event"] for line in obskit_capture.lines] == ["POST /orders 200", "mail.sent"]


def test_a_websocket_is_one_span(both: FastAPI, obskit_capture: Capture) -> None:
    connect(both, "/rooms/7", [])
    servers = [span for span in obskit_capture.spans if span.kind is SpanKind.SERVER]
    assert len(servers) == 1
    assert [line["event"] for line in obskit_capture.lines] == ["GET /rooms/7 101"]


def test_a_trace_that_they_do_not_keep_is_not_kept_by_us(obskit_capture: Capture) -> None:
    app = shop()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=TracerProvider(sampler=ALWAYS_OFF))
    answer = get(ours(app), "/products/7")
    FastAPIInstrumentor.uninstrument_app(app)
    assert obskit_capture.spans == []
    assert {line["request_id"] for line in obskit_capture.lines} == {answer.request_id}


def test_an_asgi_app_within_their_middleware_keeps_their_span(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        log.info("seen")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    answer = get(OpenTelemetryMiddleware(ObskitMiddleware(app), exclude_spans=["send", "receive"]))
    (span,) = obskit_capture.spans
    assert (span.attributes or {})["obskit.request.id"] == answer.request_id
    assert [line["event"] for line in obskit_capture.lines] == ["seen", "GET / 200"]
    assert sum(measured(obskit_capture).values()) == 1


def test_the_telemetry_that_a_host_has_asked_fastapi_for_stays(obskit_capture: Capture) -> None:
    pytest.importorskip("fastapi.telemetry", reason="older ones have no telemetry of their own")
    app = ours(shop(telemetry={"tracer_provider": trace.get_tracer_provider()}))
    answer = get(app, "/products/7")
    servers = [span for span in obskit_capture.spans if span.kind is SpanKind.SERVER]
    (span,) = servers
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "fastapi"
    assert (span.attributes or {})["obskit.request.id"] == answer.request_id
    assert measured(obskit_capture) == {"http.server.request.duration": 1}


def test_a_span_of_the_hosts_own_around_the_app_is_not_taken_for_the_requests(
    obskit_capture: Capture,
) -> None:
    """As a test or a script does that calls the app itself."""
    app = ours(shop())
    with obskit.span("script"):
        get(app, "/products/7")
    names = {span.name: span.kind for span in obskit_capture.spans}
    assert names == {"GET /products/{number}": SpanKind.SERVER, "script": SpanKind.INTERNAL}


def test_their_span_tells_of_an_exception_in_the_middle_of_a_response_as_without_us(
    both: FastAPI, obskit_capture: Capture
) -> None:
    async def parts() -> AsyncIterator[str]:
        yield "part"
        raise ZeroDivisionError("an empty basket")

    alone = theirs(shop())
    for app in (both, alone):
        app.add_api_route("/stream", lambda: StreamingResponse(parts()))
        get(app, "/stream")
    FastAPIInstrumentor.uninstrument_app(alone)
    with_us, without_us = ([event.name for event in span.events] for span in obskit_capture.spans)
    assert with_us == without_us
    assert "exception" in without_us
    assert len(obskit_capture.errors) == 1
