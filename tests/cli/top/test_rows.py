"""What is known of a service, as rows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.overview.given import NOW, run

from obskit.cli.top import rows
from obskit.cli.top.rows import Row
from obskit.declaration import Limit
from obskit.operations import lateness
from obskit.overview.model import (
    CheckView,
    ErrorView,
    HostView,
    JobView,
    OperationView,
    Overview,
    ProcessView,
    QuotaView,
)
from obskit.state.store import Silence


def view(status: str = "ok", **facts: Any) -> CheckView:
    told = {name: facts.pop(name) for name in ("value", "message", "since") if name in facts}
    return CheckView("rows", status, run("rows", status, **told), **facts)


def test_a_check_that_fails_says_why_since_when_and_whose_it_is() -> None:
    failing = view("critical", message="it is gone", since=NOW - 300, owner="data", value=3.0)
    told = "it is gone; for 5m; ran 59s ago; owner data"
    assert rows.of_check(failing, NOW) == Row("CRITICAL", "rows", told)


def test_a_check_that_is_silenced_says_by_whom() -> None:
    silence = Silence("rows", NOW + 60, "we mend it", "ada", NOW)
    found = rows.of_check(view(silence=silence, value=3.0), NOW)
    assert found.told == "3; ran 59s ago; silenced until 2023-11-14T22:14:20Z by ada"


def test_a_check_that_fails_is_silenced_and_says_so_too() -> None:
    silence = Silence("rows", NOW + 60, "we mend it", "ada", NOW)
    found = rows.of_check(view("critical", silence=silence, message="it is gone"), NOW)
    assert found.told == (
        "it is gone; for 1m; ran 59s ago; silenced until 2023-11-14T22:14:20Z by ada"
    )


def test_a_check_that_fails_without_a_word_says_what_it_measured() -> None:
    failing = view("critical", value=3.0, unit="{row}")
    assert rows.of_check(failing, NOW).told == "3 row; for 1m; ran 59s ago"


@pytest.mark.parametrize(("since", "told"), [(NOW + 9, "for 0ms"), (float("-inf"), "for ever")])
def test_a_failure_that_began_at_no_moment_of_the_past_is_told(since: float, told: str) -> None:
    found = rows.of_check(view("critical", message="it is gone", since=since), NOW)
    assert found.told == f"it is gone; {told}; ran 59s ago"


def test_a_check_that_is_well_says_what_it_measured_or_said() -> None:
    assert rows.of_check(view(value=3.0, unit="{row}"), NOW).told == "3 row; ran 59s ago"
    assert rows.of_check(view(message="42 files"), NOW).told == "42 files; ran 59s ago"


def test_a_score_is_told_in_per_cent_as_on_the_page() -> None:
    assert rows.of_check(view(value=0.97, is_score=True), NOW).told.startswith("97 %; ran ")


def test_a_check_whose_last_run_is_too_long_ago_says_so() -> None:
    found = rows.of_check(view("unknown", message="fine", overdue=True), NOW)
    assert found.told == "its last run is too long ago; it was: fine; ran 59s ago"


def test_a_check_that_has_not_run_says_so() -> None:
    found = rows.of_check(CheckView("rows", "unknown", owner="data"), NOW)
    assert found == Row("UNKNOWN", "rows", "it has not run yet; owner data")


def test_an_operation_tells_its_errors_and_how_long_it_takes() -> None:
    found = rows.of_operation(
        OperationView(
            "payment",
            300,
            6,
            1.5,
            max_error_ratio=0.01,
            max_p95=2.0,
            reasons={"declined": 5, "TimeoutError": 1},
            owner="billing",
        )
    )
    assert found == Row(
        "failing",
        "payment",
        "2 % of 300 failed (at most 1 %): declined 5, TimeoutError 1; p95 1.5s (at most 2s); in 10m;"
        " owner billing",
    )


def test_an_operation_with_few_runs_is_not_judged() -> None:
    found = rows.of_operation(OperationView("payment", 3, 3, None, max_error_ratio=0.0))
    assert found == Row("ok", "payment", "100 % of 3 failed; not judged below 20 runs; in 10m")
    assert rows.of_operation(OperationView("payment")).told == "no run in 10m"


def test_a_quota_is_a_gauge_with_when_it_is_empty() -> None:
    found = rows.of_quota(QuotaView("crm", 120, 90, 3_600, 840.0))
    told = "███████████████░░░░░ 90 of 120, 30 left in 1h; empty in 14m"
    assert found == Row("OK", "crm", told)


def test_a_quota_that_is_used_up_says_whose_it_is() -> None:
    found = rows.of_quota(QuotaView("crm", 120, 130, 3_600, 0.0, owner="data"))
    assert found == Row(
        "CRITICAL", "crm", "████████████████████ 130 of 120, 0 left in 1h; empty; owner data"
    )


def test_a_value_with_an_upper_limit_is_a_gauge_that_goes_on_as_it_went() -> None:
    limits = (Limit("warning", "upper", 96.0), Limit("critical", "upper", 120.0))
    calls = view(value=90.0, unit="{call}", limits=limits)
    told = "███████████████░░░░░ 90 call of 120 call, 30 call left"
    assert rows.of_budget(calls, ()) == Row("OK", "rows", told)
    measured = [(NOW - 60, 80.0), (NOW, 90.0)]
    assert rows.of_budget(calls, measured) == Row("OK", "rows", f"{told}; empty in 3m")


@pytest.mark.parametrize(
    "limits", [(), (Limit("critical", "upper", 1.0),), (Limit("critical", "lower", 5.0),)]
)
def test_what_may_not_be_at_all_and_what_may_not_be_less_is_no_budget(
    limits: tuple[Limit, ...],
) -> None:
    assert rows.of_budget(view(value=0.5, limits=limits), ()) is None


def test_what_measured_nothing_is_neither_a_budget_nor_a_count() -> None:
    silent = view("unknown", unit="{call}", limits=(Limit("critical", "upper", 120.0),))
    assert rows.of_budget(silent, ()) is None
    assert rows.of_count(silent, [(NOW - 60, 1.0), (NOW, 3.0)]) is None


def test_a_count_is_told_with_its_trend_and_its_change() -> None:
    count = view(value=3_200_000.0, unit="{row}")
    measured = [(NOW - 7_200, 5_200_000.0), (NOW - 3_600, 5_200_000.0), (NOW, 3_200_000.0)]
    assert rows.of_count(count, measured) == Row("OK", "rows", "3200000 row  ██▁  -2000000 in 2h")
    assert rows.of_count(count, measured[2:]) == Row("OK", "rows", "3200000 row")
    assert rows.of_count(count, measured[:2]) == Row("OK", "rows", "3200000 row  ▁▁  +0 in 1h")


@pytest.mark.parametrize("unit", ["", "1", "By", "s", "%"])
def test_what_is_no_count_has_no_change(unit: str) -> None:
    assert rows.of_count(view(value=3.0, unit=unit), [(NOW - 60, 1.0), (NOW, 3.0)]) is None


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("By", 2_048.0, "2.0 KiB"),
        ("s", 90.0, "1m30s"),
        ("s", -5.0, "-5s"),
        ("s", float("inf"), "inf s"),
        ("%", 7.5, "7.5 %"),
    ],
)
def test_an_amount_is_told_in_its_unit(unit: str, value: float, told: str) -> None:
    assert rows.amount(value, unit) == told


def test_errors_are_counted_and_the_newest_told() -> None:
    errors = [ErrorView(NOW - 12 - n, "KeyError", f"no {n}", "/orders", f"r{n}") for n in range(7)]
    first, second, *others = rows.of_errors(errors, NOW)
    assert first == Row("", "all", "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  7 in the last 1h")
    assert second == Row("12s ago", "KeyError", "no 0; in /orders; request r0")
    assert len(others) == 4
    assert list(rows.of_errors([], NOW)) == []


def test_a_silence_is_told_with_its_end() -> None:
    found = rows.of_silence(Silence("rows", NOW + 60, "we mend it", "ada", NOW), NOW)
    assert found == Row("1m left", "rows", "we mend it; by ada")


def test_a_process_tells_what_it_has_dropped_and_what_it_does_not_reach() -> None:
    ledger = {"logs": {"accepted": 9, "dropped": {"queue_full": 3, "rejected": 1}}, "traces": {}}
    process = ProcessView(
        7, "i-1", NOW - 60, NOW, "1.4", ledger, {"logs": {"reached": False}, "traces": {}}
    )
    assert rows.of_process(process, NOW) == Row(
        "dropped",
        "pid 7",
        "4 logs dropped (queue_full, rejected); logs do not reach their receiver; release 1.4; for 1m",
    )
    assert rows.of_process(ProcessView(8, "i-2", NOW - 60, NOW), NOW) == Row(
        "ok", "pid 8", "nothing dropped; for 1m"
    )


def test_a_process_whose_receiver_is_away_has_dropped_nothing_yet() -> None:
    away = ProcessView(7, "i-1", NOW - 60, NOW, exporters={"logs": {"reached": False}})
    assert rows.of_process(away, NOW) == Row(
        "not sent", "pid 7", "logs do not reach their receiver; nothing dropped; for 1m"
    )


def test_what_a_process_tells_in_another_shape_is_left_out() -> None:
    strange = ProcessView(7, "i-1", NOW - 60, NOW, "", {"pid": 7}, {"logs": 7})
    assert rows.of_process(strange, NOW) == Row("ok", "pid 7", "nothing dropped; for 1m")


BELL = "\x1b[2J\nboo"
SILENCE = Silence("rows", NOW + 60, BELL, BELL, NOW)
SAID = [
    rows.of_check(view("critical", message=BELL, since=NOW), NOW),
    rows.of_check(view(message=BELL), NOW),
    rows.of_check(view(value=3.0, unit=BELL), NOW),
    rows.of_check(CheckView("rows", "unknown", owner=BELL), NOW),
    rows.of_check(view(silence=SILENCE), NOW),
    rows.of_operation(OperationView("payment", 3, 3, reasons={BELL: 3})),
    *rows.of_errors([ErrorView(NOW, BELL, BELL, BELL, "r-1")], NOW),
    rows.of_silence(SILENCE, NOW),
    rows.of_process(ProcessView(7, "i-1", NOW, NOW, BELL), NOW),
]


def test_what_others_say_steers_no_terminal() -> None:
    told = [text for row in SAID for text in row]
    assert [text for text in told if not text.isprintable()] == []
    assert sum(text.count("\\x1b[2J\\nboo") for text in told) == 12


def test_the_whole_is_told_in_a_few_words() -> None:
    standing = lateness.judge((), NOW)
    checks = [view("critical"), view("ok"), view("ok")]
    overview = Overview("shop", "", NOW, "unhealthy", checks, [JobView("sync", standing)])
    assert rows.summary(overview) == "checks: 1 critical, 2 ok  jobs: 1 never"
    assert rows.summary(Overview("shop", "", NOW, "healthy")) == ""


@pytest.mark.parametrize(
    ("host", "row"),
    [
        (
            HostView("web-1", "critical", NOW - 5, 7, 2, 3),
            Row("CRITICAL", "web-1", "2 of 7 checks fail; 3 processes; heard 5s ago"),
        ),
        (
            HostView("web-2", "ok", NOW - 60, 1, 0, 1),
            Row("OK", "web-2", "0 of 1 checks fail; 1 process; heard 1m ago"),
        ),
        (
            HostView("web\x1b[31m", "silent", NOW - 7_200),
            Row("SILENT", "web\\x1b[31m", "heard 2h ago"),
        ),
    ],
)
def test_a_host_says_what_fails_there_and_when_it_was_heard(host: HostView, row: Row) -> None:
    assert rows.of_host(host, NOW) == row


def test_a_summary_counts_hosts_by_how_they_are() -> None:
    found = [HostView("a", "critical", NOW), HostView("b", "ok", NOW), HostView("c", "ok", NOW)]
    told = rows.summary(Overview("shop", "", NOW, "unhealthy", hosts=found))
    assert told == "hosts: 1 critical, 2 ok"
