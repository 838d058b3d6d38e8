"""Load over one connection that stays open: `python load.py PORT COUNT RATE`.

Prints as JSON how long each request took, in seconds. A request that begins late, because the one
before it took long, counts from when it was due.
"""

from __future__ import annotations

import json
import socket
import sys
import time

REQUEST = (
    b"GET /orders/%d?page=%d HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: load/1\r\n"
    b"Accept: application/json\r\n\r\n"
)


def ask(connection: socket.socket, number: int) -> None:
    """Send a request and read the whole response."""
    connection.sendall(REQUEST % (number, number % 7))
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"the app failed: {data[:200]!r}")
    _, _, length = head.lower().partition(b"content-length:")
    missing = int(length.split(b"\r\n")[0]) - len(body)
    while missing > 0:
        missing -= len(received(connection))


def received(connection: socket.socket) -> bytes:
    """Some of the response."""
    data = connection.recv(65536)
    if not data:
        raise SystemExit("the app closed the connection")
    return data


def main(port: int, count: int, rate: float) -> None:
    """Ask so many times."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        took = []
        start = time.perf_counter()
        for number in range(count):
            begun = start + number / rate
            early = begun - time.perf_counter()
            if early > 0:
                time.sleep(early)
                begun = time.perf_counter()
            ask(connection, number)
            took.append(time.perf_counter() - begun)
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
