"""Under Gunicorn nothing is lost, nothing is told twice, and each worker is an instance of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

REQUESTS = 12
KINDS = ["sync", "gthread", "gevent", "uvicorn.workers.UvicornWorker"]
if (3, 12) <= sys.version_info[:3] < (3, 12, 2):
    # There gevent cannot look up a name at the exit: what is left waits on disk.
    KINDS.remove("gevent")
HINT = "Call gevent.monkey.patch_all()"
# Gunicorn loses a signal to a worker that has not set its handlers yet.
SETTINGS = """
def post_worker_init(worker):
    open(f"ready-{worker.pid}", "w").close()
"""


@contextmanager
def gunicorn(
    receiver: Receiver, folder: Path, *options: str, app: str = "application", **variables: str
) -> Iterator[Server]:
    """Gunicorn with two workers, both of them ready."""
    port = free_port()
    (folder / "gunicorn.conf.py").write_text(SETTINGS)
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"),
        *("--graceful-timeout", "20", "--no-control-socket"),
        *(*options, f"tests.processes.shop:{app}"),
    ]
    with running(command, port, receiver, folder, **variables) as server:
        wait_for(folder, 2)
        yield server


def wait_for(folder: Path, workers: int) -> None:
    """Wait until so many workers have begun, those that have ended among them."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob("ready-*"))) < workers:
        assert time.monotonic() < deadline, (folder / "output").read_text()
        time.sleep(0.02)


@pytest.mark.parametrize("preload", [False, True], ids=["each loads", "preload"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_request_is_told_of_once(kind: str, preload: bool, tmp_path: Path) -> None:
    app = "asgi" if kind.startswith("uvicorn") else "application"
    options = ["--worker-class", kind, *(["--preload"] if preload else [])]
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, *options, app=app) as server:
            answers = {server.get() for _ in range(REQUESTS)}
            assert server.end() == 0, server.output
        assert b"" not in answers
        assert arrivals.spans(receiver) == {"GET": REQUESTS}, server.output
        assert len(arrivals.traces(receiver)) == REQUESTS
        assert arrivals.lines(receiver, "served") == REQUESTS
        assert arrivals.total(receiver, "served") == REQUESTS
        assert arrivals.unended(receiver) == set()
        found = arrivals.instances(receiver)
        assert [len(processes) for processes in found.values()] == [1] * (2 + preload)
    assert "Traceback" not in server.output
    assert server.output.count(HINT) == (kind == "gevent" and preload)


def test_workers_that_are_replaced_give_their_instance_to_the_next(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, "--max-requests", "3") as server:
            answers = [server.get() for _ in range(REQUESTS)]
            assert server.end() == 0, server.output
        assert b"" not in answers
        assert arrivals.spans(receiver) == {"GET": REQUESTS}
        assert arrivals.total(receiver, "served") == REQUESTS
        assert arrivals.unended(receiver) == set()
        found = arrivals.instances(receiver)
    assert len(found) == 2
    assert len(set().union(*found.values())) > 2


def test_a_worker_that_is_killed_gives_its_instance_to_the_next(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, "--preload") as server:
            assert server.get("/killed") == b""
            wait_for(tmp_path, 3)
            for _ in range(REQUESTS):
                server.get()
            assert server.end() == 0, server.output
        assert arrivals.lines(receiver, "served") >= REQUESTS
        assert len(arrivals.instances(receiver)) == 3  # the one that loads the app among them


def test_a_worker_that_times_out_tells_of_what_it_had(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, "--timeout", "1") as server:
            server.get("/slow")
            wait_for(tmp_path, 3)
            assert server.get() != b""
            assert server.end() == 0, server.output
        assert arrivals.lines(receiver, "served") == 2
        assert arrivals.total(receiver, "served") == 2
        assert len(arrivals.instances(receiver)) == 2
    assert "WORKER TIMEOUT" in server.output
