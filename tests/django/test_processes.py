"""Django as it is served: by Gunicorn, by Uvicorn, and by its own `runserver`."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.config.receiver import Receiver, attributes
from tests.django import service
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

pytest.importorskip("gunicorn", reason="Gunicorn is not installed")

REQUESTS = 6
ASGI = "uvicorn.workers.UvicornWorker"
# Gunicorn loses a signal to a worker that has not set its handlers yet.
READY = """
def post_worker_init(worker):
    open(f"ready-{worker.pid}", "w").close()
"""

NO_VIEWS = "ROOT_URLCONF = 'shop.gone'"
QUICK = """
import os
from obskit import check

@check("quick", every="1s", scope="process")
def quick():
    open(f"ran-{os.getpid()}", "w").close()
"""


def eventually(probe: Callable[[], bool], server: Server) -> None:
    """Ask until it is so, for 60 seconds at most."""
    deadline = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < deadline, server.output
        time.sleep(0.05)


@contextmanager
def gunicorn(
    receiver: Receiver, folder: Path, *options: str, app: str, **more: str
) -> Iterator[Server]:
    """Gunicorn with two workers, both of them ready, and more text in modules of the project."""
    port = free_port()
    service.write(folder)
    for module, text in more.items():
        with (folder / "shop" / f"{module}.py").open("a") as file:
            file.write(text)
    (folder / "gunicorn.conf.py").write_text(READY)
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"),
        *("--graceful-timeout", "20", "--no-control-socket", *options, app),
    ]
    variables = {"DJANGO_SETTINGS_MODULE": "shop.settings", "DJANGO_ALLOW_ASYNC_UNSAFE": ""}
    with running(command, port, receiver, folder, **variables) as server:
        eventually(lambda: len(list(folder.glob("ready-*"))) == 2, server)
        yield server


def servers_spans(receiver: Receiver) -> list[Any]:
    """Each request's span. Checks that run have traces of their own."""
    spans = [span for batch in receiver.span_batches() for span in batch]
    return [span for span in spans if span.kind == span.SPAN_KIND_SERVER]


@pytest.mark.parametrize(
    ("options", "app", "path", "route"),
    [
        ([], "shop.wsgi:application", "/7/", "/<int:number>/"),
        (["--preload"], "shop.wsgi:application", "/7/", "/<int:number>/"),
        (["--worker-class", ASGI], "shop.asgi:application", "/awaited/", "/awaited/"),
    ],
    ids=["sync", "preload", "asgi"],
)
def test_every_request_is_told_of_once(
    options: list[str], app: str, path: str, route: str, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, *options, app=app) as server:
            answers = [server.get(path) for _ in range(REQUESTS)]
            assert server.end() == 0, server.output
        assert b"" not in answers
        found = servers_spans(receiver)
        routes = [attributes(span.attributes)["http.route"] for span in found]
        assert routes == [route] * REQUESTS, server.output
        assert len({span.trace_id for span in found}) == REQUESTS
        assert arrivals.spans(receiver)["SELECT"] == REQUESTS
        assert arrivals.lines(receiver, "served") == REQUESTS
        assert arrivals.lines(receiver, f"GET {path} 200") == REQUESTS
        assert arrivals.total(receiver, "served") == REQUESTS
        assert arrivals.total(receiver, "http.server.request.duration") == REQUESTS


def test_health_tells_of_the_checks_of_the_project(tmp_path: Path) -> None:
    """The table is not there: the check says so, and readiness does."""
    with (
        Receiver() as receiver,
        gunicorn(receiver, tmp_path, app="shop.wsgi:application") as server,
    ):
        assert json.loads(server.get("/livez")) == {"status": "alive"}
        eventually(lambda: json.loads(server.get("/readyz")) == {"status": "not_ready"}, server)


@pytest.mark.parametrize(
    ("options", "app"),
    [
        ([], "shop.wsgi:application"),
        (["--preload"], "shop.wsgi:application"),
        (["--worker-class", ASGI], "shop.asgi:application"),
    ],
    ids=["each loads", "preload", "asgi"],
)
def test_gunicorns_workers_run_their_checks_before_anybody_asks(
    options: list[str], app: str, tmp_path: Path
) -> None:
    """Those too that are declared with the views, which Django imports with the first request."""
    with (
        Receiver() as receiver,
        gunicorn(receiver, tmp_path, *options, app=app, urls=QUICK) as server,
    ):
        eventually(lambda: len(list(tmp_path.glob("ran-*"))) == 2, server)
        assert not (tmp_path / f"ran-{server.process.pid}").exists()


def test_views_that_cannot_be_imported_keep_no_worker_from_its_other_checks(
    tmp_path: Path,
) -> None:
    with (
        Receiver() as receiver,
        gunicorn(
            receiver, tmp_path, app="shop.wsgi:application", settings=QUICK + NO_VIEWS
        ) as server,
    ):
        eventually(lambda: len(list(tmp_path.glob("ran-*"))) == 2, server)
        assert b"Internal Server Error" in server.get("/7/")


def test_runserver_is_told_of_once_and_its_reloader_not_at_all(tmp_path: Path) -> None:
    service.write(tmp_path)
    port = free_port()
    command = [sys.executable, "manage.py", "runserver", "--skip-checks", f"127.0.0.1:{port}"]
    with (
        Receiver() as receiver,
        running(command, port, receiver, tmp_path, OTEL_BLRP_SCHEDULE_DELAY="100") as server,
    ):
        assert b"an empty basket" in server.get("/boom/")
        eventually(lambda: arrivals.lines(receiver, "GET /boom/ 500") == 1, server)
        assert len(arrivals.instances(receiver)) == 1
        server.end(signal.SIGINT)
    assert server.output.count("ZeroDivisionError: an empty basket") >= 1
