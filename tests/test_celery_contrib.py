"""Celery beside OpenTelemetry's own package: the same tasks, attribute by attribute, and both at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import obskit
from obskit import default_runtime
from obskit.capture import Capture

pytest.importorskip("celery", reason="Celery is not installed")
pytest.importorskip("opentelemetry.instrumentation.celery", reason="it is not installed")

from opentelemetry.instrumentation.celery import CeleryInstrumentor
from tests.celery_app import make_app, plain_app, result_of, working

import obskit.celery
from obskit.registry import Registry

ABSENT = "(absent)"
#: Stands for values that no two runs have in common.
ANY = "(any)"
QUEUE = "differences"
Intended = Mapping[str, tuple[object, object, str]]

_OLD = "the name that the conventions had before"
BOTH: Intended = {
    "celery.action": (ANY, ABSENT, "it is messaging.operation.name now"),
    "messaging.operation.name": (ABSENT, ANY, "the name of what celery.action told"),
    "messaging.operation.type": (ABSENT, ANY, "required by the conventions: backends group by it"),
    "messaging.system": (ABSENT, "celery", "required by the conventions"),
    "messaging.destination": (QUEUE, ABSENT, _OLD),
    "messaging.destination.name": (ABSENT, QUEUE, "its name now"),
    "messaging.message.conversation_id": (
        ABSENT,
        ANY,
        "the workflow's first task, as its name says",
    ),
}
OF_SENDING: Intended = {
    **BOTH,
    "messaging.destination_kind": ("queue", ABSENT, "the conventions have given it up"),
}
OF_RUNNING: Intended = {
    **BOTH,
    "celery.delivery_info": (
        ANY,
        ABSENT,
        "a dictionary as text; what counts of it is told by name",
    ),
    "celery.reply_to": (ANY, ABSENT, "an id of Celery's own that nobody looks for"),
    "celery.hostname": (ANY, ANY, "the worker that runs it; theirs is the process that sent it"),
    "messaging.conversation_id": (
        ANY,
        ABSENT,
        "theirs is the task's own id, under a name given up",
    ),
    "obskit.request.id": (ABSENT, ANY, "by it everything else is found"),
}
OF_FAILING: Intended = {
    **OF_RUNNING,
    "error.type": (
        ABSENT,
        "ZeroDivisionError",
        "what failed can be counted without reading events",
    ),
}


def declare(app: Any) -> Any:
    @app.task(shared=False, name="add")  # type: ignore[untyped-decorator,unused-ignore]
    def add(a: int, b: int) -> int:
        obskit.get_logger("shop").info("adding")
        return a + b

    @app.task(shared=False, name="broken")  # type: ignore[untyped-decorator,unused-ignore]
    def broken() -> None:
        raise ZeroDivisionError("an empty basket")

    return app


def work(app: Any) -> None:
    with working(app):
        result_of(app.tasks["add"].apply_async((1, 2), task_id="t-1"))
        result_of(app.tasks["broken"].apply_async(task_id="t-2"), fails=True)


@contextmanager
def instrumented(tracers: Any, meters: Any) -> Iterator[None]:
    instrumentor: Any = CeleryInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=tracers, meter_provider=meters)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def told(spans: Any) -> dict[str, dict[str, Any]]:
    """What each span is, by its name."""
    found: list[ReadableSpan] = list(spans)
    assert len({span.name for span in found}) == len(found)
    return {
        span.name: {
            "kind": span.kind.name,
            "status": (span.status.status_code.name, span.status.description),
            "events": [event.name for event in span.events],
            **(span.attributes or {}),
        }
        for span in found
    }


def unlike(theirs: Mapping[str, Any], ours: Mapping[str, Any], intended: Intended) -> Any:
    """What differs otherwise than it is meant to."""
    found = {}
    for name in {*theirs, *ours, *intended}:
        pair = theirs.get(name, ABSENT), ours.get(name, ABSENT)
        expected = intended.get(name, (pair[0], pair[0], ""))[:2]
        if not all(map(_is, pair, expected)):
            found[name] = pair
    return found


def _is(value: object, expected: object) -> bool:
    return value != ABSENT if expected == ANY else value == expected


def test_what_differs_is_what_is_meant_to_differ(obskit_capture: Capture) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    with instrumented(tracers, meters):
        work(declare(plain_app(QUEUE)))
    theirs = told(exporter.get_finished_spans())
    assert obskit_capture.spans == []
    work(declare(obskit.celery.init_app(plain_app(QUEUE), registry=Registry())))
    ours = told(obskit_capture.spans)
    assert sorted(theirs) == sorted(ours)
    assert unlike(theirs["apply_async/add"], ours["apply_async/add"], OF_SENDING) == {}
    assert unlike(theirs["run/add"], ours["run/add"], OF_RUNNING) == {}
    assert unlike(theirs["run/broken"], ours["run/broken"], OF_FAILING) == {}
    # Theirs are the names of another tool, in a unit that the conventions write `s`, by worker too.
    data: Any = reader.get_metrics_data()
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("flower.task.runtime.seconds", "seconds")
    points = obskit_capture.metrics()["obskit.task.duration"]
    assert [point["attributes"] for point in points] == [
        {"celery.task_name": "add", "celery.state": "SUCCESS"},
        {
            "celery.task_name": "broken",
            "celery.state": "FAILURE",
            "error.type": "ZeroDivisionError",
        },
    ]


def ours_first(run: Callable[[Any], None], tracers: Any, meters: Any) -> None:
    app = declare(make_app())
    with instrumented(tracers, meters):
        run(app)


def theirs_first(run: Callable[[Any], None], tracers: Any, meters: Any) -> None:
    with instrumented(tracers, meters):
        run(declare(make_app()))


@pytest.mark.parametrize("begin", [ours_first, theirs_first])
def test_beside_theirs_nothing_is_doubled_and_nothing_of_ours_is_missing(
    obskit_capture: Capture, begin: Callable[..., None]
) -> None:
    runtime = default_runtime.current()
    assert runtime is not None
    begin(work, runtime.providers.tracer, runtime.providers.meter)
    spans = told(obskit_capture.spans)
    assert sorted(spans) == ["apply_async/add", "apply_async/broken", "run/add", "run/broken"]
    assert {span["celery.action"] for span in spans.values()} == {"apply_async", "run"}
    assert spans["run/broken"]["events"] == ["exception"]
    run = next(span for span in obskit_capture.spans if span.name == "run/add")
    assert run.context is not None
    (line,) = [line for line in obskit_capture.lines if line["event"] == "adding"]
    assert line["trace_id"] == f"{run.context.trace_id:032x}"
    assert line["celery.task_name"] == "add"
    (event,) = obskit_capture.errors
    assert event["transaction"] == "broken"
    assert len(obskit_capture.metrics()["obskit.task.duration"]) == 2
