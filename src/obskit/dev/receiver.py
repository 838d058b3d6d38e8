"""A loopback HTTP server that takes OTLP and Sentry envelopes."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.dev.answer import Page
from obskit.dev.bodies import BODY_LIMIT, BodyError, decompress, read_body
from obskit.dev.envelope import EnvelopeError, decode_envelope, decode_event
from obskit.stories.otlp import (
    CONTENT_TYPES,
    PATHS,
    Encoding,
    PayloadError,
    decode,
    error_response,
    response,
)
from obskit.stories.signals import Refused, Signal

#: The public key of the DSN. A DSN needs one; it protects nothing here.
DSN_KEY = "0123456789abcdef0123456789abcdef"

# What gRPC begins with.
_HTTP_2 = "PRI * HTTP/2"
_NOWHERE = (
    "nothing is taken at this path: OTLP comes to /v1/traces, /v1/metrics and /v1/logs"
    " (OTEL_EXPORTER_OTLP_ENDPOINT is the address without them, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    " and its like the whole one), Sentry's events to the path that SENTRY_DSN makes"
)
# Paths that are told of, and what is told of one.
_MOST_TOLD = 20
_PATH = 200
_SENTRY_PATH = re.compile(r"/api/\d+/(envelope|store)/?")
_MEDIA_TYPES: dict[Encoding, str] = {value: key for key, value in CONTENT_TYPES.items()}

Sink = Callable[[Sequence[Signal]], None]


class Receiver:
    """Receives telemetry on one port of the loopback interface.

    Args:
        sink: Is called with what each request held, on the thread of that request.
        port: The port to listen on; 0 asks the system for a free one.
        page: Answers browsers; without it they are refused.
        limit: The most bytes of one request, after decompression.
        clock: The time of events that say none.

    Raises:
        OSError: The port is taken.

    >>> with Receiver(print) as receiver:
    ...     receiver.endpoint == f"http://127.0.0.1:{receiver.port}"
    True
    """

    def __init__(
        self,
        sink: Sink,
        *,
        port: int = 0,
        page: Page | None = None,
        limit: int = BODY_LIMIT,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.sink = sink
        self._server.page = page
        self._server.limit = limit
        self._server.clock = clock
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="obskit-receiver", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` takes."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        """What `SENTRY_DSN` takes."""
        return f"http://{DSN_KEY}@127.0.0.1:{self.port}/1"

    def __enter__(self) -> Receiver:  # noqa: PYI034  # Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A sender that holds its connection open must not hold up the end.
    block_on_close = False
    request_queue_size = 128
    sink: Sink
    page: Page | None
    limit: int
    clock: Clock

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.told: set[str] = set()

    def refuse_once(self, path: str, status: int, reason: str) -> None:
        """Tell of what comes again and again once; of many paths, of the first."""
        if path not in self.told and len(self.told) < _MOST_TOLD:
            self.told.add(path)
            self.sink([Refused(path, status, reason)])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a sender that hangs up, as it does when it ends."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # What cannot be read counts as HTTP/0.9 otherwise, whose answers have no status.
    default_request_version = "HTTP/1.0"
    timeout = 30.0
    server: _Server

    def do_GET(self) -> None:
        page, path = self.server.page, self.path.partition("?")[0]
        if page is None or path in PATHS:
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)
            return
        headers: Any = self.headers
        answer = page(self.path, headers)
        if isinstance(answer.body, bytes):
            self._answer(answer.status, answer.content_type, answer.body, answer.headers)
            return
        with closing(answer.body):
            self.close_connection = True
            self._begin(answer.status, answer.content_type, answer.headers)
            for part in answer.body:
                self.wfile.write(part)

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        if path in PATHS:
            self._take_otlp(path)
        elif match := _SENTRY_PATH.fullmatch(path):
            self._take_sentry(path, match[1])
        else:
            self.server.refuse_once(path[:_PATH], 404, _NOWHERE)
            self.close_connection = True
            self._answer(404, "text/plain", f"{_NOWHERE}\n".encode())

    def _take_otlp(self, path: str) -> None:
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        encoding = CONTENT_TYPES.get(media_type)
        try:
            decoded = decode(path, self._body(), _known(encoding))
        except (BodyError, PayloadError) as error:
            status = self._refuse(path, error)
            answer = encoding or "protobuf"
            self._answer(status, _MEDIA_TYPES[answer], error_response(str(error), answer))
            return
        self.server.sink(decoded.signals)
        self._answer(200, media_type, response(path, _known(encoding), decoded.rejected))

    def _take_sentry(self, path: str, kind: str) -> None:
        now = self.server.clock.now()
        try:
            body = self._body()
            events = decode_envelope(body, now) if kind == "envelope" else [decode_event(body, now)]
        except (BodyError, EnvelopeError) as error:
            status = self._refuse(path, error)
            self._answer(status, "application/json", error_response(str(error), "json"))
            return
        self.server.sink(events)
        self._answer(200, "application/json", b"{}")

    def _body(self) -> bytes:
        headers: Any = self.headers
        body = read_body(self.rfile, headers, self.server.limit)
        return decompress(body, headers.get("Content-Encoding", ""), self.server.limit)

    def _refuse(self, path: str, error: Exception) -> int:
        # What is left of the body would be read as the next request.
        self.close_connection = True
        status = error.status if isinstance(error, BodyError) else 400
        self.server.sink([Refused(path, status, str(error))])
        return status

    def _answer(
        self,
        status: int,
        content_type: str,
        body: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._begin(status, content_type, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _begin(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, *_: object) -> None:
        """Answer without a body, and never with 5xx: nothing that is sent here is our fault."""
        self.close_connection = True
        if self.requestline.startswith(_HTTP_2):
            self._answer(400, "text/plain", f"{self._refuse_grpc()}\n".encode())
            return
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self._answer(code if code < HTTPStatus.INTERNAL_SERVER_ERROR else 400, "text/plain", b"")

    def _refuse_grpc(self) -> str:
        port = self.server.server_address[1]
        reason = (
            "gRPC is not spoken here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
            f" OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}"
        )
        self.server.refuse_once("gRPC", 400, reason)
        return reason

    def log_message(self, format: str, *args: object) -> None:
        """The receiver has nothing to say on the terminal."""


def _known(encoding: Encoding | None) -> Encoding:
    if encoding is None:
        raise BodyError(415, "send application/x-protobuf or application/json")
    return encoding
