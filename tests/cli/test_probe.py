"""`obskit probe`, against servers that answer, and that do not."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that stands in the path, and the header X-Said as its words."""

    def do_GET(self) -> None:
        status = int(self.path.strip("/").partition("?")[0] or 200)
        self.send_response(status, self.headers["X-Said"] or "Fine")
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def probe(*arguments: str) -> Any:
    return click_testing.CliRunner().invoke(main, ["probe", *arguments])


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        ("", "200 Fine\n", 0),
        ("/204", "204 Fine\n", 0),
        ("/299?x=1", "299 Fine\n", 0),
        ("/302", "302 Fine\n", 1),
        ("/404", "404 Fine\n", 1),
        ("/503", "503 Fine\n", 1),
    ],
)
def test_an_answer_of_2xx_is_healthy(url: str, path: str, said: str, code: int) -> None:
    result = probe(url + path)
    assert (result.stdout, result.stderr, result.exit_code) == (said, "", code)


def test_headers_are_sent(url: str) -> None:
    assert probe(url, "--header", "X-Said: two words", "--header", "X-Other:1").stdout == (
        "200 two words\n"
    )


def test_what_a_server_says_cannot_steer_the_terminal(url: str) -> None:
    assert probe(url, "--header", "X-Said: a\x07b").stdout == "200 'a\\x07b'\n"


@contextmanager
def silent(piece: bytes) -> Iterator[str]:
    """A server that begins an answer with a piece of it, again and again, and never ends it."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while not over.wait(0.01):
                        connection.sendall(piece)
                except OSError:
                    pass

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("piece", [b"", b"H"])
def test_without_an_answer_in_time_it_is_unhealthy(piece: bytes) -> None:
    """Also where there is always a little more of one."""
    with silent(piece) as url:
        result = probe(url, "--timeout", "50ms")
    assert (result.stderr, result.exit_code) == ("Error: no answer within 0.05 s\n", 1)


def test_without_a_server_it_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = probe(f"http://127.0.0.1:{port}/")
    assert (result.stderr, result.exit_code) == ("Error: no answer: Connection refused\n", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'URL'"),
        (["localhost:80"], "'localhost:80' is no URL: write it such as http://127.0.0.1:8000/rea"),
        (["ftp://host/"], "is no URL"),
        (["http:///readyz"], "is no URL"),
        (["http://host:port/"], "is no URL"),
        (["http://host/a b"], "is no URL"),
        (["http://host/", "--timeout", "5 s"], "'5 s' is no span of time"),
        (["http://host/", "--header", "hunter2"], "a header has no colon"),
        (["http://127.0.0.1:9/", "--header", "A b: c\r\nd"], "no answer: "),
        (["http://host/", "--hedaer", "x"], "No such option"),
    ],
)
def test_a_wrong_use_is_unhealthy_too(arguments: list[str], message: str) -> None:
    """Docker keeps 2, which Click would end with, for itself."""
    result = probe(*arguments)
    assert message in result.stderr
    assert "hunter2" not in result.output
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_process_asks_and_imports_no_telemetry_of_its_own(url: str) -> None:
    """It runs every few seconds in each container."""
    code = f"from obskit.cli import main; main(['probe', {url!r}], standalone_mode=False)"
    heavy = ("obskit", "opentelemetry", "structlog", "rich")
    assert {name for name in _imported(code) if name.startswith(heavy)} == {
        "obskit",
        "obskit.cli",
        "obskit.cli.group",
        "obskit.cli.probe",
        "obskit.cli.spans",
        "obskit.duration",
    }


def _imported(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\ntry:\n {code}\nfinally:\n print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(re.split(r"\s+", done.stdout.splitlines()[-1]))
