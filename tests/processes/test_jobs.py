"""Runs of jobs by real `obskit run` processes, and what a resident service makes of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.checks.given import PATIENCE, eventually
from tests.config import child
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

from obskit.operations.lateness import judge
from obskit.state.opening import open_store
from obskit.state.store import JobRun, Store

OVERLAPS = 75
HOLDS = ("sh", "-c", "echo begun; read line")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The state that all processes of the service share, as this one sees it."""
    with closing(open_store(f"sqlite:///{tmp_path}/spool/state.sqlite3", "shop")) as opened:
        yield opened


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `obskit run`, in a group of its own so that all of it can be killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "obskit", "run", "--job", "import", *arguments],
            env=child.environment({"OTEL_SERVICE_NAME": "shop"}, tmp_path),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        kill(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a run with its command, as a machine that loses its power does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def begun(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    _, errors = process.communicate(b"\n", PATIENCE)
    return process.returncode, errors


def outcomes(runs: list[JobRun]) -> list[str]:
    return [run.outcome for run in reversed(runs)]


def pass_by(folder: Path, store: Store, seconds: float) -> None:
    """Nobody can move the clock of other processes: what they have left is moved, the other way."""
    with closing(sqlite3.connect(folder / "spool" / "state.sqlite3")) as file, file:
        file.execute("UPDATE leases SET until = until - ? WHERE name LIKE 'job:%'", (seconds,))
    for run in store.job_runs("import"):
        if run.outcome == "running":
            store.put_job(replace(run, started=run.started - seconds, beat=run.beat - seconds))


Start = Callable[..., subprocess.Popen[bytes]]


def test_of_two_runs_that_refuse_overlap_one_begins(start: Start, store: Store) -> None:
    first = begun(start("--overlap", "refuse", "--", *HOLDS))
    status, errors = ended(start("--overlap", "refuse", "--", "echo", "ran"))
    assert status == OVERLAPS
    assert errors.startswith(b"obskit run: the job 'import' (")
    assert b"was not begun: another run of it goes on" in errors
    assert ended(first) == (0, b"")
    assert ended(start("--overlap", "refuse", "--", "true")) == (0, b"")
    assert outcomes(store.job_runs("import")) == ["ok", "ok"]


def test_another_process_sees_two_runs_that_go_on_at_once(start: Start, store: Store) -> None:
    both = [begun(start("--", *HOLDS)) for _ in range(2)]
    runs = store.latest_jobs()["import"]
    assert outcomes(runs) == ["running", "running"]
    assert judge(runs, runs[0].beat).state == "running"
    assert [ended(process) for process in both] == [(0, b""), (0, b"")]
    assert outcomes(store.job_runs("import")) == ["ok", "ok"]


def test_a_run_that_is_killed_blocks_the_next_one_for_a_while_only(
    start: Start, store: Store, tmp_path: Path
) -> None:
    kill(begun(start("--overlap", "refuse", "--", *HOLDS)))
    assert ended(start("--overlap", "refuse", "--", "true"))[0] == OVERLAPS
    pass_by(tmp_path, store, 61)
    assert ended(start("--overlap", "refuse", "--", "true")) == (0, b"")


@contextmanager
def service(receiver: Receiver, folder: Path) -> Iterator[Server]:
    """Gunicorn with two workers that have answered: each takes part."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"),
        *("--no-control-socket", "tests.processes.triggered:application"),
    ]
    with running(command, port, receiver, folder, OTEL_METRIC_EXPORT_INTERVAL="1000") as server:
        pids: set[bytes] = set()

        def both_serve() -> bool:
            with ThreadPoolExecutor(4) as pool:
                pids.update(pool.map(lambda _: server.get(), range(4)))
            return len(pids - {b""}) == 2

        eventually(both_serve)
        yield server


def is_looked_after(store: Store) -> bool:
    """Whether a process of the service keeps house: what a run leaves to it is not lost."""
    return store.lease("housekeeping", "test", 0.001) is None


def test_each_run_elsewhere_triggers_a_check_of_a_service_once(
    start: Start, store: Store, tmp_path: Path
) -> None:
    pytest.importorskip("gunicorn")
    ran = tmp_path / "ran"
    ran.touch()
    with Receiver() as receiver, service(receiver, tmp_path) as server:
        eventually(lambda: is_looked_after(store))
        for number in range(2):
            assert ended(start("--", "true")) == (0, b"")
            eventually(lambda: len(ran.read_text().split()) > number)  # noqa: B023
        eventually(lambda: arrivals.total(receiver, "obskit.job.runs") == 2)
        assert server.end() == 0, server.output
    pids = ran.read_text().split()
    assert len(pids) == 2
    assert len(set(pids)) == 1
    assert [run.status for run in store.runs("fresh")] == ["ok", "ok"]


def test_a_run_that_is_killed_is_ended_as_lost_by_a_service(
    start: Start, store: Store, tmp_path: Path
) -> None:
    pytest.importorskip("gunicorn")
    kill(begun(start("--", *HOLDS)))
    pass_by(tmp_path, store, 61)
    with Receiver() as receiver, service(receiver, tmp_path) as server:
        eventually(lambda: outcomes(store.job_runs("import")) == ["lost"])
        eventually(lambda: arrivals.total(receiver, "obskit.job.runs") == 1)
        assert server.output.count("a run of import is lost: its process is gone") == 1
