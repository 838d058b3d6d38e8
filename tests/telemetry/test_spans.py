"""Spans that are made with less ado are the SDK's in everything that leaves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from obskit.export.processors import Spans
from obskit.telemetry import spans
from obskit.telemetry.spans import LeanProvider, LeanSpan, LeanTracer

RESOURCE = Resource({"service.name": "shop"})


class Taken(Spans):
    """Our way out, but that it keeps what comes."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class Counting(IdGenerator):
    """The same ids for both providers."""

    def __init__(self) -> None:
        self.last = 0

    def generate_span_id(self) -> int:
        self.last += 1
        return self.last

    def generate_trace_id(self) -> int:
        self.last += 1
        return self.last


@pytest.fixture(autouse=True)
def _taken_counts_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "Spans", Taken)


def made(
    do: Callable[[trace.Tracer], object], kind: type[TracerProvider], **options: Any
) -> list[dict[str, Any]]:
    taken = Taken()
    provider = kind(resource=RESOURCE, shutdown_on_exit=False, id_generator=Counting(), **options)
    provider.add_span_processor(taken)
    do(provider.get_tracer("shop", "1.0"))
    return [told(span) for span in taken.spans]


def told(span: ReadableSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "context": span.context,
        "parent": span.parent,
        "kind": span.kind,
        "attributes": dict(span.attributes or {}),
        "dropped": span.dropped_attributes,
        "events": [(event.name, dict(event.attributes or {})) for event in span.events],
        "links": [(link.context, dict(link.attributes or {})) for link in span.links],
        "status": (span.status.status_code, span.status.description),
        "resource": span.resource,
        "scope": span.instrumentation_scope,
        "ended": span.end_time is not None and span.start_time is not None,
    }


def both(do: Callable[[trace.Tracer], object], **options: Any) -> list[dict[str, Any]]:
    """What both make of it, which must be the same."""
    ours = made(do, LeanProvider, **options)
    assert ours == made(do, TracerProvider, **options)
    return ours


VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.binary(max_size=3),
    st.lists(st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
ATTRIBUTES = st.dictionaries(st.text(max_size=4), VALUES, max_size=6)


@given(first=ATTRIBUTES, later=ATTRIBUTES, one=VALUES)
def test_any_attributes_are_kept_as_the_sdk_keeps_them(
    first: dict[str, Any], later: dict[str, Any], one: Any
) -> None:
    def do(tracer: trace.Tracer) -> None:
        span = tracer.start_span("s", attributes=first)
        span.set_attributes(later)
        span.set_attribute("one", one)
        span.end()

    logging.disable(logging.CRITICAL)  # the SDK complains of names without letters
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(spans, "Spans", Taken)
            both(do)
    finally:
        logging.disable(logging.NOTSET)


def test_a_tree_of_spans_with_events_and_errors_is_the_sdks() -> None:
    def do(tracer: trace.Tracer) -> None:
        with tracer.start_as_current_span("above", kind=SpanKind.CLIENT) as above:
            above.add_event("seen", {"a": 1})
            with pytest.raises(KeyError), tracer.start_as_current_span("below"):
                raise KeyError("row")
            above.set_status(Status(StatusCode.OK))
            above.update_name("renamed")

    below, above = both(do)
    assert [name for name, _ in below["events"]] == ["exception"]
    assert below["parent"] == above["context"]
    assert above["name"] == "renamed"
    assert above["kind"] is SpanKind.CLIENT


def test_a_callers_trace_is_continued_with_its_state() -> None:
    caller = SpanContext(7, 8, True, TraceFlags(TraceFlags.SAMPLED), TraceState([("vendor", "x")]))

    def do(tracer: trace.Tracer) -> None:
        above = trace.set_span_in_context(trace.NonRecordingSpan(caller))
        tracer.start_span("s", above, SpanKind.SERVER).end()

    (span,) = both(do)
    assert span["parent"] == caller
    assert span["context"].trace_id == 7
    assert dict(span["context"].trace_state) == {"vendor": "x"}


def test_links_are_kept() -> None:
    other = SpanContext(7, 8, False)
    (span,) = both(lambda tracer: tracer.start_span("s", links=[Link(other, {"a": 1})]).end())
    assert span["links"] == [(other, {"a": 1})]


def test_given_times_are_kept() -> None:
    taken = Taken()
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(taken)
    provider.get_tracer("shop").start_span("s", start_time=5).end(9)
    assert [(span.start_time, span.end_time) for span in taken.spans] == [(5, 9)]


def test_what_ended_takes_nothing_more_and_leaves_once(caplog: pytest.LogCaptureFixture) -> None:
    def do(tracer: trace.Tracer) -> None:
        span = tracer.start_span("s")
        span.end()
        span.set_attribute("late", 1)
        span.set_attributes({"late": 1})
        span.end()

    (span,) = both(do)
    assert span["attributes"] == {}
    assert "Setting attribute on ended span." in caplog.messages
    assert "Calling end() on an ended span." in caplog.messages


def test_the_limit_of_attributes_holds(caplog: pytest.LogCaptureFixture) -> None:
    def do(tracer: trace.Tracer) -> None:
        span = tracer.start_span("s", attributes={f"a{number}": number for number in range(127)})
        span.set_attributes({"b": 1, "c": 2})
        span.end()

    (span,) = both(do)
    assert len(span["attributes"]) == 128
    assert span["dropped"] == 1
    assert "a0" not in span["attributes"]
    assert caplog.messages


def test_what_is_not_sampled_is_not_recorded() -> None:
    recording: list[bool] = []
    spans_of = both(
        lambda tracer: recording.append(tracer.start_span("s").is_recording()),
        sampler=ALWAYS_OFF,
    )
    assert (spans_of, recording) == ([], [False, False])


class RecordOnly(Sampler):
    def should_sample(self, *_args: Any, **_options: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_ONLY, {"why": "debug"})

    def get_description(self) -> str:
        return "record only"


def test_attributes_of_a_sampler_are_kept_and_the_flag_is_its_choice() -> None:
    (span,) = both(lambda tracer: tracer.start_span("s").end(), sampler=RecordOnly())
    assert span["attributes"] == {"why": "debug"}
    assert not span["context"].trace_flags.sampled


def test_a_span_of_a_tracer_of_ours_is_lean() -> None:
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(Taken())
    span = provider.get_tracer("shop").start_span("s")
    assert type(span) is LeanSpan
    assert repr(span).startswith('LeanSpan(name="s"')
    span.end()


@pytest.mark.parametrize(
    "limits",
    [SpanLimits(max_span_attribute_length=3), SpanLimits(max_span_attributes=2)],
    ids=["length", "count"],
)
def test_limits_that_could_cut_leave_all_to_the_sdk(limits: SpanLimits) -> None:
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False, span_limits=limits)
    assert type(provider.get_tracer("shop")) is SdkTracer
    (span,) = both(
        lambda tracer: tracer.start_span("s", attributes={"a": "long"}).end(), span_limits=limits
    )
    assert span["attributes"] in ({"a": "lon"}, {"a": "long"})


class Watching(SpanProcessor):
    """A host's own, which sees spans begin and end."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.seen.append(f"begins {span.name} with {dict(span.attributes)}")

    def on_end(self, span: ReadableSpan) -> None:
        self.seen.append(f"ends {span.name}")


def test_a_processor_of_the_host_sees_every_span_begin_and_end() -> None:
    watching = Watching()
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(Taken())
    provider.add_span_processor(watching)
    provider.get_tracer("shop").start_span("s", attributes={"a": 1}).end()
    assert watching.seen == ["begins s with {'a': 1}", "ends s"]


def test_a_processor_that_is_added_meanwhile_sees_the_end() -> None:
    memory = InMemorySpanExporter()
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(Taken())
    span = provider.get_tracer("shop").start_span("s")
    provider.add_span_processor(SimpleSpanProcessor(memory))
    span.end()
    assert [one.name for one in memory.get_finished_spans()] == ["s"]


def test_spans_of_an_sdk_that_are_made_of_something_else_are_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans._is_known.cache_clear()
    monkeypatch.setattr("obskit.telemetry.spans.StockSpan", lambda *_, **__: SimpleNamespace(a=1))
    try:
        provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
        assert type(provider.get_tracer("shop")) is SdkTracer
    finally:
        spans._is_known.cache_clear()


def test_the_sdk_that_is_installed_is_known() -> None:
    assert spans._is_known()
    provider = LeanProvider(resource=RESOURCE, shutdown_on_exit=False)
    assert type(provider.get_tracer("shop")) is LeanTracer
