"""The sink: one server that takes what every contender sends, each at a port of its own.

It keeps what arrives, and decodes it only when asked, so that it takes little of the processor while
somebody is measured. Started as `python -m benchmarks.overhead.sink NAME...`, it prints the ports as
JSON, answers `GET /counts` at the port `""`, and ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.overhead.received import Delivery, count

DATADOG = {
    "version": "7.70.0",
    "endpoints": ["/v0.4/traces", "/v0.5/traces", "/v0.6/stats", "/telemetry/proxy/"],
    "client_drop_p0s": True,
    "config": {"statsd_port": 8125},
}
ELASTIC = {"version": "8.17.0", "build_date": "2025-01-01T00:00:00Z", "build_sha": "0"}
#: By the beginning of the path; the first that fits.
ANSWERS: list[tuple[str, int, Any]] = [
    ("/info", 200, DATADOG),
    ("/v0.4/traces", 200, {"rate_by_service": {"service:,env:": 1}}),
    ("/v0.5/traces", 200, {"rate_by_service": {"service:,env:": 1}}),
    ("/intake/v2/events", 202, {}),
    ("/config/v1/agents", 200, {}),
    ("/v1/info", 200, {"project_name": "shop", "project_url": "http://127.0.0.1"}),
    ("/v1/", 200, None),
    ("/api/", 200, {}),
    ("/", 200, ELASTIC),
]


class Sink(ThreadingHTTPServer):
    """The server of one contender."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.waiting: list[Delivery] = []
        self.counts: Counter[str] = Counter()

    def counted(self) -> dict[str, int]:
        """Everything that arrived so far."""
        deliveries, self.waiting = self.waiting, []
        for delivery in deliveries:
            self.counts["requests"] += 1
            self.counts["bytes"] += len(delivery.body)
            try:
                self.counts.update(count(delivery))
            except Exception as error:
                self.counts[f"unreadable {delivery.path}: {error!r:.200}"] += 1
        return dict(self.counts)


SINKS: dict[str, Sink] = {}


class Handler(BaseHTTPRequestHandler):
    """Takes everything, and says what that peer's receiver would say."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Sink

    def do_POST(self) -> None:
        """Keep what came."""
        body = self._body()
        encoding = self.headers.get("Content-Encoding", "")
        self.server.waiting.append(Delivery(self.path, encoding, body))
        self._answer()

    do_PUT = do_POST  # noqa: N815 - the name that http.server calls

    def do_GET(self) -> None:
        """Say what the receiver is, or what arrived."""
        if self.path == "/counts":
            self._send(200, {name: sink.counted() for name, sink in SINKS.items()})
        else:
            self._answer()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self) -> None:
        found = (rest for prefix, *rest in ANSWERS if self.path.startswith(prefix))
        self._send(*next(found, (404, {})))

    def _send(self, status: int, document: Any) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        kind = "application/x-protobuf" if document is None else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing on the console."""


def main(names: list[str]) -> None:
    """Serve until standard input ends."""
    SINKS.update((name, Sink()) for name in ["", *names])
    for sink in SINKS.values():
        threading.Thread(target=sink.serve_forever, daemon=True).start()
    print(json.dumps({name: sink.server_address[1] for name, sink in SINKS.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
