"""How a service is, from what `/health` answers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.overview.given import NOW

from obskit import above
from obskit.checks.health import health
from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Results
from obskit.clock import to_rfc3339
from obskit.declaration import Limit
from obskit.overview.health_answer import overview
from obskit.registry import Registry


class Still:
    """A clock that stands still."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 500.0


def answer(**checks: Any) -> dict[str, Any]:
    return {"status": "degraded", "service": "shop", "environment": "test", "checks": checks}


def test_what_health_answers_is_read() -> None:
    registry = Registry()
    registry.add("rows", lambda: 3, every="1m", owner="data", severity="sev1", group="tables")
    registry.add("new", lambda: 3, every="1m")
    results = Results(Still())
    found = CheckResult(Status.CRITICAL, "too many", 7.0, "{row}")
    results.record(registry.checks["rows"], found)
    _, body = health(registry, results)
    told = overview({**body, "service": "shop", "environment": "production"}, NOW)
    assert (told.service, told.environment, told.now) == ("shop", "production", NOW)
    assert (told.health, told.problems) == ("unhealthy", ())
    rows, new = told.checks
    assert (rows.name, rows.status, rows.owner, rows.severity) == (
        "rows",
        "critical",
        "data",
        "sev1",
    )
    assert (rows.group, rows.unit) == ("tables", "{row}")
    assert rows.latest is not None
    assert (rows.latest.message, rows.latest.value) == ("too many", 7.0)
    assert (rows.latest.started, rows.latest.since) == (NOW, NOW)
    assert (new.name, new.status, new.latest) == ("new", "unknown", None)


def test_limits_are_read_as_health_tells_them() -> None:
    registry, results = Registry(), Results(Still())
    registry.add("rows", lambda: 3, every="1m", judge=above(warning=1, critical=5))
    results.record(registry.checks["rows"], CheckResult(Status.OK, value=0.0))
    _, body = health(registry, results)
    (rows,) = overview(body, NOW).checks
    assert rows.limits == (Limit("warning", "upper", 1.0), Limit("critical", "upper", 5.0))


@pytest.mark.parametrize(
    "limits",
    [
        "many",
        7,
        {"state": "warning", "bound": "upper", "value": 1},
        ["warning"],
        [{"state": [], "bound": "upper", "value": 1}],
        [{"state": "warning", "bound": "sideways", "value": 1}],
        [{"state": "warning", "bound": "upper", "value": "1"}],
        [{"state": "warning", "bound": "upper"}],
    ],
)
def test_limits_that_make_no_sense_are_passed_over(limits: object) -> None:
    (rows,) = overview(answer(rows={"status": "ok", "limits": limits}), NOW).checks
    assert (rows.status, rows.limits) == ("ok", ())


def test_a_stranger_learns_the_health_alone_and_is_told_so() -> None:
    told = overview({"status": "unhealthy"}, NOW)
    assert (told.health, told.checks) == ("unhealthy", [])
    assert told.problems == (
        "it tells its status alone, as it tells strangers: its token is missing or wrong",
    )


def test_moments_are_by_our_clock() -> None:
    """The other clock is an hour ahead."""
    facts = {"status": "ok", "age_seconds": 10, "response_time_seconds": 2}
    facts["since"] = to_rfc3339(NOW + 3_600 - 90)
    told = overview({**answer(rows=facts), "timestamp": to_rfc3339(NOW + 3_600)}, NOW)
    run = told.checks[0].latest
    assert run is not None
    assert (run.started, run.duration, run.since) == (NOW - 12, 2, NOW - 90)


def test_nothing_is_known_since_a_moment_that_has_yet_to_come() -> None:
    facts = {"status": "ok", "since": to_rfc3339(NOW + 90)}
    run = overview(answer(rows=facts), NOW).checks[0].latest
    assert run is not None
    assert run.since == NOW


@pytest.mark.parametrize("value", [True, float("inf"), float("nan"), "7", None])
def test_a_value_that_is_no_number_is_none(value: object) -> None:
    run = overview(answer(rows={"status": "ok", "value": value}), NOW).checks[0].latest
    assert run is not None
    assert run.value is None


def test_what_is_worst_comes_first() -> None:
    states = {"b": "ok", "a": "ok", "c": "warning", "d": "critical", "e": "unknown"}
    told = overview(answer(**{name: {"status": state} for name, state in states.items()}), NOW)
    assert [each.name for each in told.checks] == ["d", "e", "c", "a", "b"]


def test_scores_are_told() -> None:
    told = overview({**answer(), "scores": {"overall": 0.5, "people": 0.75}}, NOW)
    assert told.scores == {"": 0.5, "people": 0.75}


def test_what_a_newer_release_says_is_unknown() -> None:
    facts = {"status": "wobbly", "severity": "sev9", "value": "three", "message": 7, "since": 1}
    (check,) = overview({**answer(rows=facts), "scores": [1]}, NOW).checks
    assert (check.status, check.severity) == ("unknown", "sev2")
    assert check.latest is not None
    assert (check.latest.value, check.latest.message) == (None, "")


@pytest.mark.parametrize("given", [None, [], "ok", {}, {"status": "alive"}, {"status": ["ok"]}])
def test_what_is_no_answer_of_health_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="no answer of /health"):
        overview(given, NOW)


@pytest.mark.parametrize("checks", [[], {"rows": "ok"}, {"rows": None}])
def test_checks_of_another_shape_are_refused(checks: object) -> None:
    with pytest.raises(ValueError):
        overview({"status": "healthy", "checks": checks}, NOW)
