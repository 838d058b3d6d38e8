"""The rules of operations and quotas, as they are written and as Prometheus follows them."""

from __future__ import annotations

from pathlib import Path

from obskit import Registry, operation, quota
from obskit.alerts.generated import rules_of
from obskit.alerts.operations import groups
from obskit.alerts.rule import Group

from .promtool import fired, needs_promtool, prove, refusal, write
from .written import alerts, expected, inventory, recordings, written

COUNT = "obskit_operation_duration_seconds_count"


def of_one(**options: object) -> list[Group]:
    """The rules of one operation."""
    registry = Registry()
    operation("payment", **options, registry=registry)  # type: ignore[arg-type]
    return groups(inventory(registry))


def names_of(found: list[Group]) -> list[str]:
    return [alert.name for alert in alerts(found)]


def test_the_rules_of_an_operation_and_a_quota_are_these() -> None:
    registry = Registry()
    operation(
        "payment",
        max_error_ratio=0.01,
        max_p95="2s",
        severity="sev1",
        owner="shop",
        description="Take money.",
        registry=registry,
    )
    quota("maps", limit=120, per="1h", registry=registry)
    assert written(groups(inventory(registry))) == expected("operations")


def test_nothing_is_generated_of_nothing() -> None:
    assert groups(inventory()) == []


def test_an_operation_is_judged_by_what_it_promises() -> None:
    assert names_of(of_one()) == ["ProviderRefuses"]
    assert names_of(of_one(max_error_ratio=0.0)) == ["OperationErrors", "ProviderRefuses"]
    assert names_of(of_one(max_p95="2s")) == ["OperationSlow", "ProviderRefuses"]


def test_what_can_never_be_broken_is_no_rule() -> None:
    """More than all runs never fail, and a histogram tells nothing beyond five minutes."""
    assert names_of(of_one(max_error_ratio=1.0, max_p95="5m")) == ["ProviderRefuses"]
    assert names_of(of_one(max_p95="4m59s")) == ["OperationSlow", "ProviderRefuses"]


def test_a_window_holds_four_exports_at_least() -> None:
    runs, *_ = recordings(of_one(max_error_ratio=0.1, window="1m"))
    assert "[4m]" in runs.expr
    assert "[1m]" not in runs.expr


def test_a_runbook_of_its_own_is_named() -> None:
    alert, *_ = alerts(of_one(max_p95="1s", runbook="https://wiki/pay"))
    assert alert.annotations["runbook_url"] == "https://wiki/pay"


def test_each_quota_is_told_of_when_it_is_nearly_and_when_it_is_wholly_used_up() -> None:
    registry = Registry()
    quota("maps", limit=10, per="1h", warn_at=0.5, registry=registry)
    found = [
        (alert.name, alert.expr.splitlines()[-1]) for alert in alerts(groups(inventory(registry)))
    ]
    assert found[:2] == [("QuotaNearLimit", ">= 0.5"), ("QuotaUsedUp", ">= 1")]


def test_the_alerts_of_a_quota_go_to_its_owner_and_name_its_runbook() -> None:
    registry = Registry()
    quota(
        "maps",
        limit=10,
        per="1h",
        severity="sev1",
        owner="geo",
        runbook="https://wiki/maps",
        registry=registry,
    )
    near, used_up, _ = alerts(groups(inventory(registry)))
    assert [(each.labels["severity"], each.labels["owner"]) for each in (near, used_up)] == [
        ("warning", "geo"),
        ("critical", "geo"),
    ]
    assert near.annotations["runbook_url"] == "https://wiki/maps"
    assert used_up.annotations["runbook_url"] == "https://wiki/maps"


@needs_promtool
def test_prometheus_follows_the_rules_through_every_past(tmp_path: Path) -> None:
    registry = Registry()
    operation("payment", max_error_ratio=0.01, max_p95="2s", registry=registry)
    operation("login", max_error_ratio=0.9, window="1m", min_runs=1, registry=registry)
    operation("order", max_error_ratio=0.5, window="4m", registry=registry)
    operation("search", max_p95="1ms", min_runs=5, registry=registry)
    operation("report", max_p95="4m", min_runs=1, registry=registry)
    quota("maps", limit=120, per="1h", registry=registry)
    files = rules_of(inventory(registry), "operations")
    assert prove(files, tmp_path) == 3


@needs_promtool
def test_rules_of_several_operations_are_not_taken_for_one_twice(tmp_path: Path) -> None:
    registry = Registry()
    for name in ("payment", "login"):
        operation(name, max_error_ratio=0.01, registry=registry)
    files = rules_of(inventory(registry), "operations")
    rules = [path for path in write(files, tmp_path) if path.parent.name == "rules"]
    assert refusal("check", "rules", "--lint-fatal", *rules) == ""


def told(tmp_path: Path, runs: dict[str, str], minutes: int, **options: object) -> set[str]:
    """The alerts of an operation of which half may fail, so many minutes after the beginning.

    Args:
        tmp_path: Where files are written.
        runs: The counters, by outcome.
        minutes: When it is looked.
        **options: Of the operation.
    """
    series = {
        inventory().series(
            COUNT,
            obskit_operation_name="payment",
            obskit_operation_outcome=outcome.partition(" ")[0],
            instance=outcome,
        ): values
        for outcome, values in runs.items()
    }
    found = of_one(**{"max_error_ratio": 0.5, "min_runs": 10, "window": "5m", **options})
    return fired(found, series, tmp_path, minutes)


@needs_promtool
def test_half_of_the_runs_may_fail_where_half_may(tmp_path: Path) -> None:
    assert told(tmp_path, {"ok": "0+10x30", "failed": "0+10x30"}, 20) == set()
    assert told(tmp_path, {"ok": "0+10x30", "failed": "0+11x30"}, 20) == {"OperationErrors"}


@needs_promtool
def test_fewer_runs_than_count_are_not_judged(tmp_path: Path) -> None:
    assert told(tmp_path, {"failed": "0+1.8x30"}, 20) == set()
    assert told(tmp_path, {"failed": "0+2x30"}, 20) == {"OperationErrors"}


@needs_promtool
def test_the_first_failure_is_seen_though_its_series_begins_with_it(tmp_path: Path) -> None:
    """What is scraped has no point at 0."""
    assert told(tmp_path, {"failed": "_x20 1x30"}, 20, min_runs=1) == {"OperationErrors"}


@needs_promtool
def test_runs_of_long_ago_are_not_those_of_now_where_there_was_a_gap(tmp_path: Path) -> None:
    """A process that was not heard of for a while counts on."""
    counted = {"failed": "900x20 _x12 900x30", "ok": "0x20 _x12 0+20x30"}
    assert told(tmp_path, counted, 34) == set()
    assert told(tmp_path, counted, 45) == set()


@needs_promtool
def test_what_a_process_counted_that_is_gone_counts_in_the_window(tmp_path: Path) -> None:
    """The old one failed, the new one has done too little to tell."""
    counted = {"failed old": "0x10 0+20x5 stale", "ok new": "_x17 1x30"}
    assert told(tmp_path, counted, 18) == {"OperationErrors"}


@needs_promtool
def test_what_a_series_began_with_counts_as_long_as_it_is_in_the_window(tmp_path: Path) -> None:
    assert told(tmp_path, {"failed": "_x20 3 6x30"}, 20, min_runs=6) == set()
    assert told(tmp_path, {"failed": "_x20 3 6x30"}, 21, min_runs=6) == {"OperationErrors"}
    # Nor more than there was: `increase` would guess what came before the first point.
    assert told(tmp_path, {"failed": "_x20 3 6x30"}, 22, min_runs=7) == set()
