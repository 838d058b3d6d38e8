"""Where each signal is sent, whatever form of endpoint was given."""

from __future__ import annotations

import pytest

from obskit.config import SIGNALS, load

from .test_sources import problems


@pytest.mark.parametrize(
    ("general", "own", "expected"),
    [
        ("http://h:4318", None, "http://h:4318/v1/traces"),
        ("http://h:4318/", None, "http://h:4318/v1/traces"),
        ("http://h:4318/v1/logs", None, "http://h:4318/v1/traces"),
        ("https://h/otlp?key=7", None, "https://h/otlp/v1/traces?key=7"),
        (None, "http://h:4318", "http://h:4318/v1/traces"),
        (None, "http://h:4318/?key=7", "http://h:4318/v1/traces?key=7"),
        ("http://general", "http://h:4318/in/", "http://h:4318/in/"),
        ("http://general", "http://h:4318/v1/traces", "http://h:4318/v1/traces"),
        (None, None, None),
    ],
)
def test_a_signals_url(general: str | None, own: str | None, expected: str | None) -> None:
    """A base has the signal's path added, a signal's own URL with a path is kept."""
    arguments = {"otlp.endpoint": general, "traces.endpoint": own}
    assert load(arguments, {}).traces.endpoint == expected


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("grpc", "http://localhost:4317"), ("http/protobuf", "http://localhost:4318/v1/logs")],
)
def test_an_exporter_without_an_endpoint_means_this_host(protocol: str, expected: str) -> None:
    """By the ports of the specification; only for the signal that asked for it."""
    config = load({"logs_exporter": "otlp", "otlp.protocol": protocol}, {})
    assert (config.logs.endpoint, config.traces.endpoint) == (expected, None)


@pytest.mark.parametrize("endpoint", ["http://h:4317", "h:4317"])
def test_grpc_takes_an_endpoint_as_it_is(endpoint: str) -> None:
    """No path is added."""
    config = load({"otlp.endpoint": endpoint, "otlp.protocol": "grpc"}, {})
    assert {getattr(config, signal).endpoint for signal in SIGNALS} == {endpoint}


def test_an_endpoint_without_a_scheme_is_for_grpc_only() -> None:
    """Each signal that would use it is told, those that stay are not."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        "OTEL_METRICS_EXPORTER": "none",
    }
    assert "\n".join(problems({}, environ)) == (
        "logs.endpoint is 'collector:4317' with the protocol http/protobuf:"
        " put http:// or https:// before it"
    )


def test_a_signals_own_setting_beats_the_general_one_wherever_it_comes_from() -> None:
    """An argument for all signals leaves a variable of one signal in force."""
    environ = {
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs:4318",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "900",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "700",
    }
    config = load({"otlp.endpoint": "http://argument:4318"}, environ)
    assert config.traces.endpoint == "http://argument:4318/v1/traces"
    assert config.logs.endpoint == "http://logs:4318/v1/logs"
    assert (config.traces.timeout_ms, config.logs.timeout_ms) == (700, 900)
