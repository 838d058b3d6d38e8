"""What stock exporters send, seen at a real gRPC server: no secret, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.config.child import environment, run

pytest.importorskip("grpc")

from tests.config.grpc_receiver import GrpcReceiver, receiving

OWN_PROVIDERS = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

resource = Resource({"shop.password": "hunter2", "note": "by https://ann:s3same@db", "shop": "7"})
trace.set_tracer_provider(TracerProvider(resource=resource))
metrics.set_meter_provider(MeterProvider(resource=resource))
_logs.set_logger_provider(LoggerProvider(resource))
"""
RECORDS = """
import obskit
from opentelemetry import _logs, metrics, trace

obskit.init("t")
scope = {"attributes": {"shop.api_key": "sw0rdfish", "note": "by https://bob:0pen@db", "shop": "8"}}
for _ in range(2):
    with trace.get_tracer("shop", "7", **scope).start_as_current_span("work"):
        _logs.get_logger("shop", "7", **scope).emit(body="placed")
metrics.get_meter("shop", "7", **scope).create_counter("orders").add(1)
"""
SECRETS = ("hunter2", "s3same", "sw0rdfish", "0pen")


def sent(script: str, folder: Path, **environ: str) -> GrpcReceiver:
    """What a receiver holds of a service once that has ended."""
    with receiving() as receiver:
        given = {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{receiver.port}",
            "OBSKIT_LOG_FORMAT": "none",
            **environ,
        }
        ended = run(script, environment(given, folder), folder)
        assert ended.status == 0, ended.errors
    assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]
    return receiver


def of_the_shop(receiver: GrpcReceiver) -> dict[str, tuple[dict[str, str], dict[str, str], int]]:
    """The group of the service's own records of each signal: resource, scope, and how many."""
    found = {}
    for request in receiver.requests:
        for groups, field in (("spans", "spans"), ("metrics", "metrics"), ("logs", "log_records")):
            for resource in getattr(request, f"resource_{groups}", ()):
                for scope in getattr(resource, f"scope_{groups}"):
                    if scope.scope.name == "shop":
                        of_resource, of_scope = (
                            {pair.key: pair.value.string_value for pair in each.attributes}
                            for each in (resource.resource, scope.scope)
                        )
                        assert scope.scope.version == "7"
                        found[groups] = of_resource, of_scope, len(getattr(scope, field))
    return found


def told(receiver: GrpcReceiver) -> list[str]:
    """The secrets that have arrived."""
    everything = b"".join(request.SerializeToString() for request in receiver.requests)
    return [secret for secret in SECRETS if secret.encode() in everything]


MASKED = {"shop.api_key": "[redacted]", "note": "by https://bob:[redacted]@db", "shop": "8"}


def test_no_secret_leaves_on_the_resource_of_the_hosts_own_providers(tmp_path: Path) -> None:
    receiver = sent(OWN_PROVIDERS + RECORDS, tmp_path)
    resource = {
        "shop.password": "[redacted]",
        "note": "by https://ann:[redacted]@db",
        "shop": "7",
    }
    assert of_the_shop(receiver) == {
        "logs": (resource, MASKED, 2),
        "metrics": (resource, MASKED, 1),
        "spans": (resource, MASKED, 2),
    }
    assert told(receiver) == []


def test_no_secret_leaves_on_a_scope(tmp_path: Path) -> None:
    receiver = sent(RECORDS, tmp_path)
    groups = {signal: group[1:] for signal, group in of_the_shop(receiver).items()}
    assert groups == {"logs": (MASKED, 2), "metrics": (MASKED, 1), "spans": (MASKED, 2)}
    assert told(receiver) == []


def test_without_redaction_they_leave_as_they_are(tmp_path: Path) -> None:
    """So that the tests above look where secrets are."""
    receiver = sent(OWN_PROVIDERS + RECORDS, tmp_path, OBSKIT_REDACTION="false")
    assert told(receiver) == ["hunter2", "s3same", "sw0rdfish", "0pen"]
