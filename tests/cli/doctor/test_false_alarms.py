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


def test_alerts_that_last_are_none_for_nothing(app: Host, doctor: Doctor) -> None:
    fill(app, {*range(140, 150), *range(40, 50)})
    found = doctor("false-alarms")
    assert (found.exit_code, found.stdout) == (
        0,
        "OK      false-alarms  0 of 2 alerts in 30d were over within five minutes\n",
    )
