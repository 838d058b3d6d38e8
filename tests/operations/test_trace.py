"""The trace of a run, and the scope that its lines and errors stand in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from opentelemetry import trace

import obskit
from obskit import context
from obskit.capture import Capture
from obskit.context import Scope
from obskit.declared import Declarations
from obskit.operations.job import current_run, job
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun

Install = Callable[..., Surroundings]


@pytest.fixture
def kept(install: Install, store: MemoryStore) -> MemoryStore:
    """A store that the runs are kept in."""
    install(store=store)
    return store


def only(store: MemoryStore, name: str = "import") -> JobRun:
    (run,) = store.job_runs(name)
    return run


def test_lines_span_and_error_of_a_run_stand_under_one_id(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    ids = []

    @job("import", registry=registry)
    def run_import() -> None:
        ids.append(obskit.request_id())
        obskit.get_logger("shop").info("read", rows=3)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_import()
    trace_id = f"{1:032x}"
    assert ids == [trace_id]
    found = [(line["event"], line["request_id"], line["trace_id"]) for line in obskit_capture.lines]
    assert found == [
        ("import has begun", trace_id, trace_id),
        ("read", trace_id, trace_id),
        ("import has failed after 0ms: ValueError: no", trace_id, trace_id),
    ]
    (span,) = obskit_capture.spans
    assert span.attributes is not None
    assert (span.name, span.parent) == ("job import", None)
    assert span.attributes["obskit.job.outcome"] == "failed"
    assert span.attributes["obskit.job.run.id"] == only(kept).run_id
    (error,) = obskit_capture.errors
    assert error["tags"]["request_id"] == trace_id
    assert obskit.request_id() is None


def test_a_run_below_a_span_belongs_to_its_trace(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    with obskit.span("task"), job("import", registry=registry):
        assert obskit.request_id() == f"{1:032x}-{2:016x}"
    inner, outer = obskit_capture.spans
    assert outer.context is not None
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id


def test_what_was_bound_before_stands_on_the_lines_of_the_run(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    obskit.bind(tenant="acme")
    with job("import", registry=registry):
        obskit.bind(file="a.csv")
    assert [line.get("tenant") for line in obskit_capture.lines] == ["acme", "acme"]
    obskit.get_logger("shop").info("after")
    assert "file" not in obskit_capture.lines[-1]


def test_in_a_request_the_run_is_part_of_its_story(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    request = Scope("r-1")
    with context.entered(request), pytest.raises(KeyError), job("import", registry=registry):
        assert obskit.request_id() == "r-1"
        raise KeyError("row")
    # The request's end tells of it, once.
    assert obskit_capture.errors == []
    assert request.errors is not None
    assert len(request.errors) == 1
    assert {line["request_id"] for line in obskit_capture.lines} == {"r-1"}


def test_blocks_that_overlap_leave_nothing_behind(
    kept: MemoryStore, registry: Declarations
) -> None:
    declared = job("import", registry=registry)
    first, second = declared.run(), declared.run()
    first.__enter__()
    inner = second.__enter__()
    first.__exit__(None, None, None)
    assert current_run() is inner
    second.__exit__(None, None, None)
    assert current_run().run_id == ""
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert context.current() is None
