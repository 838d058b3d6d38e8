"""Stands for the provider of orders: real HTTP, made data, and faults that a file asks for."""

from __future__ import annotations

import base64
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

DATA = Path(os.environ["PIPELINE_DATA"])
PAGE = 10


def order(number: int) -> dict[str, Any]:
    """An order, always the same one."""
    lines = [{"sku": f"sku-{number % 7 + n}", "quantity": n + 1, "price": 9.5} for n in range(2)]
    return {"id": number, "customer_id": number % 5 + 1, "lines": lines}


def new_token() -> str:
    """A JWT that lives for two hours. Nobody here verifies its signature."""
    parts = ({"alg": "none"}, {"exp": int(time.time()) + 7_200})
    coded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*coded, "unsigned"])


def noted(name: str) -> str:
    """What a file of the data folder says, or nothing."""
    file = DATA / name
    return file.read_text().strip() if file.exists() else ""


def orders(page: int, most: int, fault: str) -> str:
    """A page of orders as lines, the first of them perhaps nonsense."""
    numbers = range(page * PAGE + 1, min(most, (page + 1) * PAGE) + 1)
    lines = [json.dumps(order(number)) for number in numbers]
    if fault in {"broken", "empty"}:
        lines[:1] = ['{"id": "broken' if fault == "broken" else " "]
    return "\n".join(lines)


class Provider(BaseHTTPRequestHandler):
    """Answers. The file `fault` may ask for: 401, 429, no-token, broken, empty, slow."""

    valid: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        """A new token."""
        if noted("fault") == "no-token":
            self._answer(503, b"try later")
        else:
            made = new_token()
            self.valid.add(made)
            self._answer(200, made.encode())

    def do_GET(self) -> None:
        """A page of orders."""
        fault = noted("fault")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if fault == "slow":
            time.sleep(2)
        if fault == "401" or given not in self.valid:
            self._answer(401, b"who are you?")
        elif fault == "429":
            self._answer(429, b"too many calls")
        else:
            most = int(noted("orders") or 20)
            self._answer(200, orders(int(self.path.rpartition("=")[2]), most, fault).encode(), most)

    def _answer(self, status: int, body: bytes, most: int = 0) -> None:
        self.send_response(status)
        self.send_header("X-Pages", str(-(-most // PAGE)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: object) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PROVIDER_PORT"])), Provider).serve_forever()
