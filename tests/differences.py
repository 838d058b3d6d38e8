"""What a contrib instrumentation tells of a request, and what obskit tells of the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import pytest
from opentelemetry.instrumentation._semconv import (
    OTEL_SEMCONV_STABILITY_OPT_IN,
    _OpenTelemetrySemanticConventionStability,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from obskit.capture import Capture

ABSENT = "(absent)"
#: Stands for any values of an attribute that they do not tell at all.
OURS_ALONE = frozenset({"ours alone"})
#: What is meant to differ: the values of both, and why.
Intended = Mapping[str, tuple[AbstractSet[Any], str]]


class Told(NamedTuple):
    """What was told of the requests.

    Attributes:
        spans: One of kind server for each request: what it is, by name.
        others: The names of the rest.
        metrics: Attributes of the points, by metric and point.
    """

    spans: list[dict[str, Any]]
    others: list[str]
    metrics: dict[str, list[dict[str, Any]]]


def of_contrib(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[TracerProvider, MeterProvider], None]
) -> Told:
    """What the instrumentation tells, in the stable conventions.

    Args:
        monkeypatch: Of the test.
        serve: Instruments an app for the providers, and asks it.
    """
    stability = _OpenTelemetrySemanticConventionStability
    monkeypatch.setenv(OTEL_SEMCONV_STABILITY_OPT_IN, "http")
    monkeypatch.setattr(stability, "_initialized", False)
    monkeypatch.setattr(stability, "_OTEL_SEMCONV_STABILITY_SIGNAL_MAPPING", {})
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    serve(tracers, meters)
    data = reader.get_metrics_data()
    found = [
        metric
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]
    metrics = {
        metric.name: [dict(point.attributes or {}) for point in metric.data.data_points]
        for metric in found
    }
    return _told(exporter.get_finished_spans(), metrics)


def of_obskit(capture: Capture) -> Told:
    """What obskit has told."""
    metrics = {
        name: [point["attributes"] for point in points]
        for name, points in capture.metrics().items()
    }
    return _told(capture.spans, metrics)


def differences(
    theirs: Iterable[Mapping[str, Any]], ours: Iterable[Mapping[str, Any]]
) -> dict[str, set[tuple[Any, Any]]]:
    """What differs: its name, with what they say and what we say of it.

    Args:
        theirs: A mapping for each request.
        ours: The same requests in the same order.
    """
    found: dict[str, set[tuple[Any, Any]]] = {}
    for one, other in zip(theirs, ours, strict=True):
        for name in {*one, *other}:
            pair = one.get(name, ABSENT), other.get(name, ABSENT)
            if pair[0] != pair[1]:
                found.setdefault(name, set()).add(pair)
    return found


def unlike(theirs: Told, ours: Told, intended: Intended) -> dict[str, AbstractSet[Any]]:
    """What differs in the spans of requests: the values of each attribute, or that they tell none."""
    alone = {name for name, (values, _) in intended.items() if values == OURS_ALONE}
    return {
        name: OURS_ALONE if name in alone and {one for one, _ in pairs} == {ABSENT} else pairs
        for name, pairs in differences(theirs.spans, ours.spans).items()
    }


def _told(spans: Iterable[ReadableSpan], metrics: Any) -> Told:
    servers, others = [], []
    for span in spans:
        if span.kind is not SpanKind.SERVER:
            others.append(span.name)
            continue
        servers.append(
            {
                "name": span.name,
                "status": span.status.status_code.name,
                "events": tuple(event.name for event in span.events),
                **(span.attributes or {}),
            }
        )
    return Told(servers, others, metrics)
