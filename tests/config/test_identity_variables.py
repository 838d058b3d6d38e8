"""Variables that say who the service is, and whether and what it sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import ONE_OF_EACH, START, run, serve
from .receiver import Receiver
from .variables import shows


@shows("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT")
def test_the_resource_of_every_signal_is_what_the_environment_says(
    receiver: Receiver, tmp_path: Path
) -> None:
    """`init()` without arguments takes name and attributes from the environment."""
    environ = {
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_RESOURCE_ATTRIBUTES": (
            "service.name=other,service.version=1.2,deployment.environment.name=staging,"
            "team=web%2Cshop"
        ),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
    }
    ended = run("import obskit\nobskit.init()\n" + ONE_OF_EACH, environ, tmp_path)
    assert (ended.status, receiver.paths()) == (0, ["/v1/logs", "/v1/metrics", "/v1/traces"])
    for path in receiver.paths():
        resource = receiver.resource(path)
        assert resource["service.name"] == "shop"
        assert resource["service.version"] == "1.2"
        assert resource["deployment.environment.name"] == "staging"
        assert resource["team"] == "web,shop"


@shows("OTEL_SDK_DISABLED")
def test_a_disabled_sdk_sends_nothing_and_still_writes_lines(
    receiver: Receiver, tmp_path: Path
) -> None:
    """`OTEL_SDK_DISABLED` ends the three signals; the console is none of them."""
    environ = {"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    ended = run(START + ONE_OF_EACH, environ, tmp_path)
    assert ended.status == 0
    assert [line["event"] for line in ended.lines] == ["placed"]
    assert receiver.requests == []


@shows("OTEL_LOG_LEVEL")
@pytest.mark.parametrize(
    ("level", "shown"),
    [("debug", ["d", "e"]), ("", ["e"]), ("critical", [])],
)
def test_the_level_of_the_sdks_own_lines(level: str, shown: list[str], tmp_path: Path) -> None:
    """The SDK's loggers have the level of `OTEL_LOG_LEVEL`, WARNING where it is empty."""
    script = """
sdk = logging.getLogger("opentelemetry.sdk.trace")
sdk.debug("d")
sdk.error("e")
"""
    ended = run(START + script, {"OTEL_LOG_LEVEL": level}, tmp_path)
    assert ended.status == 0
    assert [line["event"] for line in ended.lines] == shown


@shows("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_a_signal_whose_exporter_is_none_stays_in_the_process(
    signal: str, receiver: Receiver, tmp_path: Path
) -> None:
    """The two others arrive."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        f"OTEL_{signal.upper()}_EXPORTER": "none",
    }
    serve(ONE_OF_EACH, environ, tmp_path)
    assert receiver.paths() == sorted({"/v1/logs", "/v1/metrics", "/v1/traces"} - {f"/v1/{signal}"})


@shows("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
def test_the_console_exporter_writes_each_signal_to_standard_output(tmp_path: Path) -> None:
    """The SDK's own console exporters print all three, and nothing goes to a network."""
    environ = {f"OTEL_{signal}_EXPORTER": "console" for signal in ("TRACES", "METRICS", "LOGS")}
    ended = run(START + ONE_OF_EACH, environ, tmp_path)
    assert ended.status == 0
    assert '"name": "work"' in ended.output
    assert '"name": "orders"' in ended.output
    assert '"body": "placed"' in ended.output
    assert ended.errors.count("\n") == 1


@shows("OTEL_TRACES_EXPORTER")
def test_an_exporter_without_an_endpoint_sends_to_the_standard_port(tmp_path: Path) -> None:
    """`otlp` alone means http://localhost:4318."""
    script = "print(json.dumps(obskit.status()['signals']))"
    environ = {"OTEL_TRACES_EXPORTER": "otlp", "OBSKIT_SHUTDOWN_TIMEOUT": "0"}
    signals = serve(script, environ, tmp_path)
    assert signals["traces"]["endpoint"] == "http://localhost:4318/v1/traces"
    assert signals["logs"]["exporter"] == "none"
