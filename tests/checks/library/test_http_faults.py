"""HTTP endpoints that answer slowly, without end, in part or not at all."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler

import psutil
import pytest
from tests.checks.library.site import site

from obskit.checks.library.http import Endpoint
from obskit.checks.measurement import Measurement


def well(returned: object) -> Measurement:
    assert isinstance(returned, Measurement), returned
    return returned


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    stopped = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not stopped.wait(0.02):
            request.wfile.write(b".")

    with site() as made:
        made.answers["/"] = drip
        with pytest.raises(ConnectionError, match=r"did not answer: no answer within 200ms"):
            Endpoint(made.url, timeout="200ms")()
        stopped.set()


def test_a_server_that_says_nothing_turns_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ConnectionError, match=r"did not answer: no answer within 100ms"):
            Endpoint(url, timeout="100ms")()


def test_an_answer_that_breaks_off_turns_it() -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"half")

    with site() as made:
        made.answers["/"] = broken
        with pytest.raises(ConnectionError, match=r"IncompleteRead\(4 bytes read, 96 more"):
            Endpoint(made.url)()


def test_what_speaks_no_http_turns_it() -> None:
    with site() as made:
        made.answers["/"] = lambda request: request.wfile.write(b"SSH-2.0-OpenSSH\r\n")  # type: ignore[assignment]
        with pytest.raises(ConnectionError, match="did not answer in HTTP: BadStatusLine"):
            Endpoint(made.url)()


def test_of_an_endless_body_a_million_bytes_are_read() -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65_536)

    with site() as made:
        made.answers["/"] = endless
        assert well(Endpoint(made.url)()).details["bytes"] == 1_000_000


def test_many_runs_leave_nothing_open() -> None:
    with site(health=b"fine") as made:
        check = Endpoint(f"{made.url}/health")
        well(check())
        process = psutil.Process()
        before = process.num_fds()
        for _ in range(50):
            well(check())
        assert process.num_fds() <= before + 2
