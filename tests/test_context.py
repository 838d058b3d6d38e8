"""What belongs to the request at hand, and to no other."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext
from tests.monsters import MONSTERS, Text
from tests.telemetry.lines import Installed

import obskit
from obskit import context
from obskit.context import Scope, accepted_request_id, attribute

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


def attributes(span: Any) -> dict[str, Any]:
    return dict(span.attributes)


def test_a_scope_is_current_while_it_is_entered() -> None:
    outer, inner = Scope("outer"), Scope("inner")
    assert context.current() is None
    assert obskit.request_id() is None
    assert context.number() is None
    with context.entered(outer):
        with context.entered(inner):
            assert context.current() is inner
            assert obskit.request_id() == "inner"
            assert context.number() == inner.number
        assert obskit.request_id() == "outer"
    assert context.current() is None
    assert outer.number != inner.number


def test_a_scope_is_left_by_an_exception_too() -> None:
    with pytest.raises(KeyError), context.entered(Scope("a")):
        raise KeyError
    assert context.current() is None


def test_a_scope_without_a_request_has_no_number_to_claim_by() -> None:
    with context.entered(Scope()):
        assert context.number() is None
        assert context.is_told_above()


def test_bound_fields_are_on_every_later_line_and_on_the_span() -> None:
    installed = Installed()
    span = TRACER.start_span("request")
    with context.entered(Scope("r", span)):
        obskit.get_logger("shop").warning("before")
        obskit.bind(user_id=7, cart={"items": [1]}, password="hunter2", missing=None)
        obskit.get_logger("shop").warning("after", own=1)
        obskit.bind(user_id=8)
        obskit.get_logger("shop").warning("changed")
    assert [record.fields for record in installed.lines.records] == [
        {},
        {
            "user_id": 7,
            "cart": {"items": [1]},
            "password": "[redacted]",
            "missing": None,
            "own": 1,
        },
        {"user_id": 8, "cart": {"items": [1]}, "password": "[redacted]", "missing": None},
    ]
    assert attributes(span) == {
        "user.id": 8,
        "cart": "{'items': [1]}",
        "password": "[redacted]",
        "missing": "None",
    }


def test_the_span_of_the_request_is_meant_not_the_one_inside() -> None:
    request, inside = TRACER.start_span("request"), TRACER.start_span("inside")
    with context.entered(Scope("r", request)):
        token = otel_context.attach(trace.set_span_in_context(inside))
        obskit.bind(plan="free")
        otel_context.detach(token)
    assert (attributes(request), attributes(inside)) == ({"plan": "free"}, {})


def test_outside_a_request_the_current_span_is_meant() -> None:
    span = TRACER.start_span("job")
    token = otel_context.attach(trace.set_span_in_context(span))
    obskit.bind(plan="free")
    otel_context.detach(token)
    assert attributes(span) == {"plan": "free"}


def test_of_more_than_64_fields_the_first_stay_and_can_be_changed() -> None:
    with context.entered(Scope("r")) as scope:
        obskit.bind(**{f"f{number}": number for number in range(100)})
        obskit.bind(new=1, f0="changed")
    assert len(scope.fields) == 64
    assert scope.fields["f0"] == "changed"
    assert scope.fields["f63"] == 63
    assert "new" not in scope.fields


@pytest.mark.parametrize("name", MONSTERS)
def test_anything_can_be_bound(name: str) -> None:
    make: Any = MONSTERS[name]
    with context.entered(Scope("r", TRACER.start_span("x"))) as scope:
        obskit.bind(field=make(), **{Text("hostile"): make()})
    assert set(scope.fields) == {"field", "hostile"}


class RefusingSpan(NonRecordingSpan):
    def set_attribute(self, key: str, value: Any) -> None:
        raise RuntimeError


def test_a_span_that_refuses_costs_no_field() -> None:
    span = RefusingSpan(SpanContext(1, 2, is_remote=False))
    with context.entered(Scope("r", span)) as scope:
        obskit.bind(a=1, b=2)
    assert scope.fields == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a", "a"), (1, 1), (1.5, 1.5), (True, True), (None, "None"), ([1], "[1]")],
)
def test_an_attribute_is_a_value_or_its_text(value: Any, shown: Any) -> None:
    assert attribute(value) == shown
    assert type(attribute(value)) is type(shown)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("a", True),
        ("A-Z_0.9-", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        (None, False),
        ("a b", False),
        ("a\n", False),
        ("a\r\nSet-Cookie: x", False),
        ("é", False),
        ("٣", False),
        ("a/b", False),
    ],
)
def test_a_callers_request_id_is_short_and_harmless(header: str | None, accepted: bool) -> None:
    assert accepted_request_id(header) == (header if accepted else None)


@given(st.text())
def test_an_accepted_request_id_can_stand_in_a_header(header: str) -> None:
    accepted = accepted_request_id(header)
    assert accepted is None or (accepted.isascii() and accepted.isprintable())


def test_ids_are_those_of_the_current_span_in_hexadecimal() -> None:
    assert context.ids() == (None, None)
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False))
    token = otel_context.attach(trace.set_span_in_context(span))
    assert context.ids() == ("00000000000000000000000000000abc", "0000000000000def")
    otel_context.detach(token)


def test_threads_share_nothing() -> None:
    seen: list[Any] = []
    obskit.bind(who="main")

    def work() -> None:
        seen.append(context.current())
        obskit.bind(who="thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert context.current().fields == {"who": "main"}  # type: ignore[union-attr]
    assert seen in ([None], [context.current()])  # from Python 3.14 on a thread may inherit


def test_tasks_inherit_what_was_bound_outside_and_share_nothing_after() -> None:
    async def task(name: str, ready: asyncio.Event, go: asyncio.Event) -> dict[str, Any]:
        obskit.bind(task=name)
        ready.set()
        await go.wait()
        scope = context.current()
        assert scope is not None
        return dict(scope.fields)

    async def main() -> None:
        obskit.bind(worker=1)
        first, second = asyncio.Event(), asyncio.Event()
        a = asyncio.create_task(task("a", first, second))
        b = asyncio.create_task(task("b", second, first))
        assert await a == {"worker": 1, "task": "a"}
        assert await b == {"worker": 1, "task": "b"}
        assert context.current().fields == {"worker": 1}  # type: ignore[union-attr]

    asyncio.run(main())


def test_tasks_of_one_request_share_its_fields() -> None:
    async def inner() -> None:
        obskit.bind(found=3)

    async def main() -> None:
        with context.entered(Scope("r")) as scope:
            await asyncio.create_task(inner())
            assert scope.fields == {"found": 3}

    asyncio.run(main())


def test_what_is_bound_outside_is_remembered_with_its_lines() -> None:
    installed = Installed()
    obskit.bind(a=1)
    obskit.get_logger("shop").warning("x")
    obskit.bind(b=2)
    scope = context.current()
    assert scope is not None
    assert [line.event for line in scope.lines] == ["x"]
    assert scope.fields == {"a": 1, "b": 2}
    assert not context.is_told_above()
    assert installed.last.request_id is None


def stream(lines: list[str | None]) -> Iterator[int]:
    """A response that is streamed: its last words come when it is closed."""
    try:
        with obskit.span("stream"):
            obskit.bind(streamed=True)
            yield 1
            yield 2
    finally:
        obskit.get_logger("shop").warning("closed")
        lines.append(obskit.request_id())


@pytest.mark.parametrize("collect", [True, False])
def test_a_generator_that_is_closed_late_leaves_the_next_request_alone(collect: bool) -> None:
    installed = Installed()
    told: list[str | None] = []
    generators: list[Iterator[int]] = []
    with request("first") as first:
        generators.append(stream(told))
        next(generators[0])
    with request("second") as second:
        before = context.ids()
        if collect:
            generators.clear()
            gc.collect()
        else:
            assert list(generators[0]) == [2]
        assert context.ids() == before
        obskit.get_logger("shop").warning("later")
    assert context.ids() == (None, None)
    assert told == ["second"]
    assert first.fields == {"streamed": True}
    assert second.fields == {}
    assert installed.last.event == "later"
    assert (installed.last.trace_id, installed.last.span_id) == before
    assert (installed.last.request_id, installed.last.fields) == ("second", {})


class request:
    """A request as a server's path has it: a context of its own, left when the app returns."""

    def __init__(self, name: str) -> None:
        self.scope = Scope(name, TRACER.start_span(name, otel_context.Context()))

    def __enter__(self) -> Scope:
        own = trace.set_span_in_context(self.scope.span, otel_context.Context())
        self.tokens = context.enter(self.scope), otel_context.attach(own)
        return self.scope

    def __exit__(self, *_: object) -> None:
        otel_context.detach(self.tokens[1])
        context.leave(self.tokens[0])


GREENLETS = """
from gevent import monkey
monkey.patch_all()
import gevent
import obskit
from obskit import context
from obskit.context import Scope

def serve(name):
    with context.entered(Scope(name)) as scope:
        obskit.bind(who=name)
        for _ in range(20):
            gevent.sleep(0)
            assert obskit.request_id() == name
            assert context.current() is scope
            assert scope.fields == {"who": name}

def work(name):
    obskit.bind(who=name)
    gevent.sleep(0)
    assert context.current().fields == {"who": name}  # as threads do, greenlets begin with nothing

obskit.bind(all=1)
jobs = [gevent.spawn(run, f"{run.__name__}-{n}") for n in range(50) for run in (serve, work)]
gevent.joinall(jobs, raise_error=True)
assert context.current().fields == {"all": 1}
print("done")
"""


def test_greenlets_share_nothing() -> None:
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
