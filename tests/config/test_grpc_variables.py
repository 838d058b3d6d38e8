"""Variables of OTLP over gRPC, seen at a real gRPC server."""

from __future__ import annotations

import json
from pathlib import Path

import grpc
import pytest

from .authority import FILES, Authority, certificates
from .child import ONE_OF_EACH, run, serve
from .grpc_receiver import receiving
from .variables import shows

SIGNALS = ("TRACES", "METRICS", "LOGS")


@shows("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_INSECURE")
def test_every_signal_goes_over_grpc_with_headers_and_without_compression(tmp_path: Path) -> None:
    """An endpoint may be host:port; INSECURE then says that it speaks no TLS."""
    with receiving() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"localhost:{receiver.port}",
            "OTEL_EXPORTER_OTLP_INSECURE": "true",
            "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20YTpi",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }
        serve(ONE_OF_EACH, environ, tmp_path)
        assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]
        for metadata in receiver.calls.values():
            assert metadata["authorization"] == "Basic YTpi"


@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL" for signal in SIGNALS))
@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_INSECURE" for signal in SIGNALS))
def test_each_signal_may_speak_grpc_by_itself(tmp_path: Path) -> None:
    """The general protocol stays HTTP, and general TLS stays on."""
    with receiving() as receiver:
        environ = {}
        for signal in SIGNALS:
            environ[f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"] = "grpc"
            environ[f"OTEL_EXPORTER_OTLP_{signal}_INSECURE"] = "true"
            environ[f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] = f"localhost:{receiver.port}"
        serve(ONE_OF_EACH, environ, tmp_path)
        assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]


@shows(*(f"OTEL_EXPORTER_OTLP_{name}" for name in FILES))
@pytest.mark.parametrize("place", ["environment", "file"])
def test_grpc_shows_and_checks_certificates_wherever_they_are_named(
    place: str, tmp_path: Path
) -> None:
    """The stock exporter would read the general variables only, and no file of ours."""
    authority = Authority(tmp_path, "OTHER")
    server = authority.issue("localhost")
    credentials = grpc.ssl_server_credentials(
        [server], authority.trusted.read_bytes(), require_client_auth=True
    )
    with receiving(credentials) as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://localhost:{receiver.port}",
        }
        files = certificates(authority)
        if place == "environment":
            environ |= files
        else:
            table = [f"{name.lower()[19:]} = {json.dumps(path)}\n" for name, path in files.items()]
            (tmp_path / "obskit.toml").write_text("[otlp]\n" + "".join(table))
        serve(ONE_OF_EACH, environ, tmp_path)
        assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]


def test_grpc_without_its_package_names_the_extra_and_leaves_no_thread(tmp_path: Path) -> None:
    """`init` raises before anything has started, the signals over HTTP included."""
    script = """
import sys, threading
sys.modules["grpc"] = None  # as if it were not installed
import obskit
try:
    obskit.init("t")
except obskit.exceptions.MissingExtra as error:
    print(error, threading.active_count())
"""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc",
    }
    ended = run(script, environ, tmp_path)
    assert ended.output == (
        "The protocol grpc of logs needs a package that is not installed:"
        " pip install 'obskit-otel[grpc]' 1\n"
    )
    assert ended.status == 0
