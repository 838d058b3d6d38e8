"""uWSGI forks in C, where Python's fork hooks do not run: nothing is lost or told twice even so."""

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


def end_idle(server: Server) -> None:
    """End it when no worker is busy: uWSGI runs no exit hook of a worker that is."""
    deadline = time.monotonic() + 60
    while server.output.count("GET / => generated") < REQUESTS:
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
            end_idle(server)
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
