"""What `opentelemetry-instrumentation-django` tells of a request, and what we do, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.child import run

pytest.importorskip("opentelemetry.instrumentation.django", reason="it is not installed")

SCRIPT = """
import json, os, django
from contextlib import nullcontext
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

def product(_request, number):
    return HttpResponse("ok")

def boom(_request):
    raise ZeroDivisionError("an empty basket")

def oops(_request):
    return HttpResponse(status=503)

urlpatterns = [path("products/<int:number>/", product), path("boom/", boom), path("oops/", oops)]
who = os.environ["WHO"]
ours = ["obskit.django.middleware.Middleware"] if "obskit" in who else []
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=ours, INSTALLED_APPS=["obskit.django"],
    LOGGING_CONFIG=None, OBSKIT={"log_format": "none"},
)
from obskit import default_runtime
from obskit.capture import capturing
with default_runtime.inert():
    django.setup()

def value(given):
    return list(given) if isinstance(given, tuple) else given

def shown(span):
    return {
        "name": span.name, "kind": span.kind.name, "status": span.status.status_code.name,
        "attributes": {key: value(given) for key, given in span.attributes.items()},
        "events": [event.name for event in span.events],
    }

from django.test import Client
with capturing() as capture:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    if who == "contrib":
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        DjangoInstrumentor().instrument(
            tracer_provider=provider, meter_provider=MeterProvider([reader])
        )
    elif "contrib" in who:
        DjangoInstrumentor().instrument()
    client = Client(raise_request_exception=False)
    asked = {"HTTP_HOST": "shop.example:8080", "HTTP_USER_AGENT": "curl/8"}
    told = {}
    for path_ in ("/products/7/?page=2", "/boom/", "/oops/", "/nothing/"):
        capture.spans.clear(); exporter.clear(); capture.lines.clear(); capture.errors.clear()
        response = client.get(path_, **asked)
        spans = exporter.get_finished_spans() if who == "contrib" else capture.spans
        told[path_] = {
            "spans": [shown(span) for span in spans], "id": response.headers.get("X-Request-ID"),
            "trace": format(spans[-1].context.trace_id, "032x"),
            "lines": list(capture.lines), "errors": len(capture.errors),
        }
    if who == "contrib":
        data = reader.get_metrics_data()
        points = {
            metric.name: [dict(point.attributes) for point in metric.data.data_points]
            for part in data.resource_metrics for scope in part.scope_metrics for metric in scope.metrics
        }
    else:
        points = {
            name: [point["attributes"] for point in found]
            for name, found in capture.metrics().items() if name.startswith("http.server")
        }
    print(json.dumps({"requests": told, "points": points}))
"""

Told = dict[str, Any]
#: On every span, theirs first. The host has a port of its own, which they take for part of the name;
#: the path and the query are of the convention, and they leave them out.
ALWAYS = {
    "server.address": ("shop.example:8080", "shop.example"),
    "server.port": (80, 8080),
}
ACTIVE = "http.server.active_requests"
SIZE, PATH, ROUTE, ERROR = "http.response.body.size", "url.path", "http.route", "error.type"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """What each of them tells of the same requests, and what both tell together."""
    folder: Path = tmp_path_factory.mktemp("differences")
    found: dict[str, Told] = {}
    for who in ("contrib", "obskit", "obskit,contrib"):
        environ = {"WHO": who, "OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
        ended = run(SCRIPT, environ, folder)
        assert ended.status == 0, ended.errors
        found[who] = ended.answer
    return found


@pytest.mark.parametrize(
    ("path", "differences"),
    [
        (
            "/products/7/?page=2",
            {
                PATH: (None, "/products/7/"),
                "url.query": (None, "page=2"),
                # A route begins with a slash, as the path does.
                ROUTE: ("products/<int:number>/", "/products/<int:number>/"),
                SIZE: (None, 2),
            },
        ),
        (
            "/boom/",
            {
                PATH: (None, "/boom/"),
                ROUTE: ("boom/", "/boom/"),
                SIZE: (None, 145),
                # The convention wants the exception's class, where there is one.
                ERROR: ("500", "ZeroDivisionError"),
            },
        ),
        ("/oops/", {PATH: (None, "/oops/"), ROUTE: ("oops/", "/oops/"), SIZE: (None, 0)}),
        ("/nothing/", {PATH: (None, "/nothing/"), SIZE: (None, 179)}),
    ],
)
def test_each_difference_from_the_contrib_package_is_meant(
    path: str, differences: dict[str, Any], told: dict[str, Told]
) -> None:
    (theirs,) = told["contrib"]["requests"][path]["spans"]
    (ours,) = told["obskit"]["requests"][path]["spans"]
    for name in ("kind", "status", "events"):
        assert ours[name] == theirs[name]
    assert ours["name"] == theirs["name"].replace("GET ", "GET /")
    assert ours["attributes"].pop("obskit.request.id") == told["obskit"]["requests"][path]["id"]
    assert _differing(theirs["attributes"], ours["attributes"]) == {**ALWAYS, **differences}


def test_each_difference_of_the_metrics_is_one_of_the_spans(told: dict[str, Told]) -> None:
    theirs, ours = told["contrib"]["points"], told["obskit"]["points"]
    assert ours.keys() == theirs.keys() == {"http.server.request.duration", ACTIVE}
    assert ours[ACTIVE] == theirs[ACTIVE]
    name = "http.server.request.duration"
    found = [_differing(*pair) for pair in zip(theirs[name], ours[name], strict=True)]
    assert found == [
        {ROUTE: ("products/<int:number>/", "/products/<int:number>/")},
        {ROUTE: ("boom/", "/boom/"), ERROR: ("500", "ZeroDivisionError")},
        {ROUTE: ("oops/", "/oops/")},
        {},
    ]


@pytest.mark.parametrize("path", ["/products/7/?page=2", "/boom/", "/oops/", "/nothing/"])
def test_a_span_of_theirs_stays_theirs_and_has_our_id(path: str, told: dict[str, Told]) -> None:
    (alone,) = told["contrib"]["requests"][path]["spans"]
    both = told["obskit,contrib"]["requests"][path]
    (span,) = both["spans"]
    assert span["attributes"].pop("obskit.request.id") == both["id"] == both["trace"]
    assert span == alone
    assert both["errors"] == (path == "/boom/")
    assert [line["trace_id"] for line in both["lines"]] == [both["trace"]] * len(both["lines"])
    access = [line for line in both["lines"] if line["logger"] == "obskit.access"]
    assert [line["request_id"] for line in access] == [both["id"]]


def test_metrics_of_theirs_are_not_doubled(told: dict[str, Told]) -> None:
    assert told["obskit,contrib"]["points"] == told["contrib"]["points"]


def _differing(theirs: Told, ours: Told) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (theirs.get(name), ours.get(name)) for name in {*theirs, *ours}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
