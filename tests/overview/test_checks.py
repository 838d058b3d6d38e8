"""Checks as people look at them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from tests.checks.given import check
from tests.overview.given import NOW, run

from obskit import above
from obskit.checks.model import Status
from obskit.declaration import Bands, Check, Limit
from obskit.overview import checks
from obskit.overview.checks import Known
from obskit.overview.model import CheckView
from obskit.registry import Registry
from obskit.state.store import Run, Silence


def views(*declared: Check, **known: Any) -> list[CheckView]:
    """What is shown of checks, of which so much is known."""
    found = Known(NOW, **known)
    return checks.views(checks.found(declared, found), found)


def view(declared: Check, latest: Run) -> CheckView:
    (only,) = views(declared, latest={declared.name: latest})
    return only


def test_a_check_that_has_not_run_is_unknown() -> None:
    (rows,) = views(check("rows", owner="data", runbook="https://wiki/rows", description="Rows."))
    assert (rows.status, rows.latest, rows.overdue) == ("unknown", None, False)
    assert (rows.owner, rows.runbook, rows.description) == ("data", "https://wiki/rows", "Rows.")
    assert rows.next_run is None


def test_what_is_silenced_comes_after_what_is_as_bad_and_is_not() -> None:
    known = {name: run(name, "critical") for name in ("a", "b", "c")}
    silences = {"a": Silence("a", NOW + 60, "we mend it", "ada", NOW)}
    found = views(*map(check, known), latest={**known, "c": run("c")}, silences=silences)
    assert [each.name for each in found] == ["b", "a", "c"]


def test_a_check_stands_as_its_latest_run_counts() -> None:
    latest = run("rows", "critical", value=3.0, unit="{row}", damped="ok")
    rows = view(check("rows"), latest)
    assert (rows.status, rows.latest, rows.unit) == ("ok", latest, "{row}")


def test_a_result_is_unknown_after_two_periods_and_the_time_out() -> None:
    declared = check("rows", every="1m", timeout="10s")
    assert view(declared, run(ago=130.5)).overdue is False
    old = view(declared, run(ago=130.6))
    assert (old.status, old.overdue) == ("unknown", True)
    result = checks.result(declared, run(ago=131.5), NOW)
    assert result is not None
    assert (result.status, result.message) == (
        Status.UNKNOWN,
        "its last result is 131 s old; it runs every 1m",
    )


def test_a_status_that_only_a_newer_release_knows_is_unknown() -> None:
    assert view(check("rows"), run(status="paused")).status == "unknown"


def test_what_is_worst_comes_first_and_what_is_silenced_after_its_equals() -> None:
    statuses = {
        "a-ok": "ok",
        "b-warns": "warning",
        "c-critical": "critical",
        "d-skipped": "skipped",
        "e-unknown": "unknown",
        "f-critical": "critical",
        "g-silenced": "critical",
    }
    declared = [
        check(name, severity="sev1" if name == "f-critical" else "sev2") for name in statuses
    ]
    silence = Silence("g-silenced", NOW + 60, "we mend it", "ada", NOW)
    latest = {name: run(name, status) for name, status in statuses.items()}
    shown = views(*declared, latest=latest, silences={"g-silenced": silence})
    assert [each.name for each in shown] == [
        "f-critical",
        "c-critical",
        "g-silenced",
        "e-unknown",
        "b-warns",
        "d-skipped",
        "a-ok",
    ]
    assert shown[2].silence == silence


def test_history_is_told_the_oldest_first() -> None:
    newest, older = run(ago=60), run(ago=120)
    (rows,) = views(check("rows"), latest={"rows": newest}, recent={"rows": [newest, older]})
    assert rows.history == (older, newest)


def test_a_value_is_shown_with_the_limits_of_its_judge() -> None:
    rows = view(check("rows", judge=above(warning=1, critical=5), unit="{row}"), run(value=2.0))
    assert rows.limits == (Limit("warning", "upper", 1.0), Limit("critical", "upper", 5.0))
    assert rows.unit == "{row}"


def test_a_score_is_shown_by_its_word() -> None:
    declared = replace(
        check("names"), bands=Bands(), group="participants", dimension="completeness"
    )
    shown = view(declared, run("names", value=0.9))
    assert (shown.is_score, shown.score) == (True, "Good")
    assert (shown.group, shown.dimension) == ("participants", "completeness")
    assert view(declared, run("names", "unknown")).score == ""


def test_a_freshness_is_shown_with_the_moments_at_which_it_turns() -> None:
    registry = Registry()

    @registry.freshness("sync", every="5m", warning_after="90m", critical_after="2h")
    def sync() -> datetime:
        return datetime.now(timezone.utc)

    # At the end of the run, 59.5 s ago, it was an hour old.
    shown = view(registry.checks["sync"], run("sync", value=3600.0))
    assert shown.warning_at == NOW - 59.5 - 3600 + 5400
    assert shown.critical_at == NOW - 59.5 - 3600 + 7200
    assert view(registry.checks["sync"], run("sync", "critical")).warning_at is None


@pytest.mark.parametrize(
    ("options", "words", "next_run"),
    [
        ({"every": "5m"}, "every 5m", NOW + 240),
        ({"every": "1s", "timeout": "1h"}, "every 1s", NOW),
        # 2023-11-14T22:13:20Z
        (
            {"every": None, "cron": "0 3 * * *", "timezone": "UTC"},
            "at 0 3 * * * UTC",
            1_700_017_200.0,
        ),
        ({"every": None, "on": "job:import"}, "after job:import", None),
    ],
)
def test_it_is_said_when_a_check_runs_and_when_next(
    options: dict[str, Any], words: str, next_run: float | None
) -> None:
    shown = view(check("rows", **options), run())
    assert (shown.schedule, shown.next_run) == (words, next_run)
