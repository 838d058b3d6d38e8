"""What is asked over HTTP, of real servers that behave and that do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("click")

from obskit.cli.alerts import ask

asked: list[tuple[str, str | None]] = []


ANSWERS = {
    "/ok": (200, b'{"a": 1}'),
    "/text": (200, b"no json"),
    "/error": (400, b'{"status": "error", "error": "parse error: unexpected \\u001b[31m"}'),
    "/login": (401, b"Unauthorized"),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked.append((self.path, self.headers.get("Authorization")))
        path = self.path.partition("?")[0].removeprefix("/prefix")
        if path == "/broken":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            return
        status, body = ANSWERS[path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_json_is_read_and_the_query_is_encoded(server: str) -> None:
    assert ask.json_of(f"http://{server}", "/ok", query='up{a="b c"}') == {"a": 1}
    assert asked[-1] == ("/ok?query=up%7Ba%3D%22b+c%22%7D", None)


def test_a_path_before_is_kept_and_a_login_is_sent_but_never_shown(server: str) -> None:
    base = f"http://ann:pass%40word@{server}/prefix"
    assert ask.json_of(base, "/ok") == {"a": 1}
    assert asked[-1] == ("/prefix/ok", "Basic YW5uOnBhc3NAd29yZA==")
    with pytest.raises(ask.NoAnswer) as raised:
        ask.json_of(base, "/login")
    assert str(raised.value) == (
        f"http://ann:[redacted]@{server}/prefix/login answered 401 Unauthorized: give its login in the"
        " URL, https://user:password@host"
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/text", "/text answered no JSON: is it the URL of another server?"),
        ("/error", r"/error answered 400 parse error: unexpected \x1b[31m"),
        ("/broken", " gave no answer: it ended 6 bytes early"),
    ],
)
def test_another_answer_is_told_with_the_url(server: str, path: str, message: str) -> None:
    with pytest.raises(ask.NoAnswer) as raised:
        ask.json_of(f"http://{server}", path)
    assert str(raised.value) == f"http://{server}{message}"


def test_a_server_that_is_away_is_told_with_why() -> None:
    with pytest.raises(ask.NoAnswer) as raised:
        ask.text("http://127.0.0.1:1", "/ok")
    assert str(raised.value) == "http://127.0.0.1:1 gave no answer: Connection refused"
