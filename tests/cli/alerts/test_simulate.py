"""`obskit alerts simulate`, what it refuses and what it says before it sends; the way is in tests/e2e."""

from __future__ import annotations

import re

import pytest
from tests.cli.host import Host

testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

CODE = """
checks.add("database", lambda: True, every="1m")

@obskit.job("import", registry=checks)
def work(): ...

obskit.operation("payment", max_p95="2s", registry=checks)
"""


@pytest.fixture
def shop(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    host.write(CODE)
    return host


def simulate(host: Host, *arguments: str, **environ: str) -> tuple[str, int]:
    app = ("--app", f"{host.name}:checks")
    runner = testing.CliRunner(env=environ)
    result = runner.invoke(main, ["alerts", "simulate", *app, *arguments])
    return result.output.removeprefix("Error: ").rstrip(), result.exit_code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("database", "--status", "down"),
            "the check database cannot be simulated as 'down': use --status critical, warning, unknown",
        ),
        (
            ("import", "--status", "unknown"),
            "the job import cannot be simulated as 'unknown': use --status failed, lost, too_long, late",
        ),
        (
            ("payment", "--status", "late"),
            "the operation payment cannot be simulated as 'late': use --status errors, slow",
        ),
        (
            ("import", "--status", "too_long"),
            "no alert JobTooLong is generated for import; it has: JobFailed",
        ),
        (("payment",), "no alert OperationErrors is generated for payment; it has: OperationSlow"),
        (
            ("rows",),
            "no check, job or operation is named 'rows': declared are database, import, payment",
        ),
    ],
)
def test_what_no_alert_tells_of_is_refused(
    shop: Host, arguments: tuple[str, ...], message: str
) -> None:
    assert simulate(shop, *arguments) == (message, 4)


def test_without_a_collector_it_says_how_one_is_given(shop: Host) -> None:
    assert simulate(shop, "database", OTEL_EXPORTER_OTLP_ENDPOINT="") == (
        "there is no collector: set OTEL_EXPORTER_OTLP_ENDPOINT, or give --otlp URL",
        4,
    )


def test_an_app_that_sends_by_grpc_must_name_another_address(shop: Host) -> None:
    assert simulate(shop, "database", OTEL_EXPORTER_OTLP_PROTOCOL="grpc") == (
        "the app sends by gRPC: give the collector's OTLP/HTTP address, --otlp http://…:4318",
        4,
    )


def test_nothing_is_sent_where_prometheus_does_not_answer(shop: Host) -> None:
    told, code = simulate(shop, "database", "--prometheus", "http://127.0.0.1:1")
    first, second = told.splitlines()
    assert re.fullmatch(
        r"drill \d{8}T\d{6}\.\d{3}Z-[0-9a-f]{4}: the check database is critical, of shop", first
    )
    assert second == (
        "  FAILED  before anything was sent: http://127.0.0.1:1 gave no answer: Connection refused"
    )
    assert code == 1
