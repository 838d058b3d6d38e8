"""The end of an alert's way: a receiver that keeps what Alertmanager sends."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from .services import LOOPBACK


class Notification(NamedTuple):
    """One message: when it came, by the monotonic clock, and the alerts that it tells of."""

    at: float
    alerts: list[dict[str, Any]]


class WebhookReceiver:
    """Listens on a free loopback port until it is closed."""

    def __init__(self) -> None:
        #: All messages, in the order in which they came.
        self.notifications: list[Notification] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                alerts = json.loads(body)["alerts"]
                receiver.notifications.append(Notification(time.monotonic(), alerts))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where Alertmanager is to send."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"

    def received(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """The alerts of a status (``firing``, ``resolved``) that carry all of these labels."""
        return [
            alert
            for notification in list(self.notifications)
            for alert in notification.alerts
            if alert["status"] == status and labels.items() <= alert["labels"].items()
        ]

    def groups(self, status: str) -> list[list[dict[str, Any]]]:
        """The alerts of a status that came in one notification each."""
        return [
            [alert for alert in notification.alerts if alert["status"] == status]
            for notification in list(self.notifications)
        ]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
