"""What is unwise in declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obskit import Registry
from obskit.checks.library import http, sql, sqlite, system
from obskit.checks.library.log_folder import PatternCount
from obskit.checks.lint import lint

POSTGRESQL = "postgresql://db/state"


def findings(subject: Any = bool, state_url: str | None = POSTGRESQL, **options: Any) -> list[str]:
    registry = Registry()
    registry.add("a", subject, **{"every": "1m", **options})
    return [f"{each.level}: {each.message}" for each in lint(registry.checks, state_url)]


def test_in_good_declarations_nothing_is_found() -> None:
    assert findings(owner="ops", runbook="https://w", severity="sev1") == []
    assert findings(readiness=True) == []
    assert findings(scope="fleet") == []
    assert findings(system.Disk("/")) == []


def test_each_finding_names_the_check_and_its_place() -> None:
    registry = Registry()
    check = registry.add("rows", bool, every="1m", severity="sev1")
    (found,) = lint(registry.checks)
    assert (found.check, found.place) == ("rows", str(check.place))


def test_a_dependency_that_is_not_declared_is_refused() -> None:
    assert findings(depends_on=["b"]) == [
        "refusal: it depends on 'b', which is not declared: declare it, or remove it there"
    ]


def test_a_circle_is_refused() -> None:
    registry = Registry()
    registry.add("a", bool, every="1m", depends_on=["b"])
    registry.add("b", bool, every="1m", depends_on=["a"])
    assert [(each.level, each.message) for each in lint(registry.checks)] == [
        ("refusal", "it depends on itself: a → b → a"),
        ("refusal", "it depends on itself: b → a → b"),
    ]


@pytest.mark.parametrize("scope", ["host", "fleet"])
def test_readiness_that_one_process_judges_for_others_is_refused(scope: str) -> None:
    (found,) = findings(readiness=True, scope=scope)
    assert found.startswith(
        f"refusal: readiness is asked of each process, and it runs in one process of a {scope}:"
    )


def test_readiness_that_hangs_on_what_is_shared_is_warned_of() -> None:
    (found,) = findings(http.Endpoint("http://api/"), readiness=True)
    assert found.startswith("warning: its subject is shared: when it is down, every process")
    assert findings(system.Disk("/"), readiness=True) == []


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "no owner and no runbook"),
        ({"owner": "ops"}, "no runbook"),
        ({"runbook": "https://w"}, "no owner"),
    ],
)
def test_who_wakes_somebody_must_say_whom_and_what_to_do(
    options: dict[str, str], missing: str
) -> None:
    assert findings(severity="sev1", **options) == [
        (
            f"refusal: it is of sev1 and wakes somebody, and has {missing}: say who acts, and where"
            " it is written what to do"
        )
    ]


def test_a_timeout_longer_than_the_period_is_refused() -> None:
    assert findings(every="5s", timeout="5s") == []
    assert findings(every="5s", timeout="6s") == [
        "refusal: it may take 6s and runs every 5s: give it a timeout of less than its period"
    ]


def test_a_window_of_lines_that_is_no_longer_than_the_period_is_told(tmp_path: Path) -> None:
    registry = Registry()
    registry.add("declined", PatternCount(tmp_path, "declined", window="1h"), every="1h")
    registry.add("often", PatternCount(tmp_path, "declined", window="1h"), every="30m")
    (found,) = lint(registry.checks)
    assert (found.check, found.level) == ("declined", "warning")
    assert found.message.startswith("it looks back 1h and runs every 1h: a run that is late counts")


@pytest.mark.parametrize(
    ("url", "start"),
    [
        (None, "warning: its scope is fleet, and OBSKIT_STATE_URL is not set,"),
        (
            "sqlite:////s",
            "refusal: its scope is fleet, and OBSKIT_STATE_URL is of one host (sqlite),",
        ),
        ("memory:", "refusal: its scope is fleet, and OBSKIT_STATE_URL is of one host (memory),"),
    ],
)
def test_a_fleet_needs_a_store_that_its_hosts_share(url: str | None, start: str) -> None:
    (found,) = findings(state_url=url, scope="fleet")
    assert found.startswith(start)


def test_shared_data_that_each_host_looks_at_is_warned_of() -> None:
    subject = sql.Scalar("sqlite:///shop.db", "select 1")
    (found,) = findings(subject)
    assert found.startswith("warning: it looks at shared data once a host, and a container is a ho")
    assert findings(subject, scope="fleet") == []
    assert findings(subject, state_url="sqlite:////s") == []
    assert findings(sqlite.Size("shop.db")) == []
