"""Stands for the provider of payments: `provider.py PORT FILE`, where the file says what it does wrong."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Provider(BaseHTTPRequestHandler):
    """`declined` in the file: no card is taken; `down`: nothing is answered well."""

    def do_GET(self) -> None:
        """Say whether all is well, or take a charge."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        word = fault.read_text().strip() if fault.exists() else ""
        declined = word == "declined" and self.command == "POST"
        self.send_response(503 if word == "down" else 402 if declined else 200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - as the base class names it


if __name__ == "__main__":
    fault = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Provider).serve_forever()
