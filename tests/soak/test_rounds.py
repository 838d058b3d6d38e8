"""Many rounds of the same: what grows, leaks or is lost shows. `OBSKIT_SOAK_ROUNDS` says how many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from obskit.dev import Receiver
from obskit.stories.signals import Line, Span

ROUNDS = int(os.environ.get("OBSKIT_SOAK_ROUNDS", "3"))
PATIENCE = 1_800

pytestmark = pytest.mark.timeout(PATIENCE)

LOAD = """
import gc, json, os, sys, time
import psutil
import obskit
from obskit.wsgi import ObskitMiddleware

obskit.init("soak")
log = obskit.get_logger("soak")

def app(environ, start_response):
    obskit.bind(user_id=environ["PATH_INFO"], big="x" * 1_000)
    with obskit.span("work", n=1):
        log.info("worked", path=environ["PATH_INFO"])
    if environ["PATH_INFO"].endswith("7"):
        raise ValueError(environ["PATH_INFO"])
    start_response("200 OK", [])
    return [b"ok"]

app = ObskitMiddleware(app)
me = psutil.Process()

def serve(number):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/{number}", "wsgi.url_scheme": "http"}
    try:
        parts = app(environ, lambda *_: None)
        list(parts)
        parts.close()
    except ValueError:
        pass

sizes = []
for round in range(int(sys.argv[1]) + 1):
    for number in range(400):
        serve(number)
    obskit.flush(30)
    gc.collect()
    time.sleep(0.2)  # the threads of the flush end in a moment
    sizes.append([me.memory_info().rss, me.num_threads(), me.num_fds()])
print(json.dumps([sizes, obskit.status()["ledger"]]))
"""

FORKS = """
import os, sys, warnings
import obskit
warnings.simplefilter("ignore")
obskit.init("soak")
for number in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        with obskit.span("in a child"):
            obskit.get_logger("soak").info("child", number=number)
        obskit.shutdown(10)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
with obskit.span("in the parent"):
    pass
"""


def run(program: str, receiver: Receiver, folder: Path) -> str:
    """Run a program against a receiver; what it prints."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "SENTRY_DSN": receiver.dsn,
        "OBSKIT_RUN_DIR": str(folder),
        "OBSKIT_LOG_FORMAT": "none",
    }
    command = [sys.executable, "-c", program, str(ROUNDS)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rounds_of_requests_leave_memory_threads_and_descriptors_as_they_were(
    tmp_path: Path,
) -> None:
    with Receiver(lambda _: None) as receiver:
        sizes, ledger = json.loads(run(LOAD, receiver, tmp_path))
    (first, *_), last = sizes, sizes[-1]
    assert last[0] - first[0] < 16 * 1_048_576  # pools and caches fill in the first rounds
    assert (last[1] <= first[1], last[2] <= first[2]) == (True, True), sizes
    for signal, account in ledger.items():
        dropped = sum(account["dropped"].values())
        assert account["accepted"] == account["exported"] + dropped + account["queued"], signal
        assert account["queued"] == 0, (signal, account)


def test_the_last_fork_tells_as_much_as_the_first(tmp_path: Path) -> None:
    received: list[Any] = []
    with Receiver(received.extend) as receiver:
        run(FORKS, receiver, tmp_path)
    spans = [signal.name for signal in received if isinstance(signal, Span)]
    lines = [signal.attributes["number"] for signal in received if isinstance(signal, Line)]
    assert spans.count("in a child") == ROUNDS
    assert spans.count("in the parent") == 1
    assert sorted(map(str, lines)) == sorted(map(str, range(ROUNDS)))
