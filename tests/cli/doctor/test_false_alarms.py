"""Which checks alert for nothing."""

from __future__ import annotations

import time

from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host, kept


def fill(app: Host, failing: set[int]) -> None:
    now = time.time()
    for minute in range(200, 0, -1):
        status = "critical" if minute in failing else "ok"
        app.store.keep(kept("rows", now - minute * 60, status=status))


def test_a_check_that_mends_itself_again_and_again_is_named_with_what_to_try(
    app: Host, doctor: Doctor
) -> None:
    fill(app, {150, 100, 50})
    found = doctor("false-alarms")
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        (
            "FAILED  false-alarms  rows failed 3 times in 30d, was well within minutes 3 times, and"
            " flapped 0 times: try failures_before_alert=2, or another threshold"
        ),
        (
            "FAILED  false-alarms  3 of 3 alerts in 30d were over within five minutes: more than 5 %:"
            " see obskit check report"
        ),
    ]


def test_what_fails_for_several_runs_is_damped_by_as_many(app: Host, doctor: Doctor) -> None:
    fill(app, {150, 149, 148, 100, 99, 50})
    told = doctor("false-alarms").output
    assert "try failures_before_alert=4, or another threshold" in told


def test_what_fails_still_says_nothing_of_how_soon_it_mends(app: Host, doctor: Doctor) -> None:
    fill(app, {150, 100, 50, 4, 3, 2, 1})
    told = doctor("false-alarms").output
    assert "try failures_before_alert=2, or another threshold" in told


def test_what_flaps_and_mends_late_is_damped_by_one_run_more(app: Host, doctor: Doctor) -> None:
    fill(app, {*range(141, 151), *range(126, 136), *range(111, 121)})
    told = doctor("false-alarms").output
    assert "was well within minutes 0 times, and flapped 2 times" in told
    assert "try failures_before_alert=2, or another threshold" in told


def test_no_damping_helps_what_fails_for_many_runs(app: Host, doctor: Doctor) -> None:
    app.write('checks.add("rows", lambda: None, every="5s", timeout="1s")')
    fill(app, {150, 100, 50})
    told = doctor("false-alarms").output
    assert "flapped 0 times: try another threshold, or run it more seldom" in told


def test_alerts_that_last_are_none_for_nothing(app: Host, doctor: Doctor) -> None:
    fill(app, {*range(140, 150), *range(40, 50)})
    found = doctor("false-alarms")
    assert (found.exit_code, found.stdout) == (
        0,
        "OK      false-alarms  0 of 2 alerts in 30d were over within five minutes\n",
    )
