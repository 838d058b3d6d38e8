"""`obskit generate`, over apps that are declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

click_testing = pytest.importorskip("click.testing")
pytest.importorskip("yaml", reason="the extra is not installed")

import yaml  # noqa: E402
from tests.cli.host import Host  # noqa: E402

from obskit.cli import main  # noqa: E402

DECLARED = """
@checks.check("rows", every="1h", severity="sev1")
def rows():
    raise AssertionError("nothing is run")
"""
RULES = "prometheus/rules/shop@production-checks.yml"


@pytest.fixture
def shop(host: Host) -> Host:
    host.write(DECLARED)
    return host


def generate(host: Host, *more: str, kind: str = "alerts", environment: str = "production") -> Any:
    """The result of the command, which writes into `made`."""
    arguments = ["generate", kind, "--app", f"{host.name}:checks", "-o", "made"]
    settings = ["--service", "shop", "--environment", environment]
    return click_testing.CliRunner().invoke(main, [*arguments, *settings, *more])


def alert(host: Host, name: str, rules: str = RULES) -> dict[str, str | dict[str, str]]:
    """A rule of the file, by its name."""
    content = yaml.safe_load((host.folder / "made" / rules).read_text())
    written = [rule for group in content["groups"] for rule in group["rules"]]
    (found,) = (rule for rule in written if rule.get("alert") == name)
    assert isinstance(found, dict)
    return found


def test_rules_and_their_tests_are_written(shop: Host) -> None:
    result = generate(shop)
    assert result.exit_code == 0, result.output
    assert f"wrote made/{RULES}" in result.output.splitlines()
    made = {str(path.relative_to(shop.folder / "made")) for path in shop.folder.rglob("made/**/*")}
    assert RULES in made
    assert any(path.startswith("prometheus/tests/shop@production-checks-") for path in made)
    assert alert(shop, "CheckCritical")["labels"] == {
        "severity": "critical",
        "owner": "unowned",
        "service": "shop",
        "obskit_check_name": "rows",
    }


def test_what_is_as_it_was_is_not_written_again(shop: Host) -> None:
    generate(shop)
    file = shop.folder / "made" / RULES
    file.chmod(0o444)
    before = file.stat().st_mtime_ns
    result = generate(shop)
    assert result.exit_code == 0
    assert f"is as it was: made/{RULES}" in result.output.splitlines()
    assert "wrote" not in result.output
    assert file.stat().st_mtime_ns == before


def test_a_file_beside_them_is_not_touched(shop: Host) -> None:
    own = shop.folder / "made" / "prometheus" / "rules" / "own.yml"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    generate(shop)
    assert own.read_text() == "mine"


def test_without_drift_the_check_is_silent_and_writes_nothing(shop: Host) -> None:
    generate(shop)
    result = generate(shop, "--check")
    assert (result.exit_code, result.output) == (0, "")


def test_drift_is_shown_and_not_mended(shop: Host) -> None:
    generate(shop)
    file = shop.folder / "made" / RULES
    changed = file.read_text().replace("severity: critical", "severity: info", 1)
    file.write_text(changed)
    result = generate(shop, "--check")
    assert result.exit_code == 1
    assert f"--- made/{RULES}" in result.output
    assert "-      severity: info\n+      severity: critical\n" in result.output
    assert file.read_text() == changed


def test_a_missing_file_is_drift(shop: Host) -> None:
    result = generate(shop, "--check")
    assert result.exit_code == 1
    assert f"--- (missing)\n+++ made/{RULES} (generated)\n" in result.output
    assert not (shop.folder / "made").exists()


def test_the_environment_says_what_is_not_given(
    shop: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "kiosk")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10000")
    arguments = ["generate", "alerts", "--app", f"{shop.name}:checks", "-o", "made"]
    assert click_testing.CliRunner().invoke(main, arguments).exit_code == 0
    rules = "prometheus/rules/kiosk@test-checks.yml"
    assert alert(shop, "CheckCritical", rules)["labels"]["service"] == "kiosk"  # type: ignore[index]
    # Two periods, the time-out, two exports and half a minute.
    assert "expr: vector(7260)" in (shop.folder / "made" / rules).read_text()


def test_an_empty_environment_is_none(shop: Host) -> None:
    assert generate(shop, environment="").exit_code == 0
    text = (shop.folder / "made" / "prometheus" / "rules" / "shop-checks.yml").read_text()
    assert 'deployment_environment_name=""' in text


def test_addresses_are_put_into_what_a_person_is_told(shop: Host) -> None:
    generate(shop, "--runbooks", "https://wiki/r", "--dashboards", "https://grafana")
    told = alert(shop, "CheckCritical")["annotations"]
    assert isinstance(told, dict)
    assert told["runbook_url"] == "https://wiki/r#checkcritical"
    assert told["dashboard_url"].startswith("https://grafana/d/obskit-checks?var-service=shop")


def test_a_check_that_the_retention_forgets_is_refused(shop: Host) -> None:
    result = generate(shop, "--retention", "90m")
    assert result.exit_code == 4
    assert "the check 'rows'" in result.output
    assert "runs every 1h" in result.output
    assert "--retention" in result.output
    assert not (shop.folder / "made").exists()


def test_a_retention_that_is_none_is_refused(shop: Host) -> None:
    result = generate(shop, "--retention", "long")
    assert result.exit_code == 4
    assert "--retention: 'long' is no span of time" in result.output


def test_a_folder_that_cannot_be_written_to_is_named(shop: Host) -> None:
    (shop.folder / "made").write_text("a file")
    result = generate(shop)
    assert result.exit_code != 0
    assert "made" in result.output
    assert (shop.folder / "made").read_text() == "a file"


def test_an_app_that_is_not_there_is_refused(host: Host, tmp_path: Path) -> None:
    arguments = ["generate", "alerts", "--app", "nowhere_at_all:app", "-o", str(tmp_path / "made")]
    result = click_testing.CliRunner().invoke(main, arguments)
    assert result.exit_code == 4
    assert "nowhere_at_all" in result.output
    assert not (host.folder / "made").exists()


def test_receivers_that_were_named_and_are_not_there_are_refused(shop: Host) -> None:
    result = generate(shop, "--receivers", "nope.toml", kind="all")
    assert result.exit_code == 4
    assert "nope.toml cannot be read" in result.output
    assert not (shop.folder / "made").exists()


def test_receivers_that_nobody_named_may_be_missing(shop: Host) -> None:
    result = generate(shop, kind="all")
    assert result.exit_code == 0
    assert "no alerts.toml: Alertmanager's configuration is left out\n" in result.output


RECEIVERS = """
[default]
receiver = "team"
[receivers.team]
webhook = { url = "https://hooks.example/alerts" }
"""


def quiet(host: Host) -> set[str]:
    """Of which services and environments Alertmanager keeps something quiet where nothing arrives."""
    made = yaml.safe_load((host.folder / "made/alertmanager/alertmanager.yml").read_text())
    targets = (target for rule in made["inhibit_rules"] for target in rule["target_matchers"])
    return {target.partition(" service=")[2] for target in targets} - {""}


def test_two_services_in_two_environments_are_one_set_in_any_order(shop: Host) -> None:
    (shop.folder / "alerts.toml").write_text(RECEIVERS)
    places = [(name, where) for name in ("shop", "mail") for where in ("production", "staging")]
    for service, environment in places:
        result = generate(shop, "--service", service, kind="all", environment=environment)
        assert result.exit_code == 0, result.output
    assert quiet(shop) == {
        '"mail", deployment_environment_name="production"}',
        '"mail", deployment_environment_name="staging"}',
        '"shop", deployment_environment_name="production"}',
        '"shop", deployment_environment_name="staging"}',
    }
    rules = {path.name for path in (shop.folder / "made/prometheus/rules").iterdir()}
    assert rules >= {f"{name}@{where}-checks.yml" for name, where in places}
    for service, environment in places:
        result = generate(
            shop, "--service", service, "--check", kind="all", environment=environment
        )
        assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("kind", ["all", "alerts"])
def test_services_and_environments_that_read_alike_have_files_of_their_own(
    shop: Host, kind: str
) -> None:
    (shop.folder / "alerts.toml").write_text(RECEIVERS)
    places = [("shop-eu", "production"), ("shop", "eu-production"), ("shop-eu-production", "")]
    for service, environment in [*places, ("shop@eu-production", "")]:
        result = generate(shop, "--service", service, kind=kind, environment=environment)
        assert result.exit_code == 0, result.output
    rules = {path.name for path in (shop.folder / "made/prometheus/rules").glob("*-checks.yml")}
    assert rules == {
        "shop-eu@production-checks.yml",
        "shop@eu-production-checks.yml",
        "shop-eu-production-checks.yml",
        "shop%40eu-production-checks.yml",
    }


def test_a_rule_file_of_what_is_declared_no_more_is_drift(shop: Host) -> None:
    generate(shop)
    left = shop.folder / "made/prometheus/rules/shop@production-jobs.yml"
    left.write_text("groups: []\n")
    result = generate(shop, "--check")
    assert result.exit_code == 1
    told = (
        "made/prometheus/rules/shop@production-jobs.yml is of nothing that shop declares: remove it"
    )
    assert told in result.output
    assert left.exists()
