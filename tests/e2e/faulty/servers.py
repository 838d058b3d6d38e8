"""What the shop talks to: a gateway of payments that answers as it is told, and a server with TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from tests.e2e.services import LOOPBACK


class Gateway:
    """An HTTP server that answers with a status, or says nothing while it hangs."""

    def __init__(self) -> None:
        self.status = 200
        self.answers = threading.Event()
        self.answers.set()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gateway.answers.wait()
                with suppress(OSError):  # who asked has gone
                    self.send_response(gateway.status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    @contextmanager
    def answering(self, status: int) -> Iterator[None]:
        """Answer with another status meanwhile."""
        self.status = status
        try:
            yield
        finally:
            self.status = 200

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Accept connections, and say nothing meanwhile."""
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()

    def close(self) -> None:
        """Stop listening."""
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class TlsServer:
    """Shakes hands with a certificate of its own authority, whose own is written to a file."""

    def __init__(self, authority: Path) -> None:
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(authority)
        self._shown = self._certificate(days=90)
        self._server = socket.create_server((LOOPBACK, 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _certificate(self, days: int) -> ssl.SSLContext:
        now = datetime.now(timezone.utc)
        certificate = self._authority.issue_cert(
            "localhost", not_before=now - timedelta(100), not_after=now + timedelta(days)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    def _serve(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                connection, _ = self._server.accept()
                connection.settimeout(2)
                with suppress(OSError), connection:
                    self._shown.wrap_socket(connection, server_side=True).close()

    @contextmanager
    def expired(self) -> Iterator[None]:
        """Show one meanwhile that expired yesterday."""
        before, self._shown = self._shown, self._certificate(days=-1)
        try:
            yield
        finally:
            self._shown = before

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)
