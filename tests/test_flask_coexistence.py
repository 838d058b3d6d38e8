"""Flask apps that OpenTelemetry's own package observes already: nothing doubles, nothing of theirs is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from tests.config.child import START, run
from tests.config.receiver import Receiver

import obskit
from obskit.capture import Capture
from obskit.registry import Registry
from obskit.wsgi import ObskitMiddleware

pytest.importorskip("flask", reason="Flask is not installed")
pytest.importorskip("opentelemetry.instrumentation.flask", reason="it is not installed")

import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from werkzeug.test import Client

import obskit.flask

CONTRIB = "opentelemetry.instrumentation.flask"
FIRST = "00000000000000000000000000000001"
log = obskit.get_logger("shop")


def shop() -> flask.Flask:
    app = flask.Flask("shop")

    @app.get("/products/<int:number>")
    def product(number: int) -> str:
        log.info("product.seen", number=number)
        return "ok"

    @app.get("/boom")
    def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.get("/parts")
    def parts() -> Any:
        def stream() -> Iterator[str]:
            for number in range(2):
                log.info("part", number=number)
                yield "part"

        return flask.Response(stream())

    return app


def ours(app: flask.Flask) -> flask.Flask:
    return obskit.flask.init_app(app, registry=Registry())


def theirs(app: flask.Flask, **options: Any) -> flask.Flask:
    instrumentor: Any = FlaskInstrumentor
    instrumentor.instrument_app(app, **options)
    return app


@pytest.fixture(
    params=[lambda: ours(theirs(shop())), lambda: theirs(ours(shop()))],
    ids=["they first", "we first"],
)
def both(request: pytest.FixtureRequest, obskit_capture: Capture) -> flask.Flask:
    app: flask.Flask = request.param()
    return app


def the_span(capture: Capture) -> ReadableSpan:
    (span,) = capture.spans
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == CONTRIB
    assert span.kind is SpanKind.SERVER
    return span


def told(capture: Capture) -> list[tuple[str, Any, Any]]:
    return [(line["event"], line["request_id"], line.get("span_id")) for line in capture.lines]


def test_their_span_is_the_only_one_and_has_our_id(
    both: flask.Flask, obskit_capture: Capture
) -> None:
    answer = both.test_client().get("/products/7")
    span = the_span(obskit_capture)
    assert span.name == "GET /products/<int:number>"
    assert (span.attributes or {})["obskit.request.id"] == FIRST
    assert answer.headers["X-Request-ID"] == FIRST
    assert told(obskit_capture) == [
        ("product.seen", FIRST, "0000000000000001"),
        ("GET /products/7 200", FIRST, "0000000000000001"),
    ]
    obskit_capture.assert_one_story(FIRST)


def test_a_request_is_measured_once(both: flask.Flask, obskit_capture: Capture) -> None:
    both.test_client().get("/products/7")
    counted = [
        sum(point["count"] for point in points)
        for name, points in obskit_capture.metrics().items()
        if name.startswith("http.server") and "duration" in name
    ]
    assert counted == [1]


@pytest.mark.parametrize("propagates", [True, False])
def test_an_exception_is_one_error_one_stack_and_one_event_of_their_span(
    both: flask.Flask, propagates: bool, obskit_capture: Capture
) -> None:
    both.config["PROPAGATE_EXCEPTIONS"] = propagates
    client = both.test_client()
    if propagates:
        with pytest.raises(ZeroDivisionError):
            client.get("/boom")
    else:
        assert client.get("/boom").headers["X-Request-ID"] == FIRST
    (error,) = obskit_capture.errors
    assert error["contexts"]["trace"]["trace_id"] == FIRST
    assert error["tags"]["request_id"] == FIRST
    assert [line["event"] for line in obskit_capture.lines if "exception" in line] == [
        "Unhandled exception on /boom" if propagates else "Exception on /boom [GET]"
    ]
    assert {line["trace_id"] for line in obskit_capture.lines} == {FIRST}
    assert [event.name for event in the_span(obskit_capture).events] == ["exception"]


def test_what_a_stream_tells_is_under_their_span(
    both: flask.Flask, obskit_capture: Capture
) -> None:
    response = both.test_client().get("/parts")
    assert response.data == b"partpart"
    response.close()
    the_span(obskit_capture)
    assert told(obskit_capture) == [
        ("part", FIRST, "0000000000000001"),
        ("part", FIRST, "0000000000000001"),
        ("GET /parts 200", FIRST, "0000000000000001"),
    ]
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_callers_trace_and_id_go_on(both: flask.Flask, obskit_capture: Capture) -> None:
    caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    client = both.test_client()
    first = client.get("/products/7", headers=caller)
    second = client.get("/products/7", headers={**caller, "X-Request-ID": "theirs-1"})
    assert first.headers["X-Request-ID"] == "0af7651916cd43dd8448eb211c80319c-0000000000000001"
    assert second.headers["X-Request-ID"] == "theirs-1"
    ids = [(span.attributes or {})["obskit.request.id"] for span in obskit_capture.spans]
    assert ids == ["0af7651916cd43dd8448eb211c80319c-0000000000000001", "theirs-1"]


def test_one_request_after_another_has_an_id_of_its_own(
    both: flask.Flask, obskit_capture: Capture
) -> None:
    client = both.test_client()
    ids = [client.get("/products/7").headers["X-Request-ID"] for _ in range(3)]
    assert ids == [f"{number:032x}" for number in (1, 2, 3)]


def test_what_is_bound_is_on_their_span(both: flask.Flask, obskit_capture: Capture) -> None:
    both.before_request(lambda: obskit.bind(user_id=7))
    both.test_client().get("/products/7")
    assert (the_span(obskit_capture).attributes or {})["user.id"] == 7


def test_health_leaves_no_span(both: flask.Flask, obskit_capture: Capture) -> None:
    assert both.test_client().get("/livez").status_code == 200
    assert obskit_capture.spans == []
    assert obskit_capture.lines == []


def test_a_function_before_theirs_keeps_its_place_and_its_line_has_the_id(
    obskit_capture: Capture,
) -> None:
    app, order = shop(), list[str]()

    @app.before_request
    def early() -> None:
        order.append("early")
        obskit.bind(tenant="north")
        log.info("early")

    theirs(app, request_hook=lambda *_: order.append("their hook"))
    answer = ours(app).test_client().get("/products/7")
    assert order == ["early", "their hook"]
    given = answer.headers["X-Request-ID"]
    assert [(event, found) for event, found, _ in told(obskit_capture)] == [
        ("early", given),
        ("product.seen", given),
        ("GET /products/7 200", given),
    ]
    attributes = the_span(obskit_capture).attributes or {}
    assert (attributes["obskit.request.id"], attributes["tenant"]) == (given, "north")


def test_a_request_that_is_refused_before_their_span_begins_has_an_id(
    obskit_capture: Capture,
) -> None:
    app = shop()
    app.before_request(lambda: ("no", 401))
    answer = ours(theirs(app)).test_client().get("/products/7")
    assert answer.status_code == 401
    assert told(obskit_capture)[-1] == (
        "GET /products/7 401",
        answer.headers["X-Request-ID"],
        None,
    )


def test_a_trace_that_they_do_not_keep_is_not_kept_by_us(obskit_capture: Capture) -> None:
    app = theirs(shop(), tracer_provider=TracerProvider(sampler=ALWAYS_OFF))
    answer = ours(app).test_client().get("/products/7")
    assert obskit_capture.spans == []
    assert {line["request_id"] for line in obskit_capture.lines} == {answer.headers["X-Request-ID"]}


def test_a_wsgi_app_within_their_middleware_keeps_their_span(obskit_capture: Capture) -> None:
    def bare(_environ: Any, start_response: Any) -> list[bytes]:
        log.info("served")
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    answer = Client(OpenTelemetryMiddleware(ObskitMiddleware(bare))).get("/")
    answer.close()
    (span,) = obskit_capture.spans
    assert (span.attributes or {})["obskit.request.id"] == FIRST
    assert answer.headers["X-Request-ID"] == FIRST
    assert told(obskit_capture) == [
        ("served", FIRST, "0000000000000001"),
        ("GET / 200", FIRST, "0000000000000001"),
    ]


def test_a_span_of_the_hosts_own_around_us_is_no_span_of_the_request(
    obskit_capture: Capture,
) -> None:
    app = ours(shop())
    with obskit.span("work"):
        app.test_client().get("/products/7")
    assert [(span.name, span.kind) for span in obskit_capture.spans] == [
        ("GET /products/<int:number>", SpanKind.SERVER),
        ("work", SpanKind.INTERNAL),
    ]


_OBSERVED = """
import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
import obskit.flask
app = flask.Flask("shop")
app.get("/products/<int:number>")(lambda number: "ok")
FlaskInstrumentor().instrument_app(app)
obskit.flask.init_app(app)
answer = app.test_client().get("/products/7").headers["X-Request-ID"]
print(json.dumps(answer))
"""


def test_it_is_a_transaction_of_sentry_in_the_same_trace(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    with Receiver() as receiver:
        environ = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0"}
        told = run(START + _OBSERVED, environ, tmp_path)
        (transaction,) = receiver.envelope_items("transaction")
    assert transaction["transaction"] == "GET /products/<int:number>"
    assert transaction["contexts"]["trace"]["trace_id"] == told.answer
