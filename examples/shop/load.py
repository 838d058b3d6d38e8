"""Visits every page of the shop a bounded number of times, and keeps what was sent.

python load.py http://127.0.0.1:5000 [ROUNDS]
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

#: The most rounds of one run.
MOST_ROUNDS = 100
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Visit:
    """One request, and what must come of it.

    Attributes:
        method: The HTTP method.
        path: The path.
        status: The status that the shop must answer with.
        sql: Whether the shop must ask its database.
        line: The log line that the shop must write, besides the access line; empty for none.
        error: The exception that must be reported; empty for none.
        body: What is sent as JSON.
    """

    method: str
    path: str
    status: int
    sql: bool = False
    line: str = ""
    error: str = ""
    body: dict[str, int] | None = None


@dataclass(frozen=True)
class Sent:
    """A visit that was made.

    Attributes:
        visit: The visit.
        status: The status of the answer.
        request_id: The answer's `X-Request-ID`, empty when it had none.
    """

    visit: Visit
    status: int
    request_id: str


ORDER = {"product_id": 2, "quantity": 3, "user_id": 7}
VISITS = (
    Visit("GET", "/", 200, sql=True),
    Visit("GET", "/products/3", 200, sql=True),
    Visit("GET", "/products/99", 404, sql=True, line="product.missing"),
    Visit("POST", "/orders", 201, sql=True, line="order.placed", body=ORDER),
    Visit("POST", "/orders", 422, line="order.rejected", body={"quantity": 0}),
    Visit("GET", "/slow", 200, sql=True, line="report.made"),
    Visit("GET", "/boom", 500, line="voucher.redeemed", error="ZeroDivisionError"),
    Visit("GET", "/no/such/page", 404),
)


def send(url: str, rounds: int) -> list[Sent]:
    """Make every visit, one after the other, a number of times.

    Args:
        url: The shop, on the loopback interface: this is no tool to load other people's machines.
        rounds: How many times, at most 100.

    Raises:
        ValueError: The shop is elsewhere, or there are too many rounds.
        OSError: The shop does not answer.
    """
    address = urlsplit(url)
    if address.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(f"{url} is not on the loopback interface")
    if not 0 < rounds <= MOST_ROUNDS:
        raise ValueError(f"{rounds} rounds: use 1 to {MOST_ROUNDS}")
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=_TIMEOUT_S)
    try:
        return [_send(connection, visit) for _ in range(rounds) for visit in VISITS]
    finally:
        connection.close()


def _send(connection: HTTPConnection, visit: Visit) -> Sent:
    body = None if visit.body is None else json.dumps(visit.body)
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request(visit.method, visit.path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return Sent(visit, answer.status, answer.headers.get("X-Request-ID", ""))


if __name__ == "__main__":
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for sent in send(sys.argv[1], rounds):
        print(sent.visit.method, sent.visit.path, sent.status, sent.request_id)
