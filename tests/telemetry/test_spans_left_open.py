"""`obskit.span` where blocks do not end in the order in which they began."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from tests.telemetry.recorded import Recorded, id_of, parent_of

import obskit
from obskit import context
from obskit.telemetry import traces


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_one_object_may_be_used_by_many_threads_and_within_itself(recorded: Recorded) -> None:
    shared = obskit.span("shared")
    barrier = threading.Barrier(4)

    def work() -> None:
        with shared as outer, shared as inner:
            barrier.wait(10)
            assert trace.get_current_span() is inner
            assert outer is not inner
        assert context.ids() == (None, None)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorded.names == ["shared"] * 8


def rows(name: str = "rows") -> Iterator[int]:
    with obskit.span(name):
        yield 1
        yield 2


def test_a_span_left_open_in_a_generator_does_not_outlive_the_block_around_it(
    recorded: Recorded,
) -> None:
    with obskit.span("first"):
        left_open = rows()
        next(left_open)
    assert context.ids() == (None, None)
    with obskit.span("second"):
        before = context.ids()
        del left_open
        gc.collect()
        assert context.ids() == before
    assert context.ids() == (None, None)
    spans = recorded.spans
    assert parent_of(spans["second"]) is None
    assert parent_of(spans["rows"]) == id_of(spans["first"])


def test_a_generator_that_ends_in_another_block_leaves_it_alone(recorded: Recorded) -> None:
    with obskit.span("first"):
        left_open = rows()
        next(left_open)
    with obskit.span("second"):
        before = context.ids()
        assert list(left_open) == [2]
        assert context.ids() == before
    assert context.ids() == (None, None)


def test_what_was_opened_inside_a_generators_span_does_not_bring_it_back(
    recorded: Recorded,
) -> None:
    left_open = rows()
    next(left_open)
    with obskit.span("inside"):
        before = context.ids()
        del left_open
        gc.collect()
        assert context.ids() == before
    assert context.ids() == (None, None)


def test_generators_that_follow_each_other_keep_nothing_alive(recorded: Recorded) -> None:
    left_open: Iterator[int] | None = None
    for number in range(50):
        following = rows(f"rows {number}")
        next(following)
        left_open = following
    opened = traces._chain(otel_context.get_current())
    assert len(list(opened)) <= 2
    del left_open, following
    gc.collect()
    assert len(recorded.names) == 50


def test_a_task_that_closes_what_its_parent_opened_stays_where_it_is(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    async def closing(generator: Iterator[int]) -> None:
        generator.close()  # type: ignore[attr-defined]
        assert context.ids() == (None, None)

    async def main() -> None:
        generator = rows()
        next(generator)
        await asyncio.create_task(closing(generator))

    asyncio.run(main())
    assert recorded.names == ["rows"]
    assert caplog.records == []


@contextmanager
def managed() -> Iterator[None]:
    with obskit.span("managed"):
        yield


def test_a_context_manager_made_of_a_generator_nests_as_any_other(recorded: Recorded) -> None:
    with obskit.span("outer"), managed(), obskit.span("inner"):
        pass
    spans = recorded.spans
    assert parent_of(spans["inner"]) == id_of(spans["managed"])
    assert parent_of(spans["managed"]) == id_of(spans["outer"])
    assert context.ids() == (None, None)


def test_spans_of_opentelemetry_itself_may_stand_between(recorded: Recorded) -> None:
    tracer = recorded.provider.get_tracer("host")
    with obskit.span("outer"):
        with tracer.start_as_current_span("between"):
            with obskit.span("inner"):
                pass
            assert trace.get_current_span().name == "between"  # type: ignore[attr-defined]
        assert trace.get_current_span().name == "outer"  # type: ignore[attr-defined]
    assert parent_of(recorded.spans["inner"]) == id_of(recorded.spans["between"])
