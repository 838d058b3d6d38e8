"""A receiver of OTLP over gRPC: a real server that keeps what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class GrpcReceiver:
    """Three services on one port. Keeps the metadata of each call, by signal, and what was sent."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.requests: list[Any] = []
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
            register(_Service(self, signal, answer), self.server)


class _Service:
    def __init__(self, receiver: GrpcReceiver, signal: str, answer: Any) -> None:
        self._receiver, self._signal, self._answer = receiver, signal, answer

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:
        metadata = {str(key): value for key, value in context.invocation_metadata()}
        self._receiver.calls[self._signal] = metadata
        self._receiver.requests.append(request)
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
