"""Variables of further surfaces: Prometheus, a file, an issue for each check, a line for each pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .child import START, run, serve
from .receiver import Receiver
from .variables import shows

_RUNS = """
from obskit import Registry, default_runtime
registry = Registry()
check = registry.add("rows", lambda: {returned}, every="1m", scope="process")
runtime = default_runtime.current()
for _ in range(3):
    runtime.watch(registry).runner.run(check)
"""
_ASKED = """
from obskit.probes import Probe, Probes
probes = Probes(registry, access=lambda _: True)
print(json.dumps(probes.answer(runtime, Probe("/metrics"))))
"""


@shows("OBSKIT_PROMETHEUS", "OTEL_METRICS_EXPORTER")
@pytest.mark.parametrize(
    "environ", [{"OBSKIT_PROMETHEUS": "true"}, {"OTEL_METRICS_EXPORTER": "prometheus"}]
)
def test_metrics_can_be_asked_for_where_that_is_on(environ: dict[str, str], tmp_path: Path) -> None:
    """Either variable does it."""
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")
    script = _RUNS.format(returned="7") + _ASKED
    status, text = serve(script, environ, tmp_path)
    assert status == 200
    assert "\n# TYPE obskit_check_value gauge\n" in text
    assert serve(script, {}, tmp_path) == [404, {"status": "off"}]


@shows("OBSKIT_METRICS_FILE")
def test_the_file_of_metrics_is_written_where_it_is_said(tmp_path: Path) -> None:
    """A script writes it as it ends."""
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")
    path = tmp_path / "metrics_latest.json"
    serve(_RUNS.format(returned="7"), {"OBSKIT_METRICS_FILE": str(path)}, tmp_path)
    found = json.loads(path.read_text())
    assert [(check["name"], check["status"]) for check in found["checks"]] == [("rows", "ok")]
    assert [point["value"] for point in found["metrics"]["obskit_check_value"]] == [7.0]


@shows("OBSKIT_SENTRY_CHECKS")
@pytest.mark.parametrize(("given", "count"), [("true", 1), ("false", 0)])
def test_a_check_that_begins_to_fail_is_one_event(
    given: str, count: int, receiver: Receiver, tmp_path: Path
) -> None:
    """Three runs that fail are one change."""
    environ = {"SENTRY_DSN": receiver.dsn, "OBSKIT_SENTRY_CHECKS": given}
    serve(_RUNS.format(returned="False"), environ, tmp_path)
    fingerprints = [event["fingerprint"] for event in receiver.envelope_items("event")]
    assert fingerprints == [["obskit.check", "rows"]] * count


@shows("OBSKIT_CHECKS_LOG_PASSES")
@pytest.mark.parametrize(("given", "count"), [("true", 3), ("false", 1)])
def test_each_pass_is_a_line(given: str, count: int, tmp_path: Path) -> None:
    """Else only the first is news."""
    environ = {"OBSKIT_CHECKS_LOG_PASSES": given, "OBSKIT_LOG_FORMAT": "json"}
    ended = run(START + _RUNS.format(returned="None"), environ, tmp_path)
    told = [(line["level"], line["event"]) for line in ended.lines]
    assert told == [("info", "rows is ok")] * count
