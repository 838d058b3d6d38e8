"""Jobs as a host declares and runs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.trace import StatusCode

import obskit
from obskit.capture import Capture
from obskit.checks.model import CheckResult
from obskit.declared import Declarations
from obskit.exceptions import DeclarationError
from obskit.ledger import Ledger
from obskit.operations.execution import at_hand
from obskit.operations.job import current_run, job, nothing_to_do
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


def test_a_decorated_function_returns_its_value_and_its_run_is_kept(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    @job("import", expect_every="24h", late_after="30m", registry=registry)
    def run_import(rows: int, *, factor: int = 1) -> int:
        """Imports all there is."""
        obskit_capture.clock.advance(7)
        return rows * factor

    assert run_import(3, factor=2) == 6
    run = only(kept)
    assert (run.outcome, run.started, run.finished) == ("ok", 1767225600.0, 1767225607.0)
    assert run.deadline == 1767225600.0 + 24 * 3600 + 1800
    assert (run.instance, run.trace_id) == ("i-1", f"{1:032x}")
    assert registry.jobs["import"].description == "Imports all there is."
    assert run_import.__name__ == "run_import"


def test_a_coroutine_function_stays_one(kept: MemoryStore, registry: Declarations) -> None:
    @job("import", registry=registry)
    async def run_import() -> str:
        await asyncio.sleep(0)
        current_run().count(rows=2)
        return "done"

    assert asyncio.run(run_import()) == "done"
    assert only(kept).counts == {"rows": 2.0}


def test_tasks_of_one_loop_each_have_a_run_of_their_own(
    kept: MemoryStore, registry: Declarations
) -> None:
    @job("import", registry=registry)
    async def run_import(rows: int) -> None:
        await asyncio.sleep(0)
        current_run().count(rows=rows)
        await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(run_import(1), run_import(2))

    asyncio.run(both())
    found = sorted(run.counts["rows"] for run in kept.job_runs("import"))
    assert found == [1.0, 2.0]


def test_a_generator_is_refused(registry: Declarations) -> None:
    def rows() -> Iterator[int]:
        yield 1

    with pytest.raises(DeclarationError, match="is a generator: open `with run_import"):
        job("run-import", registry=registry)(rows)


def test_a_block_is_a_run(kept: MemoryStore, registry: Declarations) -> None:
    with job("import", registry=registry) as run:
        run.count(rows=10)
        run.count(rows=5, bad=1)
        run.progress(3, 10)
        run.progress(4)
        assert current_run() is run
    ended = only(kept)
    assert (ended.outcome, ended.counts) == ("ok", {"rows": 15.0, "bad": 1.0})
    assert (ended.done, ended.total) == (4.0, 10.0)


def test_blocks_of_one_job_may_be_nested(kept: MemoryStore, registry: Declarations) -> None:
    declared = job("import", registry=registry)
    with declared as outer:
        with declared as inner:
            inner.fail("inner")
        assert current_run() is outer
    assert current_run().run_id == ""
    outcomes = {run.run_id: run.outcome for run in kept.job_runs("import")}
    assert outcomes == {outer.run_id: "ok", inner.run_id: "failed"}


def test_outside_a_run_nothing_happens() -> None:
    run = current_run()
    run.progress(1, 2)
    run.count(rows=1)
    run.fail("no")
    run.nothing_to_do("no")
    assert run.run_id == ""


def test_a_run_may_fail_without_an_exception(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    with job("import", severity="sev1", owner="data", registry=registry) as run:
        run.fail("3 files were empty")
        run.nothing_to_do("which does not make it well again")
    assert (only(kept).outcome, only(kept).message) == ("failed", "3 files were empty")
    line = obskit_capture.lines[-1]
    assert line["level"] == "error"
    assert line["event"] == "import has failed after 0ms: 3 files were empty"
    assert (line["obskit.job.severity"], line["obskit.job.owner"]) == ("sev1", "data")
    (span,) = obskit_capture.spans
    assert span.status.status_code is StatusCode.ERROR
    assert obskit_capture.errors == []


def test_nothing_to_do_is_well_and_told_apart(kept: MemoryStore, registry: Declarations) -> None:
    @job("import", registry=registry)
    def run_import() -> CheckResult:
        return nothing_to_do("no events")

    assert run_import().message == "no events"
    assert (only(kept).outcome, only(kept).message) == ("nothing_to_do", "no events")


def test_an_exception_goes_on_and_is_told_once_everywhere(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    @job("import", registry=registry)
    def run_import() -> None:
        try:
            raise KeyError("row")
        except KeyError:
            obskit.get_logger("shop").exception("reading failed")
            raise

    with pytest.raises(KeyError):
        run_import()
    assert (only(kept).outcome, only(kept).message) == ("failed", "KeyError: 'row'")
    with_stack = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert with_stack == ["reading failed"]
    (error,) = obskit_capture.errors
    assert error["exception"]["values"][0]["mechanism"]["handled"] is False


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SystemExit(0), "ok"),
        (SystemExit(), "ok"),
        (SystemExit(3), "failed"),
        (KeyboardInterrupt(), "failed"),
        (GeneratorExit(), "ok"),
    ],
)
def test_what_ends_a_program_is_a_failure_where_it_says_so(
    kept: MemoryStore, registry: Declarations, error: BaseException, outcome: str
) -> None:
    with pytest.raises(type(error)), job("import", registry=registry):
        raise error
    assert only(kept).outcome == outcome


def test_a_value_that_is_no_amount_is_left_out(kept: MemoryStore, registry: Declarations) -> None:
    with job("import", registry=registry) as run:
        run.count(rows=-1, bad=float("nan"), text="7", whole=2)  # type: ignore[arg-type]
        run.progress(float("inf"))
        run.progress(None)  # type: ignore[arg-type]
    assert (only(kept).counts, only(kept).done) == ({"whole": 2.0}, 0.0)


def test_names_of_counts_are_bounded(kept: MemoryStore, registry: Declarations) -> None:
    with job("import", registry=registry) as run:
        for number in range(50):
            run.count(**{f"file-{number}": 1})
    counts = only(kept).counts
    assert len(counts) == 21
    assert (counts["file-19"], counts["other"]) == (1.0, 30.0)


def test_amounts_that_are_none_are_counted_as_refused(
    install: Install, registry: Declarations
) -> None:
    ledger = Ledger()
    install(ledger=ledger)
    with job("import", registry=registry) as run:
        run.count(rows=-1, bad=float("nan"))
    assert ledger.snapshot()["metrics"]["dropped"] == {"not_an_amount": 2}


def test_blocks_that_overlap_for_ever_take_no_more_memory(
    kept: MemoryStore, registry: Declarations
) -> None:
    declared = job("import", registry=registry)
    before = declared.run()
    before.__enter__()
    for _ in range(50):
        after = declared.run()
        after.__enter__()
        before.__exit__(None, None, None)
        before = after
    length, execution = 0, at_hand(declared)
    while execution is not None:
        length, execution = length + 1, execution.above
    assert length <= 2
    before.__exit__(None, None, None)
    assert at_hand(declared) is None
