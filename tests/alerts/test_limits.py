"""The limits that are recorded for dashboards to show."""

from __future__ import annotations

from datetime import datetime, timezone

from obskit import Registry, above, below, changed, operation, outside
from obskit.alerts.inventory import Inventory
from obskit.alerts.limits import groups
from obskit.alerts.rule import Recording
from obskit.declaration import Judge, Limit, Verdict


def recorded(registry: Registry) -> list[tuple[str, str, dict[str, str]]]:
    """Name, expression and labels beside the service's own of each rule."""
    found = []
    for group in groups(Inventory("shop", "production", registry)):
        assert group.name == "obskit-shop-limits"
        for rule in group.rules:
            assert isinstance(rule, Recording)
            labels = dict(rule.labels)
            assert labels.pop("service_name") == "shop"
            assert labels.pop("deployment_environment_name") == "production"
            found.append((rule.record, rule.expr, labels))
    return found


def of_check(judge: Judge | None) -> list[tuple[str, str, str]]:
    """State, bound and value of each limit of a check."""
    registry = Registry()
    registry.add("rows", lambda: 1, every="1m", judge=judge)
    found = []
    for name, expr, labels in recorded(registry):
        assert name == "obskit:check_value:limit"
        assert labels.pop("obskit_check_name") == "rows"
        found.append((labels.pop("obskit_check_state"), labels.pop("bound"), expr))
        assert labels == {}
    return found


def test_nothing_is_recorded_of_a_service_without_limits() -> None:
    registry = Registry()
    registry.add("rows", lambda: 1, every="1m")
    assert groups(Inventory("shop", "production", registry)) == []


def test_a_number_that_may_not_be_too_large_has_upper_limits() -> None:
    assert of_check(above(warning=1, critical=2.5)) == [
        ("warning", "upper", "vector(1)"),
        ("critical", "upper", "vector(2.5)"),
    ]


def test_a_limit_that_is_not_given_is_not_recorded() -> None:
    assert of_check(above(critical=5)) == [("critical", "upper", "vector(5)")]


def test_a_limit_of_zero_is_one() -> None:
    assert of_check(above(critical=0)) == [("critical", "upper", "vector(0)")]


def test_a_number_that_may_not_be_too_small_has_lower_limits() -> None:
    assert of_check(below(warning=20, critical=5)) == [
        ("warning", "lower", "vector(20)"),
        ("critical", "lower", "vector(5)"),
    ]


def test_a_range_has_limits_on_both_sides() -> None:
    assert of_check(outside(warning=(10, 20), critical=(5, 25))) == [
        ("warning", "lower", "vector(10)"),
        ("critical", "lower", "vector(5)"),
        ("warning", "upper", "vector(20)"),
        ("critical", "upper", "vector(25)"),
    ]


def test_what_is_judged_against_its_own_past_has_none() -> None:
    assert of_check(changed("7d", critical=2.0)) == []


def test_a_judge_of_the_hosts_own_may_tell_its_limits() -> None:
    class Odd:
        limits = (Limit("critical", "upper", 7.0), "no limit")

        def __call__(self, value: float, /) -> Verdict:
            return Verdict("ok", "")

    assert of_check(Odd()) == [("critical", "upper", "vector(7)")]
    assert of_check(lambda value: Verdict("ok", "")) == []


def test_an_instant_has_the_ages_that_it_may_reach() -> None:
    registry = Registry()

    @registry.freshness("sync", every="5m", warning_after="90m", critical_after="2h")
    def sync() -> datetime:
        return datetime.now(timezone.utc)

    of_sync = {"obskit_check_name": "sync", "bound": "upper"}
    assert recorded(registry) == [
        ("obskit:check_value:limit", "vector(5400)", {**of_sync, "obskit_check_state": "warning"}),
        ("obskit:check_value:limit", "vector(7200)", {**of_sync, "obskit_check_state": "critical"}),
    ]


def test_an_operation_has_the_limits_of_its_errors_and_of_its_duration() -> None:
    registry = Registry()
    operation("payment", max_error_ratio=0.01, max_p95="2s", registry=registry)
    operation("search", max_p95="300ms", registry=registry)
    assert recorded(registry) == [
        ("obskit:operation_errors:limit", "vector(0.01)", {"obskit_operation_name": "payment"}),
        ("obskit:operation_p95:limit", "vector(2)", {"obskit_operation_name": "payment"}),
        ("obskit:operation_p95:limit", "vector(0.3)", {"obskit_operation_name": "search"}),
    ]
