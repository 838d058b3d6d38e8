"""WSGI and Flask beside OpenTelemetry's own packages: the same requests, attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from obskit.capture import Capture
from obskit.registry import Registry
from obskit.wsgi import ObskitMiddleware

pytest.importorskip("flask", reason="Flask is not installed")
pytest.importorskip("opentelemetry.instrumentation.flask", reason="it is not installed")

import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from tests.differences import (
    ABSENT,
    OURS_ALONE,
    Intended,
    differences,
    of_contrib,
    of_obskit,
    unlike,
)
from werkzeug.test import Client

import obskit.flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

BOTH: Intended = {
    "client.port": ({(4711, ABSENT)}, "another one for each connection, and nobody looks for it"),
    "server.address": (
        {("shop.example:8080", "shop.example")},
        "the name that the client asked for, without a port, as the conventions say",
    ),
    "server.port": (
        {(80, 8080), (80, ABSENT)},
        "what the client asked for, where it named one: a proxy's, and not the one behind it",
    ),
    "url.query": (
        {("page=2&token=abc", "page=2&token=[redacted]")},
        "secrets stay here",
    ),
    "http.response.body.size": (OURS_ALONE, "a response that is suddenly empty or huge is a clue"),
    "obskit.request.id": (OURS_ALONE, "by it everything else is found"),
}
OF_WSGI: Intended = {
    **BOTH,
    "http.response.status_code": (
        {(ABSENT, 500)},
        "what the server answers when the app has raised",
    ),
    "name": (
        {
            ("GET /products/7", "GET"),
            ("POST /products/7", "POST"),
            ("DELETE /products/7", "DELETE"),
            ("GET /nothing", "GET"),
            ("GET /boom", "GET"),
            ("GET /stream", "GET"),
        },
        "a path is no name: each id in it would be an operation of its own",
    ),
}
OF_FLASK: Intended = {
    **BOTH,
    "error.type": ({("500", "ZeroDivisionError")}, "what the app raised says more than the status"),
    "name": (
        {("DELETE /products/7", "DELETE"), ("GET /nothing", "GET")},
        "a path is no name, and there is no route",
    ),
}


def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/boom":
        raise ZeroDivisionError("an empty basket")
    status = "404 Not Found" if environ["PATH_INFO"] == "/nothing" else "200 OK"
    start_response(status, [("Content-Length", "2")])
    return [b"ok"]


def shop() -> flask.Flask:
    app = flask.Flask("shop")

    @app.route("/products/<int:number>", methods=["GET", "POST"])
    def product(number: int) -> str:
        return "ok"

    @app.get("/boom")
    def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.get("/stream")
    def stream() -> Any:
        return flask.Response(iter(["part"]))

    return app


def ask_everything(app: WSGIApplication) -> None:
    client = Client(app)

    def ask(path: str, method: str = "GET", **headers: str) -> None:
        peer = {"REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": 4711}
        with suppress(ZeroDivisionError):
            client.open(path, method=method, headers=headers, environ_overrides=peer).close()

    ask("/products/7?page=2&token=abc", Host="shop.example:8080", Accept="text/html")
    ask("/products/7", method="POST")
    ask("/products/7", method="DELETE")
    ask("/products/7", method="BREW")
    ask("/nothing")
    ask("/boom")
    ask("/stream", traceparent=TRACEPARENT)


def contrib_wsgi(tracers: Any, meters: Any) -> None:
    ask_everything(OpenTelemetryMiddleware(bare, tracer_provider=tracers, meter_provider=meters))


def contrib_flask(tracers: Any, meters: Any) -> None:
    app = shop()
    instrumentor: Any = FlaskInstrumentor()
    instrumentor.instrument_app(app, tracer_provider=tracers, meter_provider=meters)
    ask_everything(app)
    instrumentor.uninstrument_app(app)


EVERY = pytest.mark.parametrize(
    ("contrib", "make", "intended", "measured"),
    [
        (
            contrib_wsgi,
            lambda: ObskitMiddleware(bare),
            OF_WSGI,
            {"http.response.status_code": {(ABSENT, 500)}},
        ),
        (
            contrib_flask,
            lambda: obskit.flask.init_app(shop(), registry=Registry()),
            OF_FLASK,
            {"error.type": {("500", "ZeroDivisionError")}},
        ),
    ],
    ids=["wsgi", "flask"],
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
    assert (theirs.others, ours.others) == ([], [])


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
    assert {*theirs} - {*ours} == set()
