"""One run of one check, whatever its subject does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from tests.checks.bench import Bench
from tests.checks.given import PATIENCE
from tests.monsters import MONSTERS

from obskit import CheckResult, Status, above
from obskit.capture import StillClock
from obskit.checks.runner import NoTrace
from obskit.declaration import Check


def test_a_run_gives_its_result_and_holds_it(bench: Bench) -> None:
    check = bench.add("rows", lambda: 3, judge=above(warning=1), unit="{row}")
    result = bench.runner.run(check)
    assert (result.status, result.value, result.unit) == (Status.WARNING, 3.0, "{row}")
    assert (result.trace_id, result.attempt) == (None, 1)
    standing = bench.results.standing("rows")
    assert standing is not None
    assert standing.result == result
    bench.runner.run(check)
    assert bench.told == [("rows", "warning", True), ("rows", "warning", False)]


def test_a_result_knows_when_it_began_and_how_long_it_took() -> None:
    clock = StillClock()
    bench = Bench(clock)
    clock.advance(5)
    check = bench.add("rows", lambda: clock.advance(2.5))
    result = bench.runner.run(check)
    assert (result.started, result.duration) == (clock.now() - 2.5, 2.5)


def test_a_result_keeps_a_unit_of_its_own(bench: Bench) -> None:
    own = CheckResult(Status.OK, value=1, unit="By")
    assert bench.runner.run(bench.add("rows", lambda: own, unit="s")).unit == "By"


def test_a_run_has_a_thread_of_its_own_that_ends_with_the_process(bench: Bench) -> None:
    seen: list[Thread] = []
    bench.runner.run(bench.add("rows", lambda: seen.append(current_thread())))
    assert seen[0].name == "obskit-check-rows"
    assert seen[0].daemon
    seen[0].join(PATIENCE)
    assert not seen[0].is_alive()


def raising(error: BaseException) -> Callable[[], object]:
    def subject() -> object:
        raise error

    return subject


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no"), "ValueError: no"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
)
def test_whatever_a_check_raises_is_its_result(
    bench: Bench, error: BaseException, message: str
) -> None:
    result = bench.runner.run(bench.add("rows", raising(error)))
    assert (result.status, result.message) == (Status.CRITICAL, message)
    kind = bench.runner.run(bench.add("kind", raising(error), unknown_on=type(error)))
    assert kind.status is Status.UNKNOWN


def test_a_judge_that_raises_does_not_end_the_run(bench: Bench) -> None:
    def judge(value: float) -> Any:
        raise ZeroDivisionError

    result = bench.runner.run(bench.add("rows", lambda: 3, judge=judge))
    assert (result.status, result.message) == (Status.CRITICAL, "ZeroDivisionError")


@pytest.mark.parametrize("monster", MONSTERS)
def test_a_monster_is_a_result(bench: Bench, monster: Any) -> None:
    result = bench.runner.run(bench.add("rows", partial(lambda: monster)))
    assert result.status in {Status.OK, Status.CRITICAL, Status.UNKNOWN}
    assert not bench.runner._running


def test_an_async_function_is_awaited(bench: Bench) -> None:
    async def rows() -> int:
        await asyncio.sleep(0)
        return 7

    async def broken() -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    assert bench.runner.run(bench.add("rows", rows)).value == 7.0
    assert bench.runner.run(bench.add("broken", broken)).message == "OSError: gone"


@pytest.mark.parametrize("closes", [True, False])
def test_a_coroutine_is_cancelled_when_its_time_is_up(bench: Bench, closes: bool) -> None:
    cleaned = Event()

    async def stuck() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cleaned.set()
            if closes:
                raise

    attempt = bench.runner.start(bench.add("stuck", stuck, timeout="20ms"))
    assert attempt.ended.wait(PATIENCE)
    assert cleaned.is_set()
    assert attempt.result is not None
    assert (attempt.result.status, attempt.result.message) == (
        Status.CRITICAL,
        "no answer within 20ms",
    )


def test_a_time_out_that_a_coroutine_raises_is_its_own(bench: Bench) -> None:
    async def broken() -> None:
        raise asyncio.TimeoutError("of the driver")

    assert bench.runner.run(bench.add("rows", broken)).message == "TimeoutError: of the driver"


def test_the_end_of_a_run_is_told(bench: Bench) -> None:
    ended = Event()
    attempt = bench.runner.start(bench.add("rows", raising(ValueError())), ended.set)
    assert ended.wait(PATIENCE)
    assert attempt.ended.is_set()


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (False, ("skipped", "not run: database is critical")),
        ("what", ("skipped", "not run: database is unknown")),
        (CheckResult.warning("slow"), ("ok", "")),
        (None, ("ok", "")),
    ],
)
def test_while_a_dependency_is_down_a_check_is_skipped(
    bench: Bench, returned: object, expected: tuple[str, str]
) -> None:
    ran: list[int] = []
    database = bench.add("database", lambda: returned)
    rows = bench.add("rows", lambda: ran.append(1), depends_on=["database"])
    bench.runner.run(database)
    result = bench.runner.run(rows)
    assert (result.status.value, result.message) == expected
    assert len(ran) == (expected[0] == "ok")


def test_what_depends_on_a_skipped_check_is_skipped_too(bench: Bench) -> None:
    database = bench.add("database", lambda: False)
    rows = bench.add("rows", lambda: None, depends_on=["database"])
    sums = bench.add("sums", lambda: None, depends_on=["rows"])
    found = [bench.runner.run(check).message for check in (database, rows, sums)]
    assert found[1:] == ["not run: database is critical", "not run: rows is skipped"]
    assert bench.told[2] == ("sums", "skipped", True)


def test_a_dependency_that_is_not_declared_makes_a_check_unknown(bench: Bench) -> None:
    ran: list[int] = []
    bench.add("database", lambda: None)
    result = bench.runner.run(bench.add("rows", lambda: ran.append(1), depends_on=["databse"]))
    assert (result.status, result.message) == (
        Status.UNKNOWN,
        "not run: it depends on 'databse', which is not declared: did you mean 'database'?",
    )
    assert ran == []


def test_a_dependency_that_has_not_run_hinders_nothing(bench: Bench) -> None:
    bench.add("database", lambda: False)
    rows = bench.add("rows", lambda: None, depends_on=["database"])
    assert bench.runner.run(rows).status is Status.OK


def test_a_dependency_whose_result_is_too_old_is_down() -> None:
    clock = StillClock()
    bench = Bench(clock)
    database = bench.add("database", lambda: None)
    rows = bench.add("rows", lambda: None, depends_on=["database"])
    bench.runner.run(database)
    clock.advance(181)
    assert bench.runner.run(rows).message == "not run: database is unknown"


def test_the_hosts_entry_is_open_around_each_run(bench: Bench) -> None:
    seen: list[str] = []

    @contextmanager
    def entry() -> Iterator[None]:
        seen.append("opened")
        try:
            yield
        finally:
            seen.append("closed")

    bench.registry.entry = entry
    bench.runner.run(bench.add("rows", lambda: seen.append("ran")))
    bench.runner.run(bench.add("broken", raising(ValueError())))
    assert seen == ["opened", "ran", "closed", "opened", "closed"]
    assert [status for _, status, _ in bench.told] == ["ok", "critical"]


def test_where_the_hosts_entry_fails_nothing_is_known(bench: Bench) -> None:
    ran: list[int] = []
    bench.registry.entry = raising(RuntimeError("no app"))  # type: ignore[assignment]
    result = bench.runner.run(bench.add("rows", lambda: ran.append(1)))
    assert (result.status, result.message) == (Status.UNKNOWN, "not run: RuntimeError: no app")
    assert ran == []


class Seen(NoTrace):
    trace_id = "f" * 32

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)


def test_a_run_is_traced_and_its_trace_told_of_an_error() -> None:
    trace, opened = Seen(), []

    @contextmanager
    def open_trace(check: Check) -> Iterator[Seen]:
        opened.append(check.name)
        yield trace

    bench, error = Bench(open_trace=open_trace), ValueError("no")
    assert bench.runner.run(bench.add("rows", lambda: None)).trace_id == "f" * 32
    assert trace.errors == []
    assert bench.runner.run(bench.add("broken", raising(error))).trace_id == "f" * 32
    assert trace.errors == [error]
    assert opened == ["rows", "broken"]


def test_where_the_trace_fails_nothing_is_known() -> None:
    bench = Bench(open_trace=lambda check: raising(OSError("full"))())
    result = bench.runner.run(bench.add("rows", lambda: None))
    assert (result.status, result.message) == (Status.UNKNOWN, "not run: OSError: full")


def test_without_a_thread_nothing_is_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    check = bench.add("rows", lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", lambda _: raising(RuntimeError("can't start new thread"))())
        attempt = bench.runner.start(check)
    assert attempt.ended.is_set()
    assert attempt.result is not None
    assert attempt.result.status is Status.UNKNOWN
    assert attempt.result.message == "not run: can't start new thread"
    assert bench.runner.run(check).status is Status.OK
