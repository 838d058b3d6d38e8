"""What is set, by whom, and what of it switches something off."""

from __future__ import annotations

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import CHECKS, Host


def test_each_option_is_told_with_who_gave_it(app: Host, doctor: Doctor) -> None:
    app.write("", before='import obskit\nobskit.init("shop")' + CHECKS)
    found = doctor("configuration", OBSKIT_RUN_DIR=None, OBSKIT_STATE_URL="memory:")
    folder = app.folder / "log"
    assert found.stdout.splitlines() == [
        (
            "OK      configuration 3 options are given: 1 from an argument of init, 2 from the"
            " environment"
        ),
        "OK      configuration service = shop (from an argument of init)",
        f"OK      configuration log_folder = {folder} (from OBSKIT_LOG_FOLDER)",
        "OK      configuration state_url = [redacted] (from OBSKIT_STATE_URL)",
    ]
    assert found.exit_code == 0


def test_a_configuration_that_is_wrong_is_refused(app: Host, doctor: Doctor) -> None:
    found = doctor("configuration", OBSKIT_LOG_LEVEL="loud")
    assert found.exit_code == 4
    assert "log_level is 'loud' (from OBSKIT_LOG_LEVEL): use " in found.stderr


@pytest.mark.parametrize(
    ("variables", "level", "what"),
    [
        (
            {},
            "WARNING",
            "the service has no name: its telemetry is that of unknown_service",
        ),
        (
            {"OTEL_SDK_DISABLED": "true"},
            "FAILED ",
            "OpenTelemetry is switched off: no traces, metrics and logs leave: unset OTEL_SDK_DISABLED",
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318", "OTEL_LOGS_EXPORTER": "none"},
            "WARNING",
            "logs have an endpoint and stay in the process: OTEL_LOGS_EXPORTER is none",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318",
                "OTEL_TRACES_SAMPLER": "always_off",
            },
            "WARNING",
            "no trace is sampled: the sampler is always_off",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318",
                "OTEL_TRACES_SAMPLER": "traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": "0",
            },
            "WARNING",
            "no trace is sampled: the sampler is traceidratio",
        ),
        (
            {"OBSKIT_REDACTION": "false"},
            "WARNING",
            "secrets are not masked: redaction is off: unset OBSKIT_REDACTION",
        ),
    ],
)
def test_what_switches_something_off_is_told(
    app: Host, doctor: Doctor, variables: dict[str, str], level: str, what: str
) -> None:
    found = doctor("configuration", **variables)
    assert f"{level} configuration {what}" in found.stdout


def test_metrics_that_prometheus_fetches_do_not_stay(app: Host, doctor: Doctor) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318",
        "OTEL_METRICS_EXPORTER": "prometheus",
    }
    assert "stay in the process" not in doctor("configuration", **environ).stdout
