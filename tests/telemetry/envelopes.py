"""Where Sentry's envelopes arrive: in memory, or at a real HTTP server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from obskit.config import load
from obskit.dev.bodies import decompress
from obskit.ledger import Ledger
from obskit.telemetry.errors import Errors
from obskit.telemetry.sentry import Sentry, build

DSN = "http://key@127.0.0.1:9/1"


class Memory(Transport):
    """A transport that keeps what it is given, as it would be sent."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(Envelope.deserialize(envelope.serialize()))

    def items(self, kind: str) -> list[Any]:
        return [
            json.loads(item.get_bytes())
            for envelope in self.envelopes
            for item in envelope.items
            if item.type == kind
        ]

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.items("event")


def reporter(memory: Memory, **options: Any) -> Sentry:
    """Obskit's Sentry, made from a configuration, with a transport that keeps everything."""
    arguments = {"sentry_dsn": DSN, "version": "1.2.3", "environment": "test"}
    made = build(load(arguments | {"sentry": {"transport": memory, **options}}, environ={}))
    assert made is not None
    return made


class Reported:
    """Errors whose reports a test can look at."""

    def __init__(self, **options: Any) -> None:
        self.memory = Memory()
        self.ledger = Ledger()
        self.errors = Errors(reporter(self.memory, **options), self.ledger)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.memory.events

    @property
    def values(self) -> list[str]:
        """The messages of the outermost exceptions, in the order in which they were sent."""
        return [event["exception"]["values"][-1]["value"] for event in self.events]

    @property
    def account(self) -> dict[str, Any]:
        return self.ledger.snapshot()["errors"]


class Receiver(Memory):
    """A server that takes envelopes over HTTP."""

    def __init__(self, address: Any) -> None:
        super().__init__()
        self.dsn = f"http://key@{address[0]}:{address[1]}/1"
        self.arrived = threading.Condition()

    def wait_for(self, kind: str, count: int) -> list[Any]:
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.items(kind)) >= count, timeout=20)
        return self.items(kind)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = decompress(body, self.headers.get("Content-Encoding", ""))
            with receiver.arrived:
                receiver.envelopes.append(Envelope.deserialize(body))
                receiver.arrived.notify_all()
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
