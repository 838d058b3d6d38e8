"""Checks in a real server: what a probe costs, what a check that hangs spoils, what an end leaves."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.config.child import environment, run
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

pytest.importorskip("flask")

HOST = """
import collections, json, sys, threading
import flask
from werkzeug.serving import make_server
import obskit
import obskit.flask
from obskit import check

obskit.init("checked")
app = flask.Flask("checked")
obskit.flask.init_app(app)
runs = collections.Counter()

@check("hangs", every="1h", timeout="100ms", severity="sev1", readiness="hangs" in sys.argv)
def hangs():
    runs["hangs"] += 1
    threading.Event().wait()

@check("rows", every="1h", severity="sev1", readiness=True)
def rows():
    runs["rows"] += 1
    return 7

@check("quick", every="1s")
def quick():
    runs["quick"] += 1

@app.get("/runs")
def told():
    return dict(runs)

make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
"""
IDLE = """
import os
import flask
import obskit
import obskit.flask

obskit.init("idle")
app = obskit.flask.init_app(flask.Flask("idle"))

@obskit.check("quick", every="1s", scope="process")
def quick():
    open(f"ran-{os.getpid()}", "w").close()
"""
QUIET = {"OBSKIT_LOG_FORMAT": "none", "OTEL_METRIC_EXPORT_INTERVAL": "100"}


@contextmanager
def checked(folder: Path, *arguments: str) -> Iterator[tuple[Server, Receiver]]:
    """A server one of whose checks hangs, once that is known and every other check has run."""
    folder.mkdir(exist_ok=True)
    script = folder / "host.py"
    script.write_text(HOST)
    port = free_port()
    command = [sys.executable, str(script), str(port), *arguments]
    with Receiver() as receiver, running(command, port, receiver, folder, **QUIET) as server:
        eventually(lambda: answer(server, "/health") == {"status": "unhealthy"}, server)
        eventually(lambda: {"hangs", "rows", "quick"} == answer(server, "/runs").keys(), server)
        yield server, receiver


def eventually(holds: Callable[[], bool], server: Server) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, server.output
        time.sleep(0.02)


def answer(server: Server, path: str) -> Any:
    return json.loads(server.get(path))


def test_a_check_that_hangs_leaves_the_process_alive_and_where_it_is_not_asked_ready(
    tmp_path: Path,
) -> None:
    """No dependency that is down makes an orchestrator start the service anew."""
    with checked(tmp_path) as (server, _):
        eventually(lambda: answer(server, "/readyz") == {"status": "ready"}, server)
        assert answer(server, "/livez") == {"status": "alive"}


def test_a_check_that_readiness_asks_for_hangs_and_the_process_is_alive_and_not_ready(
    tmp_path: Path,
) -> None:
    with checked(tmp_path, "hangs") as (server, _):
        assert answer(server, "/readyz") == {"status": "not_ready"}
        assert answer(server, "/livez") == {"status": "alive"}


def test_while_a_check_hangs_the_others_run_on(tmp_path: Path) -> None:
    """And it is not begun a second time."""
    with checked(tmp_path) as (server, _):
        before = answer(server, "/runs")["quick"]
        eventually(lambda: bool(answer(server, "/runs")["quick"] >= before + 3), server)
        assert answer(server, "/runs")["hangs"] == 1


def test_a_thousand_probes_at_once_run_no_check_and_tell_strangers_the_status_only(
    tmp_path: Path,
) -> None:
    paths = ("/livez", "/readyz", "/health", "/health?full=true")
    with checked(tmp_path) as (server, _):
        eventually(lambda: answer(server, "/readyz") == {"status": "ready"}, server)
        with ThreadPoolExecutor(50) as pool:
            wanted = [paths[number % 4] for number in range(1_000)]
            found = set(pool.map(server.get, wanted))
        runs = answer(server, "/runs")
    assert found == {b'{"status":"alive"}', b'{"status":"ready"}', b'{"status":"unhealthy"}'}
    assert (runs["hangs"], runs["rows"]) == (1, 1)


def last_runs(receiver: Receiver) -> list[arrivals.Point]:
    """What was said of when one check ran last, and whether that is the end of it."""
    return [
        point
        for point in arrivals.all_points(receiver)
        if point.metric == "obskit.check.last_run.timestamp"
        and ("obskit.check.name", "rows") in point.series
    ]


def test_a_process_that_is_killed_leaves_the_time_of_its_last_run_to_grow_old(
    tmp_path: Path,
) -> None:
    """So that a rule that reads how long ago it was fires."""
    began = time.time()
    with checked(tmp_path) as (server, receiver):
        eventually(lambda: len(last_runs(receiver)) > 2, server)
        server.end(signal.SIGKILL)
        found = last_runs(receiver)
    assert not any(point.ends for point in found)
    (moment,) = {point.value for point in found}
    assert began <= moment <= time.time()


def test_a_process_that_ends_well_says_that_the_series_of_its_checks_end(tmp_path: Path) -> None:
    with checked(tmp_path) as (server, receiver):
        eventually(lambda: len(last_runs(receiver)) > 2, server)
        server.end(signal.SIGTERM)
        found = last_runs(receiver)
        assert arrivals.unended(receiver) == set()
    assert [point.ends for point in found[-2:]] == [False, True]


FAILS_ONCE = """
import obskit
from obskit import job
obskit.init("once")

@job("import", expect_every="24h")
def work():
    raise OSError("the file is gone")

try:
    work()
except OSError:
    pass
"""


def test_a_job_that_runs_once_and_fails_is_seen_by_its_state_and_to_have_been_counted(
    tmp_path: Path,
) -> None:
    """Its state needs no `increase()`, and its counter has a beginning to increase from."""
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OBSKIT_LOG_FORMAT": "none"}
        ended = run(FAILS_ONCE, environment(environ, tmp_path), tmp_path)
        assert ended.status == 0, ended.errors
        found = list(arrivals.all_points(receiver))
    counted = [
        (dict(point.series)["obskit.job.outcome"], point.value, point.ends)
        for point in found
        if point.metric == "obskit.job.runs"
    ]
    assert counted[:2] == [("failed", 0.0, False), ("failed", 1.0, False)]
    states = {
        dict(point.series)["obskit.job.state"]: point.value
        for point in found
        if point.metric == "obskit.job.status" and not point.ends
    }
    assert {state for state, value in states.items() if value} == {"failed"}
    assert set(states) >= {"never", "running", "ok", "failed", "lost", "too_long", "late"}


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["each loads", "preload"])
def test_gunicorns_workers_run_their_checks_before_anybody_asks(
    tmp_path: Path, options: list[str]
) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "idle.py").write_text(IDLE)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    command += ["--pythonpath", str(tmp_path), *options, "idle:app"]
    with Receiver() as receiver, running(command, port, receiver, tmp_path, **QUIET) as server:
        eventually(lambda: len(list(tmp_path.glob("ran-*"))) == 2, server)
        assert not (tmp_path / f"ran-{server.process.pid}").exists()
