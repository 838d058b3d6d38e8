"""Spans: `obskit.span`, and what an exception leaves on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, StatusCode
from tests.monsters import MONSTERS, HostileError, Text
from tests.telemetry.lines import Installed
from tests.telemetry.recorded import Recorded, id_of, parent_of

import obskit
from obskit import context
from obskit.config import load
from obskit.context import Scope
from obskit.telemetry import traces


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def installed() -> Installed:
    return Installed()


def test_a_block_is_a_span_with_attributes(recorded: Recorded) -> None:
    with obskit.span("outer", items=3, tags=["a"], password="hunter2", missing=None) as current:
        assert trace.get_current_span() is current
        with obskit.span("inner"):
            pass
        current.set_attribute("total", 12.5)
    outer, inner = recorded.spans["outer"], recorded.spans["inner"]
    assert dict(outer.attributes or {}) == {
        "items": 3,
        "tags": "['a']",
        "password": "[redacted]",
        "missing": "None",
        "total": 12.5,
    }
    assert (parent_of(outer), parent_of(inner)) == (None, id_of(outer))
    assert recorded.names == ["inner", "outer"]
    assert outer.status.status_code is StatusCode.UNSET
    assert context.ids() == (None, None)


def test_each_call_of_a_decorated_function_is_a_span(recorded: Recorded) -> None:
    @obskit.span("build", kind="report")
    def build(number: int, *, twice: bool = False) -> int:
        """Build it."""
        return 2 * number if twice else number

    assert (build(3, twice=True), build(4)) == (6, 4)
    assert (build.__name__, build.__doc__) == ("build", "Build it.")
    assert recorded.names == ["build", "build"]
    assert dict(recorded.spans["build"].attributes or {}) == {"kind": "report"}


def test_coroutines_are_spans_as_long_as_they_run(recorded: Recorded) -> None:
    @obskit.span("fetch")
    async def fetch(name: str) -> str:
        async with obskit.span(name) as current:
            await asyncio.sleep(0)
            assert trace.get_current_span() is current
        return name

    async def main() -> None:
        assert list(await asyncio.gather(fetch("a"), fetch("b"))) == ["a", "b"]

    asyncio.run(main())
    finished = recorded._memory.get_finished_spans()
    fetched = {id_of(span) for span in finished if span.name == "fetch"}
    assert sorted(recorded.names) == ["a", "b", "fetch", "fetch"]
    assert {parent_of(recorded.spans["a"]), parent_of(recorded.spans["b"])} == fetched


def generator() -> Iterator[int]:
    yield 1


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    "function", [generator, asynchronous_generator, partial(generator)], ids=repr
)
def test_a_generator_cannot_be_decorated(function: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"cannot decorate the generator .*generator.*: open"):
        obskit.span("x")(function)


@pytest.mark.parametrize("name", MONSTERS)
def test_anything_can_be_name_and_attribute(recorded: Recorded, name: str) -> None:
    make: Any = MONSTERS[name]
    with obskit.span(make(), value=make(), **{Text("hostile"): make()}):
        pass
    span = recorded._memory.get_finished_spans()[0]
    assert type(span.name) is str
    assert set(span.attributes or {}) == {"value", "hostile"}


def failing(kind: type[BaseException] = KeyError) -> None:
    raise kind("row")


def test_an_exception_fails_the_span_and_goes_on(recorded: Recorded) -> None:
    with pytest.raises(KeyError), obskit.span("outer"):
        with obskit.span("inner"):
            failing()
    for span in recorded.spans.values():
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "'row'")
        assert (span.attributes or {})["error.type"] == "KeyError"
        (event,) = span.events
        told = dict(event.attributes or {})
        assert event.name == "exception"
        assert (told["exception.type"], told["exception.message"]) == ("KeyError", "'row'")
        assert "in failing" in str(told["exception.stacktrace"])
        assert set(told) == {"exception.type", "exception.message", "exception.stacktrace"}


def test_without_exception_events_the_rest_is_told(recorded: Recorded) -> None:
    traces.install(recorded.provider.get_tracer("test"), exception_events=False)
    with pytest.raises(KeyError), obskit.span("x"):
        failing()
    span = recorded.spans["x"]
    assert span.events == ()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "KeyError"


def test_what_leaves_the_outermost_span_is_logged_once(
    recorded: Recorded, installed: Installed
) -> None:
    @obskit.span("inner")
    async def inner() -> None:
        failing()

    async def outer() -> None:
        async with obskit.span("outer"):
            await inner()

    with pytest.raises(KeyError):
        asyncio.run(outer())
    (record,) = installed.lines.records
    assert (record.logger, record.level, record.event) == ("obskit.span", 40, "outer failed")
    assert record.span_id == f"{id_of(recorded.spans['outer']):016x}"
    assert record.failure is not None


def test_what_was_logged_before_is_not_logged_again(
    recorded: Recorded, installed: Installed
) -> None:
    with pytest.raises(KeyError), obskit.span("outer"):
        try:
            failing()
        except KeyError:
            obskit.get_logger("shop").exception("seen")
            raise
    assert installed.lines.events == ["seen"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_not_logged(
    recorded: Recorded, installed: Installed, kind: type[BaseException]
) -> None:
    with pytest.raises(kind), obskit.span("x"):
        failing(kind)
    assert installed.lines.records == []
    assert recorded.spans["x"].status.status_code is StatusCode.ERROR


def test_inside_a_request_the_request_tells_of_it(recorded: Recorded, installed: Installed) -> None:
    with pytest.raises(KeyError), context.entered(Scope("r")), obskit.span("x"):
        failing()
    assert installed.lines.records == []


def test_fields_bound_outside_a_request_are_nobody_who_tells(
    recorded: Recorded, installed: Installed
) -> None:
    obskit.bind(a=1)
    with pytest.raises(KeyError), obskit.span("x"):
        failing()
    assert installed.lines.events == ["x failed"]


@pytest.mark.parametrize(("remote", "logged"), [(True, ["x failed"]), (False, [])])
def test_below_a_span_of_another_process_it_is_the_outermost(
    recorded: Recorded, installed: Installed, remote: bool, logged: list[str]
) -> None:
    above = NonRecordingSpan(SpanContext(1, 2, is_remote=remote))
    token = otel_context.attach(trace.set_span_in_context(above))
    with pytest.raises(KeyError), obskit.span("x"):
        failing()
    otel_context.detach(token)
    assert installed.lines.events == logged


@pytest.mark.parametrize("options", [{"sampler": ALWAYS_OFF}, None], ids=["unsampled", "no SDK"])
def test_spans_that_are_not_recorded_tell_of_it_once_too(
    installed: Installed, options: dict[str, Any] | None
) -> None:
    if options is None:
        traces.install(None)
    else:
        Recorded(**options)
    with pytest.raises(KeyError), obskit.span("outer"), obskit.span("inner"):
        failing()
    assert installed.lines.events == ["outer failed"]


def test_a_hostile_exception_goes_on_unharmed(recorded: Recorded, installed: Installed) -> None:
    error = HostileError("x")
    try:
        with obskit.span("x"):
            raise error
    except HostileError as caught:
        assert caught is error
    assert (recorded.spans["x"].attributes or {})["error.type"] == "tests.monsters.HostileError"
    assert installed.lines.events == ["x failed"]


class Raising(SpanProcessor):
    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise RuntimeError

    def on_end(self, span: ReadableSpan) -> None:
        raise RuntimeError


class RaisingAtEnd(Raising):
    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Let it begin."""


@pytest.mark.parametrize("processor", [Raising(), RaisingAtEnd()])
def test_a_processor_of_the_hosts_that_raises_harms_no_host(
    recorded: Recorded, processor: SpanProcessor
) -> None:
    recorded.provider.add_span_processor(processor)

    @obskit.span("x")
    def work() -> int:
        return 1

    assert work() == 1
    assert context.ids() == (None, None)


class RefusingSpan(NonRecordingSpan):
    def is_recording(self) -> bool:
        raise RuntimeError


class RefusingTracer(trace.NoOpTracer):
    def start_span(self, *_: Any, **__: Any) -> Span:
        return RefusingSpan(SpanContext(1, 2, is_remote=False))


def test_a_span_of_the_hosts_that_raises_leaves_the_exception_as_it_was(
    installed: Installed,
) -> None:
    traces.install(RefusingTracer())
    with pytest.raises(KeyError), obskit.span("x"):
        failing()
    assert installed.lines.events == ["x failed"]


def test_the_providers_limits_are_those_of_the_configuration() -> None:
    variables = {
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "9",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "4",
        "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
        "OTEL_SPAN_LINK_COUNT_LIMIT": "1",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "2",
    }
    provider = traces.build(load(environ=variables), Resource({"service.name": "shop"}))
    other = SpanContext(1, 2, is_remote=False)
    five = {f"a{number}": "x" * 10 for number in range(5)}
    span: Any = provider.get_tracer("t").start_span("x", attributes=five)
    for _ in range(4):
        span.add_event("e", five)
        span.add_link(other, five)
    assert list(span.attributes.values()) == ["xxxx"] * 3
    assert [len(event.attributes) for event in span.events] == [1, 1]
    assert [len(link.attributes) for link in span.links] == [2]
    assert span.resource.attributes["service.name"] == "shop"


def test_before_init_the_provider_that_the_host_sets_is_used(recorded: Recorded) -> None:
    traces.install(None)
    trace.set_tracer_provider(recorded.provider)
    with obskit.span("x"):
        pass
    assert recorded.names == ["x"]
