"""A server that takes webhooks: a real socket that keeps what arrives, and can be down."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from typing_extensions import Self

_PATIENCE = 60.0


class Hook:
    """Answers every POST with its `status`, and keeps those that it has taken. Stands in a `with`."""

    def __init__(self) -> None:
        self.status = 200
        self.messages: list[dict[str, Any]] = []
        self.tried = 0
        self.arrived, self._released = Event(), Event()
        self._released.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.tried += 1
                status = hook.status
                if status < 300:
                    hook.messages.append(json.loads(body))
                hook.arrived.set()
                hook._released.wait(_PATIENCE)
                try:
                    self.send_response(status)
                    self.end_headers()
                except OSError:  # who asked is dead by now
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def hold(self) -> None:
        """Take, and do not answer."""
        self._released.clear()

    @property
    def titles(self) -> list[str]:
        """The titles of what was taken."""
        return [message["title"] for message in self.messages]
