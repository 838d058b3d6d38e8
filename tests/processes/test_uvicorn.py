"""Under Uvicorn nothing is lost and nothing is told twice, however it runs and ends."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.config.receiver import Receiver, attributes
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("websockets", reason="websockets is not installed")

from websockets.sync.client import connect

REQUESTS = 12
APP = "tests.processes.api:app"


def uvicorn(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "--port", str(port), *options, APP]


def gunicorn(port: int) -> list[str]:
    """It loads the app in each worker, which is a Uvicorn."""
    kind = "uvicorn.workers.UvicornWorker"
    return [
        *(sys.executable, "-W", "ignore::DeprecationWarning", "-m", "gunicorn"),
        *("--workers", "2", "--bind", f"127.0.0.1:{port}", "--worker-class", kind),
        *("--no-control-socket", "--graceful-timeout", "20", APP),
    ]


@contextmanager
def serving(
    receiver: Receiver,
    folder: Path,
    command: Sequence[str],
    port: int,
    processes: int = 1,
    **variables: str,
) -> Iterator[Server]:
    """The service, with its lifespan begun in so many processes."""
    variables = {"OBSKIT_LOG_FORMAT": "json", **variables}
    with running(command, port, receiver, folder, **variables) as server:
        deadline = time.monotonic() + 60
        while server.output.count("Application startup complete") < processes:
            assert time.monotonic() < deadline, server.output
            time.sleep(0.02)
        yield server


def records(receiver: Receiver, text: str) -> list[dict[str, Any]]:
    """The attributes of the log records of a text."""
    batches = receiver.record_batches()
    return [attributes(one.attributes) for batch in batches for one in batch if _text(one) == text]


def _text(record: Any) -> str:
    return str(record.body.string_value)


def wait_for_line(server: Server, text: str) -> None:
    deadline = time.monotonic() + 60
    while f'"event":"{text}"' not in server.output:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("make", "processes", "status"),
    [
        (uvicorn, 1, -signal.SIGTERM),
        (lambda port: uvicorn(port, "--workers", "2"), 2, 0),
        (gunicorn, 2, 0),
    ],
    ids=["plain", "workers", "gunicorn"],
)
def test_every_request_is_told_of_once_to_the_end(
    make: Any, processes: int, status: int, tmp_path: Path
) -> None:
    port = free_port()
    with Receiver() as receiver:
        with serving(receiver, tmp_path, make(port), port, processes) as server:
            answers = {server.get() for _ in range(REQUESTS)}
            assert server.end() == status, server.output
        assert b"" not in answers
        assert arrivals.spans(receiver) == {"GET /": REQUESTS}, server.output
        assert len(arrivals.traces(receiver)) == REQUESTS
        assert arrivals.lines(receiver, "served") == REQUESTS
        assert arrivals.lines(receiver, "GET / 200") == REQUESTS
        assert arrivals.total(receiver, "served") == REQUESTS
        assert arrivals.total(receiver, "http.server.request.duration") == REQUESTS
        assert arrivals.total(receiver, "obskit.event_loop.lag") >= processes
        # What the host tells of at its own ends is there, too.
        assert arrivals.lines(receiver, "begun") == processes
        assert arrivals.lines(receiver, "ended") == processes
        assert arrivals.unended(receiver) == set()
        served = {int(answer) for answer in answers}
        assert served <= {
            process for found in arrivals.instances(receiver).values() for process in found
        }
    assert "Traceback" not in server.output


def test_an_interrupted_server_tells_of_what_it_had(tmp_path: Path) -> None:
    port = free_port()
    with Receiver() as receiver:
        with serving(receiver, tmp_path, uvicorn(port), port) as server:
            assert server.get() != b""
            assert server.end(signal.SIGINT) in {0, 130, -signal.SIGINT}, server.output
        assert arrivals.spans(receiver) == {"GET /": 1}
        assert arrivals.lines(receiver, "ended") == 1
        assert arrivals.unended(receiver) == set()


def test_an_exception_is_told_of_once_under_the_id_of_the_answer(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    port = free_port()
    with Receiver() as receiver:
        command, dsn = uvicorn(port), receiver.dsn
        with serving(receiver, tmp_path, command, port, SENTRY_DSN=dsn) as server:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/boom", headers={"X-Request-ID": "order-7"})
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("X-Request-ID")) == (500, "order-7")
            connection.close()
            server.end()
        (told,) = records(receiver, "Unhandled exception on /boom")
        assert told["obskit.request.id"] == "order-7"
        assert told["exception.type"] == "ZeroDivisionError"
        assert arrivals.lines(receiver, "GET /boom 500") == 1
        assert arrivals.spans(receiver) == {"GET /boom": 1}
        # Uvicorn writes its own line of it, as ever, and that is no second error.
        assert "Exception in ASGI application" in server.output
        (event,) = receiver.envelope_items("event")
        assert event["tags"]["request_id"] == "order-7"


@pytest.mark.parametrize("path", ["/stream", "/stream/in-threads"])
def test_a_client_that_leaves_in_the_middle_of_a_stream_is_no_error(
    path: str, tmp_path: Path
) -> None:
    port = free_port()
    with Receiver() as receiver:
        with serving(receiver, tmp_path, uvicorn(port), port) as server:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", path)
            assert connection.getresponse().read(8) == b"partpart"
            connection.close()
            wait_for_line(server, f"GET {path} 200")
            server.end()
        assert arrivals.spans(receiver)[f"GET {path}"] == 1
        assert arrivals.lines(receiver, f"GET {path} 200") == 1
    assert "Traceback" not in server.output
    assert "Failed to detach" not in server.output


def test_a_websocket_is_one_story_however_much_is_said(tmp_path: Path) -> None:
    port = free_port()
    with Receiver() as receiver:
        with serving(receiver, tmp_path, uvicorn(port), port) as server:
            with connect(f"ws://127.0.0.1:{port}/rooms/7", proxy=None) as websocket:
                assert websocket.response is not None
                request_id = websocket.response.headers["X-Request-ID"]
                for _ in range(3):
                    websocket.send("ha")
                    assert websocket.recv(60) == "haha"
            wait_for_line(server, "GET /rooms/7 101")
            server.end()
        assert arrivals.spans(receiver) == {"GET /rooms/{room}": 1}
        heard = records(receiver, "heard")
        assert [one["obskit.request.id"] for one in heard] == [request_id] * 3
        (told,) = records(receiver, "GET /rooms/7 101")
        assert told["obskit.websocket.close_code"] == 1000
    assert "Traceback" not in server.output
