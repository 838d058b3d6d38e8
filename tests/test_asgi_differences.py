"""ASGI and FastAPI beside OpenTelemetry's own packages: the same requests, attribute by attribute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.asking import App, connect, get

from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture
from obskit.registry import Registry

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("opentelemetry.instrumentation.fastapi", reason="it is not installed")

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from tests.differences import (
    ABSENT,
    OURS_ALONE,
    Intended,
    differences,
    of_contrib,
    of_obskit,
    unlike,
)

import obskit.fastapi

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

BOTH: Intended = {
    "client.port": ({(4711, ABSENT)}, "another one for each connection, and nobody looks for it"),
    "server.address": (
        {("127.0.0.1:8000", "shop.example")},
        "the name that the client asked for, without a port, as the conventions say",
    ),
    "server.port": (
        {(8000, 8080), (8000, ABSENT)},
        "what the client asked for, where it named one: a proxy's, and not the one behind it",
    ),
    "url.query": (
        {("page=2&token=abc", "page=2&token=[redacted]")},
        "secrets stay here",
    ),
    "http.request.method": ({(ABSENT, "GET")}, "a websocket begins as a request by GET"),
    "http.response.body.size": (OURS_ALONE, "on the span, where they have another histogram"),
    "obskit.request.id": (OURS_ALONE, "by it everything else is found"),
    "obskit.websocket.close_code": ({(ABSENT, 1000)}, "how the connection ended"),
}
OF_ASGI: Intended = {
    **BOTH,
    "error.type": ({(ABSENT, "ZeroDivisionError")}, "what the app raised"),
    "http.response.status_code": (
        {(ABSENT, 500), (ABSENT, 101)},
        "what the server answers when the app has raised, and when a websocket is open",
    ),
    "name": (
        {
            ("GET /products/7", "GET"),
            ("POST /products/7", "POST"),
            ("DELETE /products/7", "DELETE"),
            ("HTTP /products/7", "HTTP"),
            ("GET /nothing", "GET"),
            ("GET /boom", "GET"),
            ("GET /stream", "GET"),
            ("HTTP /rooms/7", "GET"),
        },
        "a path is no name: each id in it would be an operation of its own",
    ),
}
OF_FASTAPI: Intended = {
    **BOTH,
    "error.type": ({("500", "ZeroDivisionError")}, "what the app raised says more than the status"),
    "http.response.status_code": ({(ABSENT, 101)}, "what a websocket is opened with"),
    "name": (
        {("HTTP /rooms/{room}", "GET /rooms/{room}")},
        "a websocket begins as a request by GET",
    ),
}


async def bare(scope: Any, _receive: Any, send: Any) -> None:
    if scope["path"] == "/boom":
        raise ZeroDivisionError("an empty basket")
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    status = 404 if scope["path"] == "/nothing" else 200
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def shop() -> FastAPI:
    app = FastAPI()

    @app.get("/products/{number}")
    @app.post("/products/{number}")
    async def product(number: int) -> str:
        return "ok"

    @app.get("/boom")
    async def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"part"

        return StreamingResponse(parts())

    @app.websocket("/rooms/{room}")
    async def room(websocket: WebSocket, room: int) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def ask_everything(app: App) -> None:
    get(app, "/products/7?page=2&token=abc", {"Host": "shop.example:8080"})
    get(app, "/products/7", method="POST")
    get(app, "/products/7", method="DELETE")
    get(app, "/products/7", method="BREW")
    get(app, "/nothing")
    get(app, "/boom")
    get(app, "/stream", {"traceparent": TRACEPARENT})
    connect(app, "/rooms/7", [])


def contrib_asgi(tracers: Any, meters: Any) -> None:
    ask_everything(OpenTelemetryMiddleware(bare, tracer_provider=tracers, meter_provider=meters))


def contrib_fastapi(tracers: Any, meters: Any) -> None:
    app = shop()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=tracers, meter_provider=meters)
    ask_everything(app)
    FastAPIInstrumentor.uninstrument_app(app)


EVERY = pytest.mark.parametrize(
    ("contrib", "make", "intended", "measured"),
    [
        (
            contrib_asgi,
            lambda: ObskitMiddleware(bare),
            OF_ASGI,
            {
                "error.type": {(ABSENT, "ZeroDivisionError")},
                "http.response.status_code": {(ABSENT, 500)},
            },
        ),
        (
            contrib_fastapi,
            lambda: obskit.fastapi.init_app(shop(), registry=Registry()),
            OF_FASTAPI,
            {"error.type": {("500", "ZeroDivisionError")}},
        ),
    ],
    ids=["asgi", "fastapi"],
)


@EVERY
def test_what_is_told_of_a_request_differs_where_it_is_meant_to(
    contrib: Any,
    make: Any,
    intended: Intended,
    measured: Any,
    monkeypatch: pytest.MonkeyPatch,
    obskit_capture: Capture,
) -> None:
    theirs = of_contrib(monkeypatch, contrib)
    ask_everything(make())
    ours = of_obskit(obskit_capture)
    expected = {name: values for name, (values, _) in intended.items()}
    assert unlike(theirs, ours, intended) == expected
    # A span for each message says nothing that the request's own does not say.
    assert {name.rpartition(" ")[2] for name in theirs.others} <= {"send", "receive"}
    assert ours.others == []


@EVERY
def test_what_is_measured_differs_by_what_the_app_has_raised(
    contrib: Any,
    make: Any,
    intended: Intended,
    measured: Any,
    monkeypatch: pytest.MonkeyPatch,
    obskit_capture: Capture,
) -> None:
    theirs = of_contrib(monkeypatch, contrib).metrics
    ask_everything(make())
    ours = of_obskit(obskit_capture).metrics
    active, duration = "http.server.active_requests", "http.server.request.duration"
    assert differences(theirs[active], ours[active]) == {}
    assert differences(theirs[duration], ours[duration]) == measured
    # Of the size there is an attribute of the span and a field of the access line.
    assert {*theirs} - {*ours} == {"http.server.response.body.size"}
