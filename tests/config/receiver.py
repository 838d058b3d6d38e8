"""A receiver of OTLP over HTTP and of Sentry envelopes: a real socket that keeps what arrives."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typing_extensions import Self

from obskit.dev.bodies import decompress

_PATIENCE = 60.0


class Request(NamedTuple):
    """What arrived: where, with which headers (names in lower case), and the body, unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes
    client: str | None


def _has_ended(metric: Metric) -> bool:
    """Whether its series say that they end: then they hold no value."""
    points = getattr(metric, str(metric.WhichOneof("data"))).data_points
    return bool(points) and all(point.flags & 1 for point in points)


def _without_beginnings(metric: Metric) -> Metric:
    """The metric without the points of value 0 from which its series begin."""
    found = getattr(metric, str(metric.WhichOneof("data"))).data_points
    for number in reversed(range(len(found))):
        if found[number].start_time_unix_nano == found[number].time_unix_nano:
            del found[number]
    return metric


class Receiver:
    """Answers every POST with 200 and keeps it. Stands in a `with`.

    Args:
        tls: Speak TLS. The common name of a client's certificate is kept with its requests.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.held, self._released = Event(), Event()
        self._released.set()
        self._server = _Server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        port = self._server.server_address[1]
        self.address = f"localhost:{port}"
        self.url = f"http{'' if tls is None else 's'}://{self.address}"
        self.dsn = f"http://key@{self.address}/7"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def hold(self) -> None:
        """Answer nothing until `release`. A child can wait for it at /held, and end it at /release."""
        self._released.clear()

    def release(self) -> None:
        """Answer what was held, and what comes."""
        self._released.set()

    def take(self, request: Request) -> None:
        """Keep a request, and answer it when nothing is held."""
        self.requests.append(request)
        if not self._released.is_set():
            self.held.set()
            self._released.wait(_PATIENCE)

    def of(self, path: str) -> list[Request]:
        """The requests to a path."""
        return [request for request in self.requests if request.path == path]

    def paths(self) -> list[str]:
        """The paths that requests went to, each once, in order."""
        return sorted({request.path for request in self.requests})

    def span_batches(self, path: str = "/v1/traces") -> list[list[Span]]:
        """The spans of each request."""
        return [
            [
                span
                for part in sent.resource_spans
                for scope in part.scope_spans
                for span in scope.spans
            ]
            for sent in map(ExportTraceServiceRequest.FromString, self._bodies(path))
        ]

    def spans(self, path: str = "/v1/traces") -> dict[str, Span]:
        """The spans, by name."""
        return {span.name: span for batch in self.span_batches(path) for span in batch}

    def record_batches(self, path: str = "/v1/logs") -> list[list[LogRecord]]:
        """The log records of each request."""
        return [
            [
                record
                for part in sent.resource_logs
                for scope in part.scope_logs
                for record in scope.log_records
            ]
            for sent in map(ExportLogsServiceRequest.FromString, self._bodies(path))
        ]

    def records(self, path: str = "/v1/logs") -> dict[str, LogRecord]:
        """The log records, by their text."""
        batches = self.record_batches(path)
        return {record.body.string_value: record for batch in batches for record in batch}

    def metrics(self, path: str = "/v1/metrics") -> dict[str, Metric]:
        """The metrics, by name; the last that came of each, without where their series begin."""
        return {
            metric.name: _without_beginnings(metric)
            for sent in map(ExportMetricsServiceRequest.FromString, self._bodies(path))
            for part in sent.resource_metrics
            for scope in part.scope_metrics
            for metric in scope.metrics
            if not _has_ended(metric)
        }

    def resource(self, path: str = "/v1/traces") -> dict[str, Any]:
        """The attributes of the resource of the last request."""
        kinds: dict[str, Any] = {
            "/v1/traces": (ExportTraceServiceRequest, "resource_spans"),
            "/v1/metrics": (ExportMetricsServiceRequest, "resource_metrics"),
            "/v1/logs": (ExportLogsServiceRequest, "resource_logs"),
        }
        kind, parts = kinds[path]
        return attributes(
            getattr(kind.FromString(self._bodies(path)[-1]), parts)[0].resource.attributes
        )

    def resources_of_spans(self) -> dict[str, dict[str, Any]]:
        """The resource of each span, by the span's name."""
        return {
            span.name: attributes(part.resource.attributes)
            for sent in map(ExportTraceServiceRequest.FromString, self._bodies("/v1/traces"))
            for part in sent.resource_spans
            for scope in part.scope_spans
            for span in scope.spans
        }

    def envelope_items(self, kind: str) -> list[dict[str, Any]]:
        """The items of a kind that came in Sentry envelopes: `event`, `transaction`, `profile`."""
        found = []
        for body in self._bodies("/api/7/envelope/"):
            lines = iter(body.split(b"\n")[1:])
            for header, payload in zip(lines, lines, strict=False):
                if json.loads(header or "{}").get("type") == kind:
                    found.append(json.loads(payload))
        return found

    def _bodies(self, path: str) -> list[bytes]:
        return [request.body for request in self.of(path)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up, or that TLS refused, is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        # sentry-sdk takes brotli where it is installed.
        body = decompress(sent, self.headers.get("Content-Encoding", ""))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.take(Request(self.path, headers, body, self._client()))
        self._answer()

    def do_GET(self) -> None:
        if self.path == "/held":
            self.server.receiver.held.wait(_PATIENCE)
        elif self.path == "/release":
            self.server.receiver.release()
        self._answer()

    def _client(self) -> str | None:
        if not isinstance(self.connection, ssl.SSLSocket):
            return None
        certificate: Any = self.connection.getpeercert() or {}
        names = [part for parts in certificate.get("subject", ()) for part in parts]
        return next((value for key, value in names if key == "commonName"), None)

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


def attributes(pairs: Sequence[KeyValue] | Any) -> dict[str, Any]:
    """Attributes as plain values."""
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def points(metric: Metric) -> Iterator[Any]:
    """The data points of a metric of any kind."""
    yield from getattr(metric, str(metric.WhichOneof("data"))).data_points
