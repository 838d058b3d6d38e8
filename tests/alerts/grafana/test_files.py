"""The files that Grafana reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import obskit
from obskit.alerts.grafana.files import files
from obskit.alerts.inventory import Inventory

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

BOARDS = [
    "business", "checks", "database", "host", "jobs", "operations", "service", "telemetry"
]  # fmt: skip


def made(service: str = "shop", interval: float = 60.0) -> dict[str, str]:
    return files(Inventory(service, "production", obskit.Registry(), export_interval=interval))


def test_there_is_a_file_for_each_dashboard_and_two_that_provision() -> None:
    assert sorted(made()) == [
        *(f"grafana/dashboards/obskit-{name}.json" for name in BOARDS),
        "grafana/provisioning/dashboards/obskit.yaml",
        "grafana/provisioning/datasources/obskit.yaml",
    ]


def test_services_share_the_dashboards() -> None:
    """Two services that generate into one folder do not change each other's files."""
    assert made("shop") == made("till")


def test_dashboards_are_read_from_a_folder_and_not_changed_on_the_page() -> None:
    (provider,) = yaml.safe_load(made()["grafana/provisioning/dashboards/obskit.yaml"])["providers"]
    assert provider == {
        "name": "obskit",
        "folder": "obskit",
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/dashboards"},
    }


def test_data_sources_lead_from_metrics_and_lines_to_traces_and_back() -> None:
    content = yaml.safe_load(made(interval=15.0)["grafana/provisioning/datasources/obskit.yaml"])
    prometheus, jaeger, loki = content["datasources"]
    assert prometheus == {
        "name": "obskit Prometheus",
        "type": "prometheus",
        "uid": "obskit-prometheus",
        "access": "proxy",
        "url": "http://127.0.0.1:9090",
        "jsonData": {
            "timeInterval": "15s",
            "httpMethod": "POST",
            "exemplarTraceIdDestinations": [
                {"name": "trace_id", "datasourceUid": "obskit-jaeger"},
            ],
        },
    }
    to_logs = jaeger["jsonData"]["tracesToLogsV2"]
    assert (jaeger["uid"], to_logs["datasourceUid"]) == ("obskit-jaeger", "obskit-loki")
    assert to_logs["query"] == '{$${__tags}} | trace_id="$${__span.traceId}"'
    assert to_logs["tags"] == [{"key": "service.name", "value": "service_name"}]
    (field,) = loki["jsonData"]["derivedFields"]
    assert (loki["uid"], field["datasourceUid"]) == ("obskit-loki", "obskit-jaeger")
    assert (field["matcherType"], field["matcherRegex"]) == ("label", "trace_id")
    assert field["url"] == "$${__value.raw}"


def test_the_command_says_which_file_was_changed_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "till_with_dashboards.py").write_text("import obskit\n")
    monkeypatch.syspath_prepend(tmp_path)
    run = click_testing.CliRunner()
    command = ["generate", "dashboards", "--app", "till_with_dashboards", "-o", str(tmp_path)]
    assert run.invoke(main, command).exit_code == 0
    assert (run.invoke(main, [*command, "--check"]).exit_code) == 0
    board = tmp_path / "grafana" / "dashboards" / "obskit-jobs.json"
    board.write_text(board.read_text().replace("Each job", "Every job"))
    drift = run.invoke(main, [*command, "--check"])
    assert drift.exit_code == 1
    changed = [line for line in drift.output.splitlines() if line.startswith(("-  ", "+  "))]
    assert changed == ['-      "title": "Every job",', '+      "title": "Each job",']
