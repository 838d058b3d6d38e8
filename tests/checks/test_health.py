"""What probes are told, from the latest results."""

from __future__ import annotations

import pytest
from tests.checks.given import check

from obskit import CheckResult, Registry, Status, outside
from obskit.capture import StillClock
from obskit.checks.health import health, livez, overall_health, readyz
from obskit.checks.model import nothing_to_do
from obskit.checks.results import Results

OK, WARNING, CRITICAL, UNKNOWN, SKIPPED = Status
BEGINNING = "2026-01-01T00:00:00.000000Z"


def shown(status: str, age: float, severity: str = "sev2", **facts: object) -> dict[str, object]:
    """What is told of a check whose run has said "a secret"."""
    return {
        "status": status,
        "age_seconds": age,
        "response_time_seconds": 0.0,
        "since": BEGINNING,
        "message": "a secret",
        "severity": severity,
        **facts,
    }


class Bench:
    def __init__(self) -> None:
        self.clock = StillClock()
        self.registry = Registry()
        self.results = Results(self.clock)

    def add(
        self, name: str, status: Status | None, severity: str = "sev2", **options: bool
    ) -> None:
        check = self.registry.add(
            name,
            lambda: None,
            every="1m",
            severity=severity,  # type: ignore[arg-type]
            readiness=options.get("readiness", False),
        )
        if status is not None:
            self.results.record(check, CheckResult(status, "a secret"))


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
                "fine": shown("ok", 1.3),
                "database": shown(status.value, 1.3, "sev3"),
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
            "checks": {
                "database": shown(
                    "unknown", 131.0, message="its last result is 131 s old; it runs every 1m"
                )
            },
        },
    )


def test_health_tells_of_every_check(bench: Bench) -> None:
    bench.add("database", OK, "sev1", readiness=True)
    bench.add("mail", CRITICAL, "sev3")
    bench.add("late", None, "sev1")
    assert health(bench.registry, bench.results) == (
        200,
        {
            "status": "degraded",
            "checks": {
                "database": shown("ok", 0.0, "sev1"),
                "mail": shown("critical", 0.0, "sev3"),
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


def test_what_a_declaration_and_a_result_say_is_told(bench: Bench) -> None:
    check = bench.registry.add(
        "rows",
        lambda: None,
        every="1m",
        unit="{row}",
        group="database",
        owner="data",
        runbook="https://wiki/rows",
        judge=outside(warning=(1, 9), critical=(0, 20)),
        failures_before_alert=2,
    )
    result = CheckResult(WARNING, "7 rows", 7, "{row}", duration=0.25)
    bench.results.record(check, result)
    assert health(bench.registry, bench.results)[1]["checks"] == {
        "rows": shown(
            "ok",
            0.0,
            raw_status="warning",
            response_time_seconds=0.25,
            message="7 rows",
            value=7.0,
            unit="{row}",
            limits=[
                {"state": "warning", "bound": "lower", "value": 1},
                {"state": "critical", "bound": "lower", "value": 0},
                {"state": "warning", "bound": "upper", "value": 9},
                {"state": "critical", "bound": "upper", "value": 20},
            ],
            group="database",
            owner="data",
            runbook="https://wiki/rows",
        )
    }
    bench.results.record(check, nothing_to_do("no rows"))
    told = health(bench.registry, bench.results)[1]["checks"]["rows"]
    assert (told["status"], told["message"], told["nothing_to_do"]) == ("ok", "no rows", True)


def test_of_what_is_too_much_for_every_probe_only_a_full_one_is_told(bench: Bench) -> None:
    bench.add("database", OK)
    check = bench.registry.add("rows", lambda: None, every="1m", tags=["full"])
    bench.results.record(check, CheckResult(CRITICAL))
    code, body = health(bench.registry, bench.results)
    assert (code, body["status"], list(body["checks"])) == (200, "healthy", ["database"])
    code, body = health(bench.registry, bench.results, wanted=lambda _: True)
    assert (code, body["status"]) == (200, "healthy")
    assert list(body["checks"]) == ["database", "rows"]


def test_the_status_of_http_of_a_degraded_service_can_be_chosen(bench: Bench) -> None:
    bench.add("mail", CRITICAL, "sev3")
    assert health(bench.registry, bench.results, degraded=218)[0] == 218


def test_scores_are_told_for_each_group_and_for_the_whole(bench: Bench) -> None:
    for name, group, share in (
        ("names", "events", 0.9),
        ("hours", "events", 0.7),
        ("mail", "users", 1),
    ):
        check = bench.registry.add(name, lambda: None, every="1m", score=True, group=group)
        bench.results.record(check, CheckResult.ok(value=share))
    bench.add("database", OK)
    assert health(bench.registry, bench.results)[1]["scores"] == {
        "overall": 0.9,
        "events": 0.8,
        "users": 1.0,
    }
