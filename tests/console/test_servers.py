"""The status page under real servers: pages, streams, and an end that waits for nobody."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")
pytest.importorskip("flask", reason="Flask is not installed")
pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("gunicorn", reason="Gunicorn is not installed")
pytest.importorskip("uvicorn", reason="Uvicorn is not installed")

from tests.checks.given import eventually
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

ANN = {"X-User": "ann"}


def gunicorn(port: int, app: str) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "--workers", "1", "--bind", f"127.0.0.1:{port}"),
        *("--graceful-timeout", "20", "--no-control-socket", f"tests.console.shop:{app}"),
    ]


def uvicorn(port: int, app: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "--port", str(port), f"tests.console.shop:{app}"]


Command = Callable[[int, str], list[str]]
# Uvicorn ends by the signal that it was sent.
ENDED: dict[Command, int] = {gunicorn: 0, uvicorn: -signal.SIGTERM}
# How it is served, which app, and where the page is.
SERVED = [
    (gunicorn, "application", "/status"),
    (gunicorn, "wsgi", "/ops/status"),
    (uvicorn, "api", "/status"),
    (uvicorn, "asgi", ""),
]


class Answer(NamedTuple):
    """What a server has answered."""

    status: int
    headers: Message
    text: str


def ask(port: int, path: str, headers: dict[str, str], body: str | None = None) -> Answer:
    with asked(port, path, headers, body) as found:
        return Answer(found.status, found.headers, found.read().decode())


@contextmanager
def asked(
    port: int, path: str, headers: dict[str, str], body: str | None = None
) -> Iterator[http.client.HTTPResponse]:
    """A response whose body is still to come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        with connection.getresponse() as found:
            yield found
    finally:
        connection.close()


@contextmanager
def served(
    how: Command, app: str, folder: Path, **variables: str
) -> Iterator[tuple[Server, int, Receiver]]:
    port = free_port()
    with (
        Receiver() as receiver,
        running(how(port, app), port, receiver, folder, **variables) as server,
    ):
        yield server, port, receiver


@pytest.mark.parametrize(("how", "app", "base"), SERVED, ids=[each[1] for each in SERVED])
def test_a_viewer_looks_and_silences_and_strangers_do_not(
    how: Command, app: str, base: str, tmp_path: Path
) -> None:
    with served(how, app, tmp_path) as (server, port, receiver):
        assert ask(port, f"{base}/", {}).status == 403
        page = ask(port, f"{base}/check/rows", ANN)
        assert (page.status, "<h1>rows</h1>" in page.text) == (200, True), server.output
        cookie = str(page.headers["Set-Cookie"]).partition(";")[0]
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        headers = {**ANN, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        form = f"csrf={token}&reason=we+move+it&span=2h"
        path = f"{base}/check/rows/silence"
        assert ask(port, path, {**headers, "Origin": "http://evil.example"}, form).status == 403
        done = ask(port, path, headers, form)
        assert (done.status, done.headers["Location"]) == (
            303,
            f"{base}/check/rows?done=silenced",
        )
        assert "by ann: we move it" in ask(port, f"{base}/check/rows", ANN).text
        assert server.end() == ENDED[how], server.output
        assert arrivals.spans(receiver) == {}
    assert "Traceback" not in server.output


@pytest.mark.parametrize(("how", "app", "base"), SERVED[:2], ids=["flask", "wsgi"])
def test_no_worker_is_held_by_who_watches(
    how: Command, app: str, base: str, tmp_path: Path
) -> None:
    with served(how, app, tmp_path) as (server, port, _):
        for _ in range(3):  # there is one worker, and it serves one request at a time
            found = ask(port, f"{base}/events", ANN)
            assert found.text.startswith("retry: 5000\ndata: "), server.output
        assert server.end() == ENDED[how], server.output


@pytest.mark.parametrize(("how", "app", "base"), SERVED[2:], ids=["fastapi", "asgi"])
def test_who_watches_is_told_of_a_change_and_holds_up_no_end(
    how: Command, app: str, base: str, tmp_path: Path
) -> None:
    with served(how, app, tmp_path) as (server, port, _):
        with asked(port, f"{base}/events", ANN) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert stream.readline() == b"retry: 5000\n"
            first = stream.readline()
            page = ask(port, f"{base}/check/rows", ANN)
            cookie = str(page.headers["Set-Cookie"]).partition(";")[0]
            token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
            form = f"csrf={token}&reason=we+move+it&span=2h"
            ask(port, f"{base}/check/rows/silence", {**ANN, "Cookie": cookie}, form)
            told = first
            while told in {first, b"\n", b":\n"}:
                told = stream.readline()
            assert (told.startswith(b"data: "), told != first) == (True, True)
            # What the stream alone would keep for two minutes.
            assert server.end() == ENDED[how], server.output
    assert "Traceback" not in server.output


@pytest.mark.parametrize(("how", "app", "base"), [SERVED[0], SERVED[2]], ids=["flask", "fastapi"])
def test_a_request_is_told_by_the_id_that_its_answer_had(
    how: Command, app: str, base: str, tmp_path: Path
) -> None:
    pytest.importorskip("opentelemetry.proto", reason="the extra is not installed")
    with served(how, app, tmp_path, OBSKIT_CONSOLE="true") as (server, port, _):
        request_id = ask(port, "/", {}).headers["X-Request-ID"]
        page = f"{base}/request/{request_id}"
        eventually(lambda: ask(port, page, ANN).status == 200)
        assert "<strong>GET /</strong> 200" in ask(port, page, ANN).text
        assert server.end() == ENDED[how], server.output
    assert "Traceback" not in server.output
