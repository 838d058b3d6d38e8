"""The latest results: since when, how old, and when they count no longer."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.given import PATIENCE, check

from obskit import CheckResult, Status
from obskit.capture import StillClock
from obskit.checks.model import nothing_to_do
from obskit.checks.results import Results, Standing

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
    results, rows = Results(clock), check("rows")
    told = [
        results.record(rows, result).changed
        for result in (
            CheckResult.ok(),
            CheckResult.ok("said"),
            CheckResult.critical("no"),
            CheckResult.critical("still"),
            CheckResult.ok(),
        )
    ]
    assert told == [True, False, True, False, True]
    assert results.record(check("other"), CheckResult.ok()).changed


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
        standing = results.record(check("rows"), result)
        assert results.standing("rows") is standing
        assert standing.result.message == result.message
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
    results.record(rows, result)
    clock.advance(130)
    assert results.age("rows") == 130.0
    assert results.current(rows) == result
    clock.advance(0.5)
    late = results.current(rows)
    assert late is not None
    assert late.status is Status.UNKNOWN
    assert late.message == "its last result is 130 s old; it runs every 1m"
    again = results.record(rows, result)
    assert results.current(rows) is again.result


def test_a_forked_child_knows_nothing_and_waits_for_no_lock(clock: StillClock) -> None:
    results = Results(clock)
    results.record(check("rows"), CheckResult.ok())
    results._lock.acquire()  # by a thread that the child does not have
    results.after_fork()
    assert results.standing("rows") is None
    recorded = Thread(target=results.record, args=(check("rows"), CheckResult.ok()), daemon=True)
    recorded.start()
    recorded.join(PATIENCE)
    assert results.standing("rows") is not None


def test_a_check_that_has_nothing_to_do_is_ok_and_says_so(clock: StillClock) -> None:
    standing = Results(clock).record(check("rows"), nothing_to_do())
    result = standing.result
    assert (result.status, result.message, result.nothing_to_do) == (
        Status.OK,
        "nothing to do",
        True,
    )
    assert standing.last_success == BEGINNING
    assert not CheckResult.ok("nothing to do").nothing_to_do


OK, WARNING, CRITICAL, UNKNOWN, SKIPPED = Status


def damped(
    clock: StillClock, raws: Iterable[Status], **damping: Any
) -> list[tuple[Status, bool, int]]:
    """What counts after each run, whether that is news, and which of its kind in a row the run was."""
    results, rows = Results(clock), check("rows", **damping)
    standings = [results.record(rows, CheckResult(raw)) for raw in raws]
    return [(each.result.status, each.changed, each.result.attempt) for each in standings]


def test_a_flapping_check_fires_once_and_recovers_once(clock: StillClock) -> None:
    raws = [CRITICAL, OK, CRITICAL, CRITICAL, OK, CRITICAL, CRITICAL, CRITICAL]
    raws += [OK, CRITICAL, OK, CRITICAL, CRITICAL, OK, OK, CRITICAL, OK, CRITICAL, CRITICAL, OK]
    found = damped(clock, raws, failures_before_alert=3, successes_before_recovery=2)
    assert [status for status, _, _ in found] == [OK] * 7 + [CRITICAL] * 7 + [OK] * 6
    news = [(number, status) for number, (status, changed, _) in enumerate(found) if changed]
    assert news == [(0, OK), (7, CRITICAL), (14, OK)]
    assert [row for *_, row in found[4:9]] == [1, 1, 2, 3, 1]


def naive(raws: list[Status], failures: int, successes: int) -> list[Status]:
    """Damping as one would say it: by looking back at the runs in a row, each time anew.

    What was skipped is no run.
    """
    shown: list[Status] = []
    ran: list[Status] = []
    counted = OK
    for raw in raws:
        if raw is SKIPPED:
            shown.append(raw)
            continue
        ran.append(raw)
        failing = counted is not OK
        wanted = successes if failing else failures
        row = ran[-wanted:]
        alike = {UNKNOWN if each in {WARNING, CRITICAL} else each for each in row}
        agreed = len(row) == wanted and len(alike) == 1
        if failing:
            counted = OK if raw is OK and agreed else counted if raw is OK else raw
        else:
            counted = raw if raw is not OK and agreed else OK
        shown.append(counted)
    return shown


@given(
    st.lists(st.sampled_from(Status), max_size=60),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_any_sequence_of_runs_is_damped_as_one_would_by_hand(
    raws: list[Status], failures: int, successes: int
) -> None:
    options = {"failures_before_alert": failures, "successes_before_recovery": successes}
    found = damped(StillClock(), raws, **options)
    assert [status for status, _, _ in found] == naive(raws, failures, successes)


@given(st.lists(st.sampled_from(Status), max_size=30))
def test_without_damping_each_run_counts(raws: list[Status]) -> None:
    assert [status for status, _, _ in damped(StillClock(), raws)] == raws


def test_what_could_not_be_judged_is_a_failure_in_the_row(clock: StillClock) -> None:
    found = damped(clock, [CRITICAL, UNKNOWN, WARNING, CRITICAL], failures_before_alert=3)
    assert [status for status, _, _ in found] == [OK, OK, WARNING, CRITICAL]


def test_while_runs_are_skipped_the_row_of_failures_stands_still(clock: StillClock) -> None:
    raws = [SKIPPED, CRITICAL, CRITICAL, SKIPPED, SKIPPED, CRITICAL, CRITICAL]
    found = damped(clock, raws, failures_before_alert=3)
    assert [status for status, _, _ in found] == [
        *(SKIPPED, OK, OK, SKIPPED, SKIPPED, CRITICAL, CRITICAL)
    ]
    assert [row for *_, row in found] == [1, 1, 2, 2, 2, 3, 4]


def test_what_failed_before_it_was_skipped_fails_at_once_after_it(clock: StillClock) -> None:
    raws = [CRITICAL, CRITICAL, CRITICAL, SKIPPED, CRITICAL, SKIPPED, WARNING]
    found = damped(clock, raws, failures_before_alert=3)
    assert [status for status, _, _ in found] == [
        *(OK, OK, CRITICAL, SKIPPED, CRITICAL, SKIPPED, WARNING)
    ]
    assert [row for *_, row in found] == [1, 2, 3, 3, 4, 4, 5]


def test_what_failed_before_it_was_skipped_recovers_by_as_many_successes_as_ever(
    clock: StillClock,
) -> None:
    raws = [CRITICAL, OK, SKIPPED, OK, SKIPPED, OK]
    found = damped(clock, raws, successes_before_recovery=3)
    assert [status for status, _, _ in found] == [
        *(CRITICAL, CRITICAL, SKIPPED, CRITICAL, SKIPPED, OK)
    ]


def test_one_failure_after_it_was_skipped_is_not_enough_where_it_was_well_before(
    clock: StillClock,
) -> None:
    raws = [OK, OK, SKIPPED, CRITICAL, CRITICAL, CRITICAL]
    found = damped(clock, raws, failures_before_alert=3)
    assert [status for status, _, _ in found] == [OK, OK, SKIPPED, OK, OK, CRITICAL]


def test_what_a_run_came_to_before_damping_is_known(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows", failures_before_alert=2)
    first = results.record(rows, CheckResult.critical("no"))
    assert (first.result.status, first.raw, first.result.message) == (OK, CRITICAL, "no")
    assert first.last_success is None  # what counts as ok has not been so
    second = results.record(rows, CheckResult.critical("no"))
    assert (second.result.status, second.raw, second.result.raw) == (CRITICAL, CRITICAL, None)


def test_while_it_is_quiet_at_the_start_no_failure_counts(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows", quiet_at_start="5m")
    seen = []
    for raw in (CRITICAL, CRITICAL, CRITICAL, CRITICAL):
        standing = results.record(rows, CheckResult(raw))
        seen.append((clock.monotonic(), standing.result.status, standing.raw))
        clock.advance(150)
    assert seen == [
        (0.0, OK, CRITICAL),
        (150.0, OK, CRITICAL),
        (300.0, CRITICAL, CRITICAL),
        (450.0, CRITICAL, CRITICAL),
    ]


def test_a_failure_that_was_known_before_the_start_is_not_quietened(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows", quiet_at_start="5m", failures_before_alert=3)
    known = Standing(CheckResult(CRITICAL, started=BEGINNING - 60), BEGINNING - 600, None, -60.0)
    results.adopt("rows", known)
    clock.advance(1)
    standing = results.record(rows, CheckResult.critical("still"))
    assert (standing.result.status, standing.changed) == (CRITICAL, False)
    assert (standing.since, standing.result.attempt) == (BEGINNING - 600, 2)


def test_of_two_processes_the_newer_result_is_held(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows")
    own = results.record(rows, CheckResult.ok())
    older = Standing(CheckResult(CRITICAL, started=-1.0), 0.0, None, 0.0)
    results.adopt("rows", older)
    assert results.standing("rows") is own
    newer = Standing(CheckResult(CRITICAL, started=BEGINNING + 1), 0.0, None, 0.0)
    results.adopt("rows", newer)
    assert results.standing("rows") is newer


def test_when_the_latest_run_began_is_known_by_the_monotonic_clock(clock: StillClock) -> None:
    results, rows = Results(clock), check("rows")
    assert results.began(rows) is None
    clock.advance(100)
    results.record(rows, CheckResult(OK, duration=2.5))
    assert results.began(rows) == 97.5
