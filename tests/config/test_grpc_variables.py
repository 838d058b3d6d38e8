"""Variables of OTLP over gRPC, seen at a real gRPC server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from .authority import FILES, Authority, certificates
from .child import ONE_OF_EACH, run, serve
from .variables import shows

SIGNALS = ("TRACES", "METRICS", "LOGS")


class GrpcReceiver:
    """Three services on one port. Keeps the metadata of each call, by signal."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.server = grpc.server(ThreadPoolExecutor(4))
        add = self.server.add_insecure_port
        self.port = (
            self.server.add_secure_port("localhost:0", credentials)
            if credentials
            else add("localhost:0")
        )
        for signal, module, services in (
            ("Trace", trace_service_pb2, trace_service_pb2_grpc),
            ("Metrics", metrics_service_pb2, metrics_service_pb2_grpc),
            ("Logs", logs_service_pb2, logs_service_pb2_grpc),
        ):
            answer = getattr(module, f"Export{signal}ServiceResponse")
            register = getattr(services, f"add_{signal}ServiceServicer_to_server")
            register(_Service(self.calls, signal, answer), self.server)


class _Service:
    def __init__(self, calls: dict[str, dict[str, Any]], signal: str, answer: Any) -> None:
        self._calls, self._signal, self._answer = calls, signal, answer

    def Export(self, _request: Any, context: grpc.ServicerContext) -> Any:
        metadata = {str(key): value for key, value in context.invocation_metadata()}
        self._calls[self._signal] = metadata
        return self._answer()


@contextmanager
def receiving(credentials: grpc.ServerCredentials | None = None) -> Iterator[GrpcReceiver]:
    """A receiver that runs."""
    receiver = GrpcReceiver(credentials)
    receiver.server.start()
    try:
        yield receiver
    finally:
        receiver.server.stop(grace=None).wait()


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
except obskit.MissingExtra as error:
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
