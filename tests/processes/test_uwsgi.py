"""uWSGI forks in C, where Python's fork hooks do not run: nothing is lost or told twice even so."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.config.child import environment
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

UWSGI = Path(sys.executable).with_name("uwsgi")
REQUESTS = 12
HINT = "Start uWSGI with --enable-threads"

pytestmark = pytest.mark.skipif(not UWSGI.exists(), reason="uWSGI is not installed")


@contextmanager
def uwsgi(receiver: Receiver, folder: Path, *options: str) -> Iterator[Server]:
    """UWSGI with two workers, forked from a master that has loaded the app."""
    port = free_port()
    command = [
        *(str(UWSGI), "--http-socket", f"127.0.0.1:{port}", "--master", "--die-on-term"),
        *("--workers", "2", "--need-app", "--virtualenv", sys.prefix),
        *("--module", "tests.processes.shop:application", *options),
    ]
    with running(command, port, receiver, folder) as server:
        yield server


def end_idle(server: Server, loads: int) -> None:
    """End it when no worker is busy, or still loads: uWSGI runs no exit hook of one that is."""
    deadline = time.monotonic() + 60
    expected = {"GET / => generated": REQUESTS, "WSGI app 0 (mountpoint='') ready": loads}
    while any(server.output.count(line) < times for line, times in expected.items()):
        assert time.monotonic() < deadline, server.output
        time.sleep(0.02)
    time.sleep(0.2)
    assert server.end() == 0, server.output


@pytest.mark.parametrize(
    "options",
    [("--enable-threads",), ("--threads", "2"), ("--enable-threads", "--lazy-apps"), ()],
    ids=" ".join,
)
def test_every_request_is_told_of_once(options: tuple[str, ...], tmp_path: Path) -> None:
    with Receiver() as receiver:
        with uwsgi(receiver, tmp_path, *options) as server:
            workers = {int(server.get()) for _ in range(REQUESTS)}
            end_idle(server, 2 if "--lazy-apps" in options else 1)
        assert arrivals.spans(receiver) == {"GET": REQUESTS}, server.output
        assert len(arrivals.traces(receiver)) == REQUESTS
        assert arrivals.lines(receiver, "served") == REQUESTS
        assert arrivals.total(receiver, "served") == REQUESTS
        found = arrivals.instances(receiver)
        assert workers <= set().union(*found.values())
        assert {len(processes) for processes in found.values()} == {1}
        assert not [one for one in arrivals.unended(receiver) if one[0] in workers]
    assert "Traceback" not in server.output
    assert server.output.count(HINT) == (not options)


SCRAPED = """
import obskit
from obskit import Registry
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware
obskit.init("shop", log_format="none")
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
application = ObskitMiddleware(app, probes=Probes(Registry(), access=lambda _: True))
"""


def test_each_worker_tells_its_own_metrics_where_nothing_is_sent(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")
    (tmp_path / "scraped.py").write_text(SCRAPED)
    port = free_port()
    command = [
        *(str(UWSGI), "--http-socket", f"127.0.0.1:{port}", "--master", "--die-on-term"),
        *("--workers", "2", "--need-app", "--virtualenv", sys.prefix, "--enable-threads"),
        *("--module", "scraped:application"),
    ]
    environ = environment({"OBSKIT_PROMETHEUS": "true"}, tmp_path)
    server = Server(command, port, environ, tmp_path)
    try:
        server.wait()
        found: set[tuple[str, str]] = set()
        for _ in range(500):  # until both have answered
            text = server.get("/metrics").decode()
            found.update(re.findall(r'^target_info.*instance="([^"]+)".*process_pid="(\d+)"', text, re.MULTILINE))  # fmt: skip
            if len(found) == 2:
                break
    finally:
        server.kill()
    assert len(found) == 2
    assert len({instance for instance, _ in found}) == 2


IDLE = """
import os
import obskit
from obskit import Registry
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware

checks = Registry()

@checks.check("quick", every="1s", scope="process")
def quick():
    open(f"ran-{os.getpid()}-{obskit.status()['instance_id']}", "w").close()

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]

%s
%s
"""
INIT = "obskit.init('idle')"
WRAP = "application = ObskitMiddleware(app, probes=Probes(checks))"


@pytest.mark.parametrize("lines", [(INIT, WRAP), (WRAP, INIT)], ids=["after init", "before init"])
def test_workers_run_their_checks_before_anybody_asks(
    lines: tuple[str, str], tmp_path: Path
) -> None:
    """Under the identity of the worker; and a mule, which is forked too, serves nothing."""
    (tmp_path / "idle.py").write_text(IDLE % lines)
    options = ("--enable-threads", "--mule", "--module", "idle:application")
    with Receiver() as receiver, uwsgi(receiver, tmp_path, *options) as server:
        deadline = time.monotonic() + 60
        while len(ran := [one.name.split("-", 2) for one in tmp_path.glob("ran-*")]) < 2:
            assert time.monotonic() < deadline, server.output
            time.sleep(0.02)
    assert len({pid for _, pid, _ in ran}) == 2
    assert len({instance for *_, instance in ran}) == 2
    workers = set(re.findall(r"spawned uWSGI worker \d \(pid: (\d+)", server.output))
    assert {pid for _, pid, _ in ran} == workers
