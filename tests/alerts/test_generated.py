"""All rules together: of whatever is declared, they are well-formed and mind their names."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit import Registry, job, names, operation
from obskit.alerts import rule_file, runbooks
from obskit.alerts.generated import MAKERS, SHARED, alert_rules, rules_of
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import label, metric
from obskit.alerts.rule import Group, Recording
from obskit.alerts.runbooks import RUNBOOKS
from obskit.alerts.yaml_text import dump
from obskit.objectives import slo

from . import test_fleet, test_hosts, test_telemetry
from .promtool import needs_promtool, refusal, write
from .written import alerts, inventory, kept, selectors

OURS = {
    metric(one, part)
    for one in names.METRICS
    for part in (("count", "sum", "bucket") if one.kind == "histogram" else ("",))
}
# What collector and Prometheus name, and what rules themselves add.
ELSEWHERE = test_telemetry.SHOWN | test_fleet.SHOWN | test_hosts.SHOWN
BOUNDED = {
    *map(
        label,
        (
            names.SERVICE_NAME,
            names.DEPLOYMENT_ENVIRONMENT_NAME,
            names.HOST_NAME,
            names.HTTP_ROUTE,
            names.HTTP_RESPONSE_STATUS_CODE,
            names.ERROR_TYPE,
            names.SIGNAL,
            names.METRIC_OVERFLOW,
            names.DRILL,
            names.CHECK_NAME,
            names.CHECK_STATE,
            names.JOB_NAME,
            names.JOB_STATE,
            names.JOB_OUTCOME,
            names.OPERATION_NAME,
            names.OPERATION_OUTCOME,
            names.QUOTA_NAME,
            names.SERVER_ADDRESS,
        ),
    ),
    *("job", "instance", "le", "window", "objective", "promise", "metric", "signal", "quantile"),
    *("exporter", "receiver", "device", "mountpoint", "mode", "state", "server", "datname"),
    *("topic", "partition", "service"),
}

_NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
_ROUTES = st.from_regex(r"/[a-zA-Z0-9_<>:{}\\\"'|.*+?\[\]()^$/ -]{0,30}", fullmatch=True)
_CHECKS = st.fixed_dictionaries(
    {"every": st.sampled_from(["1s", "1m", "7h", "6d"])},
    optional={
        "severity": st.sampled_from(["sev1", "sev2", "sev3"]),
        "owner": st.text(max_size=20),
        "description": st.text(max_size=40),
        "unit": st.sampled_from(["", "s", "By", "1", "{row}"]),
    },
)


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    """Some of everything that can be declared."""
    registry = Registry()
    for name, options in draw(st.dictionaries(_NAMES, _CHECKS, max_size=3)).items():
        registry.add(name, lambda: None, **options)  # type: ignore[arg-type]
    for name in draw(st.sets(_NAMES, max_size=2)):
        operation(name, max_error_ratio=0.01, max_p95="2s", registry=registry)
    for name in draw(st.sets(_NAMES, max_size=2)):
        job(name, expect_every="24h", max_runtime="1h", registry=registry)
    for route in draw(st.sets(st.none() | _ROUTES, max_size=2)):
        limit = draw(st.sampled_from(["5ms", "20ms", "2s", "10s"]))
        slo(availability=0.999, latency=f"95% < {limit}", route=route, registry=registry)
    return registry


def everything() -> Registry:
    registry = Registry()
    registry.add("database", lambda: None, every="1m", owner="data")
    operation("payment", max_error_ratio=0.01, max_p95="2s", registry=registry)
    job("nightly", expect_every="24h", max_runtime="1h", registry=registry)
    slo(availability=0.999, latency="95% < 2s", registry=registry)
    return registry


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """All that is generated of a service that declares some of everything."""
    return alert_rules(inventory(everything()))


def of_all(registry: Registry) -> list[Group]:
    return [group for make in MAKERS.values() for group in make(inventory(registry))]


@needs_promtool
@settings(max_examples=12, deadline=None)
@given(registries())
def test_the_rules_of_any_registry_are_such_as_prometheus_takes(registry: Registry) -> None:
    with tempfile.TemporaryDirectory() as directory:
        texts = {
            f"{subject}.yml": dump(rule_file.rules(make(inventory(registry))))
            for subject, make in MAKERS.items()
            if subject not in SHARED  # those are the same of any
        }
        assert refusal("check", "rules", *write(texts, Path(directory))) == ""


@settings(max_examples=12, deadline=None)
@given(registries())
def test_the_rules_of_any_registry_mind_their_names(registry: Registry) -> None:
    rules = [rule for group in of_all(registry) for rule in group.rules]
    recorded = {rule.record for rule in rules if isinstance(rule, Recording)}
    for rule in rules:
        for name, demands in selectors(rule.expr):
            assert name in OURS | ELSEWHERE | recorded | {""}, rule.expr
            assert set(demands) - {"__name__"} <= BOUNDED, rule.expr
        assert set(kept(rule.expr)) <= BOUNDED, rule.expr


def test_a_service_reads_no_other_service() -> None:
    for subject, make in MAKERS.items():
        if subject in SHARED:
            continue
        for group in make(inventory(everything())):
            for rule in group.rules:
                for _, demands in selectors(rule.expr):
                    assert demands["service_name"] == "shop", rule.expr
                    assert demands["deployment_environment_name"] == "production", rule.expr


def test_each_alert_says_who_acts_how_soon_and_what_to_do() -> None:
    for alert in alerts(of_all(everything())):
        carried = {"severity", "owner", "service"}
        # Those of what is silent come with each that is expected.
        assert set(alert.labels) & carried in ({"service"}, carried), alert.name
        told = {"summary", "description", "runbook_url", "dashboard_url"}
        assert set(alert.annotations) == told, alert.name
        assert all(alert.annotations.values()), alert.name


def test_each_alert_is_proved_both_ways() -> None:
    for alert in alerts(of_all(everything())):
        fired = [max(trial.firing.values()) for trial in alert.trials]
        assert max(fired) > 0, alert.name
        if alert.name != "Watchdog":
            assert min(fired) == 0, alert.name
            assert {"healthy", "broken", "absent", "recovers"} <= {
                trial.kind for trial in alert.trials
            }, alert.name


def test_each_alert_has_a_section_of_the_runbooks(files: dict[str, str]) -> None:
    for alert in alerts(of_all(everything())):
        assert alert.name in RUNBOOKS
        assert f"\n## {alert.name}\n" in files["runbooks.md"]
        assert alert.annotations["runbook_url"] == f"runbooks.md#{alert.name.lower()}"


@pytest.mark.parametrize("subject", sorted(SHARED))
def test_what_is_the_same_for_all_services_is_one_file(files: dict[str, str], subject: str) -> None:
    assert f"prometheus/rules/{subject}.yml" in files
    assert f"prometheus/rules/shop@production-{subject}.yml" not in files


def test_the_collectors_folder_holds_what_is_generated_of_every_service() -> None:
    collector = Path(__file__).parents[2] / "collector"
    any_service = Inventory("any", "", Registry(), runbooks="collector/runbooks.md")
    texts = {"runbooks.md": runbooks.text()}
    for subject in SHARED:
        name = f"prometheus/rules/{subject}.yml"
        texts[name] = rules_of(any_service, subject)[name]
    for name, text in texts.items():
        assert (collector / name).read_text(encoding="utf-8") == text, (
            "generate it anew: obskit generate alerts --runbooks collector/runbooks.md"
        )


def test_whatever_a_service_is_called_its_files_stay_in_their_folder() -> None:
    files = alert_rules(Inventory("a/../b", "../x y", everything()))
    assert "prometheus/rules/a%2F..%2Fb@..%2Fx%20y-checks.yml" in files
    assert {path.count("/") for path in files if path.startswith("prometheus/")} == {2}
