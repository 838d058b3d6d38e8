"""Variables of the way out: where to, with what headers, how long, how packed, how trusted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from .child import ONE_OF_EACH, serve
from .receiver import Receiver
from .variables import shows

SIGNALS = ("TRACES", "METRICS", "LOGS")
_LEDGER = """
sent = obskit.flush(8)
print(json.dumps([sent, obskit.status()["ledger"]["traces"]]))
"""
_GIVEN_UP = [
    True,
    {
        "accepted": 1,
        "exported": 0,
        "sampled_out": 0,
        "dropped": {},
        "spooled": 1,
        "queued": 0,
    },
]


def three_receivers(stack: ExitStack) -> dict[str, Receiver]:
    """One for each signal."""
    return {signal: stack.enter_context(Receiver()) for signal in SIGNALS}


@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in SIGNALS))
def test_each_signal_goes_to_its_own_endpoint(tmp_path: Path, receiver: Receiver) -> None:
    """A path is kept as it is; a base URL gets the signal's; the general one is not asked."""
    with ExitStack() as stack:
        own = three_receivers(stack)
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{own['TRACES'].url}/in/spans",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{own['METRICS'].url}/",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": own["LOGS"].url,
        }
        serve(ONE_OF_EACH, environ, tmp_path)
        assert own["TRACES"].paths() == ["/in/spans"]
        assert list(own["TRACES"].spans("/in/spans")) == ["work"]
        assert own["METRICS"].paths() == ["/v1/metrics"]
        assert "orders" in own["METRICS"].metrics()
        assert own["LOGS"].paths() == ["/v1/logs"]
        assert list(own["LOGS"].records()) == ["placed"]
        assert receiver.requests == []


@shows("OTEL_EXPORTER_OTLP_ENDPOINT")
@pytest.mark.parametrize(
    ("given", "prefix"),
    [("/", ""), ("/v1/traces", ""), ("/otlp", "/otlp"), ("/otlp/v1/logs/", "/otlp")],
)
def test_the_general_endpoint_is_a_base_even_when_a_signals_url_is_given(
    given: str, prefix: str, receiver: Receiver, tmp_path: Path
) -> None:
    """Each signal's path is added to it; the path of a signal in it is taken away first."""
    serve(ONE_OF_EACH, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url + given}, tmp_path)
    assert receiver.paths() == [f"{prefix}/v1/{name}" for name in ("logs", "metrics", "traces")]


@shows("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_COMPRESSION")
def test_general_headers_and_compression_reach_every_signal(
    receiver: Receiver, tmp_path: Path
) -> None:
    """Values are percent-decoded; `none` leaves the body as it is."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20YTpi==, x-tenant=a%2Cb",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    serve(ONE_OF_EACH, environ, tmp_path)
    assert len(receiver.paths()) == 3
    for request in receiver.requests:
        assert request.headers["authorization"] == "Basic YTpi=="
        assert request.headers["x-tenant"] == "a,b"
        assert "content-encoding" not in request.headers


@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_HEADERS" for signal in SIGNALS))
@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_COMPRESSION" for signal in SIGNALS))
def test_a_signals_headers_and_compression_beat_the_general_ones(
    receiver: Receiver, tmp_path: Path
) -> None:
    """They replace the general headers, and gzip is asked for although the general word is none."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-general=yes",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    for signal in SIGNALS:
        environ[f"OTEL_EXPORTER_OTLP_{signal}_HEADERS"] = f"x-signal={signal}"
        environ[f"OTEL_EXPORTER_OTLP_{signal}_COMPRESSION"] = "gzip"
    # What is shorter than 1 KiB is not compressed.
    serve(
        ONE_OF_EACH.replace("placed", "x" * 2_000).replace(
            '"work"', f'"work", note="{"y" * 2_000}"'
        ),
        environ,
        tmp_path,
    )
    for signal in SIGNALS:
        (request,) = receiver.of(f"/v1/{signal.lower()}")
        assert request.headers["x-signal"] == signal
        assert "x-general" not in request.headers
        assert request.headers["content-encoding"] == "gzip"


@shows("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_BSP_EXPORT_TIMEOUT")
@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "200"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "600000", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "200"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "600000", "OTEL_BSP_EXPORT_TIMEOUT": "200"},
    ],
    ids=["general", "signal", "processor"],
)
def test_spans_for_a_receiver_that_hangs_are_given_up_after_the_timeout(
    environ: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    """They wait on disk before the default time-out would have ended."""
    receiver.hold()
    script = 'with obskit.span("work"):\n    pass\n' + _LEDGER
    environ = {
        **environ,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url,
        "OBSKIT_SHUTDOWN_TIMEOUT": "0",
    }
    assert serve(script, environ, tmp_path) == _GIVEN_UP


@shows("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "OTEL_BLRP_EXPORT_TIMEOUT")
@shows("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_METRIC_EXPORT_TIMEOUT")
@pytest.mark.parametrize(
    "names",
    [
        ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_METRIC_EXPORT_TIMEOUT"),
    ],
    ids=["signal", "processor"],
)
def test_logs_and_metrics_for_a_receiver_that_hangs_are_given_up_too(
    names: tuple[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    """Each signal has a time-out of its own."""
    receiver.hold()
    script = """
obskit.get_logger("shop").info("placed")
sent = obskit.flush(8)
ledger = obskit.status()["ledger"]
print(json.dumps([sent, ledger["logs"]["spooled"] > 0, ledger["metrics"]["spooled"] > 0]))
"""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "600000",
        **dict.fromkeys(names, "200"),
        "OBSKIT_SHUTDOWN_TIMEOUT": "0",
    }
    assert serve(script, environ, tmp_path) == [True, True, True]
