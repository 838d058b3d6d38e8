"""What probes are told, from the latest results."""

from __future__ import annotations

import pytest
from tests.checks.given import check

from obskit import CheckResult, Registry, Status
from obskit.capture import StillClock
from obskit.checks.health import health, livez, overall_health, readyz
from obskit.checks.results import Results

OK, WARNING, CRITICAL, UNKNOWN, SKIPPED = Status


class Bench:
    def __init__(self) -> None:
        self.clock = StillClock()
        self.registry = Registry()
        self.results = Results(self.clock)

    def add(
        self, name: str, status: Status | None, severity: str = "sev2", **options: bool
    ) -> None:
        self.registry.add(
            name,
            lambda: None,
            every="1m",
            severity=severity,  # type: ignore[arg-type]
            readiness=options.get("readiness", False),
        )
        if status is not None:
            self.results.record(name, CheckResult(status, "a secret"))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("found", "overall"),
    [
        ([], "healthy"),
        ([("sev1", OK)], "healthy"),
        ([("sev1", SKIPPED)], "healthy"),
        ([("sev3", WARNING)], "degraded"),
        ([("sev1", WARNING)], "degraded"),
        ([("sev1", UNKNOWN)], "degraded"),
        ([("sev3", CRITICAL)], "degraded"),
        ([("sev2", CRITICAL)], "unhealthy"),
        ([("sev1", CRITICAL)], "unhealthy"),
        ([("sev3", CRITICAL), ("sev1", OK), ("sev2", WARNING)], "degraded"),
        ([("sev3", CRITICAL), ("sev2", CRITICAL)], "unhealthy"),
        ([("sev1", WARNING), ("sev2", CRITICAL)], "unhealthy"),
    ],
)
def test_the_state_of_the_whole_follows_from_status_and_severity(
    found: list[tuple[str, Status]], overall: str
) -> None:
    pairs = [(check(severity=severity), CheckResult(status)) for severity, status in found]
    assert overall_health(pairs) == overall


def test_a_process_that_answers_is_alive() -> None:
    assert livez() == (200, {"status": "alive"})


def test_without_readiness_checks_a_process_is_ready(bench: Bench) -> None:
    bench.add("other", CRITICAL, "sev1")
    assert readyz(bench.registry, bench.results) == (200, {"status": "ready", "checks": {}})


@pytest.mark.parametrize(
    ("status", "ready"),
    [(OK, True), (WARNING, True), (CRITICAL, False), (UNKNOWN, False), (SKIPPED, False)],
)
def test_readiness_follows_from_its_checks(bench: Bench, status: Status, ready: bool) -> None:
    bench.add("fine", OK, readiness=True)
    bench.add("database", status, "sev3", readiness=True)
    bench.clock.advance(1.26)
    assert readyz(bench.registry, bench.results) == (
        200 if ready else 503,
        {
            "status": "ready" if ready else "not_ready",
            "checks": {
                "fine": {"status": "ok", "age_seconds": 1.3},
                "database": {"status": status.value, "age_seconds": 1.3},
            },
        },
    )


def test_before_its_checks_have_run_a_process_is_not_ready(bench: Bench) -> None:
    bench.add("database", None, readiness=True)
    assert readyz(bench.registry, bench.results) == (
        503,
        {"status": "not_ready", "checks": {"database": {"status": "not_run"}}},
    )


def test_a_result_that_is_too_old_makes_nothing_ready(bench: Bench) -> None:
    bench.add("database", OK, readiness=True)
    bench.clock.advance(131)
    assert readyz(bench.registry, bench.results) == (
        503,
        {
            "status": "not_ready",
            "checks": {"database": {"status": "unknown", "age_seconds": 131.0}},
        },
    )


def test_health_tells_of_every_check_and_shows_no_message(bench: Bench) -> None:
    bench.add("database", OK, "sev1", readiness=True)
    bench.add("mail", CRITICAL, "sev3")
    bench.add("late", None, "sev1")
    assert health(bench.registry, bench.results) == (
        200,
        {
            "status": "degraded",
            "checks": {
                "database": {"status": "ok", "age_seconds": 0.0},
                "mail": {"status": "critical", "age_seconds": 0.0},
                "late": {"status": "not_run"},
            },
        },
    )


@pytest.mark.parametrize(("severity", "code"), [("sev1", 503), ("sev2", 503), ("sev3", 200)])
def test_only_an_unhealthy_service_is_unavailable(bench: Bench, severity: str, code: int) -> None:
    bench.add("mail", CRITICAL, severity)
    assert health(bench.registry, bench.results)[0] == code


def test_what_has_not_run_is_not_called_healthy(bench: Bench) -> None:
    bench.add("database", OK)
    bench.add("late", None)
    assert health(bench.registry, bench.results)[1]["status"] == "degraded"


def test_health_of_nothing_is_healthy(bench: Bench) -> None:
    assert health(bench.registry, bench.results) == (200, {"status": "healthy", "checks": {}})
