"""The latest results: since when, how old, and when they count no longer."""

from __future__ import annotations

from threading import Thread

import pytest
from tests.checks.given import PATIENCE, check

from obskit import CheckResult, Status
from obskit.capture import StillClock
from obskit.checks.results import Results

BEGINNING = 1_767_225_600.0  # 2026-01-01


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def test_nothing_is_known_before_the_first_run(clock: StillClock) -> None:
    results = Results(clock)
    assert results.standing("rows") is None
    assert results.age("rows") is None
    assert results.current(check("rows")) is None


def test_a_change_of_status_is_told(clock: StillClock) -> None:
    results = Results(clock)
    told = [
        results.record("rows", result)
        for result in (
            CheckResult.ok(),
            CheckResult.ok("said"),
            CheckResult.critical("no"),
            CheckResult.critical("still"),
            CheckResult.ok(),
        )
    ]
    assert told == [True, False, True, False, True]
    assert results.record("other", CheckResult.ok())


def test_a_standing_knows_since_when_and_the_last_success(clock: StillClock) -> None:
    results = Results(clock)
    seen = []
    for result in (
        CheckResult.critical("one"),
        CheckResult.critical("two"),
        CheckResult.ok("three"),
        CheckResult.ok("four"),
        CheckResult.warning("five"),
    ):
        results.record("rows", result)
        standing = results.standing("rows")
        assert standing is not None
        assert standing.result is result
        seen.append((standing.since, standing.last_success, standing.decided))
        clock.advance(10)
    assert seen == [
        (BEGINNING, None, 0.0),
        (BEGINNING, None, 10.0),
        (BEGINNING + 20, BEGINNING + 20, 20.0),
        (BEGINNING + 20, BEGINNING + 30, 30.0),
        (BEGINNING + 40, BEGINNING + 30, 40.0),
    ]


def test_a_result_counts_for_two_periods_and_the_time_out(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows", every="1m", timeout="10s")
    result = CheckResult.critical("no")
    results.record("rows", result)
    clock.advance(130)
    assert results.age("rows") == 130.0
    assert results.current(rows) is result
    clock.advance(0.5)
    late = results.current(rows)
    assert late is not None
    assert late.status is Status.UNKNOWN
    assert late.message == "its last result is 130 s old; it runs every 1m"
    results.record("rows", result)
    assert results.current(rows) is result


def test_a_forked_child_knows_nothing_and_waits_for_no_lock(clock: StillClock) -> None:
    results = Results(clock)
    results.record("rows", CheckResult.ok())
    results._lock.acquire()  # by a thread that the child does not have
    results.after_fork()
    assert results.standing("rows") is None
    recorded = Thread(target=results.record, args=("rows", CheckResult.ok()), daemon=True)
    recorded.start()
    recorded.join(PATIENCE)
    assert results.standing("rows") is not None
