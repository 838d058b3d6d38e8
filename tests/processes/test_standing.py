"""What the processes of a service tell of themselves: each of itself, and of none that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.checks.given import eventually
from tests.config.child import environment, run
from tests.config.receiver import Receiver
from tests.processes.server import free_port, running
from tests.processes.test_gunicorn import gunicorn

from obskit.config import Config
from obskit.overview import standing
from obskit.overview.story import find

FORKS = """
import os, signal, sys, time
import obskit
from obskit import default_runtime
from obskit.operations.operation import operation

obskit.init("shop")
payment = operation("payment")

def serve(times):
    for _ in range(times):
        with payment.run() as run:
            run.fail("declined")
    obskit.get_logger("shop").error(f"{times} times")
    default_runtime.current().serving()

serve(3)
child = os.fork()
serve(2 if child == 0 else 1)
if child == 0:
    time.sleep(600)
print(child, flush=True)
sys.stdin.readline()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print("killed", flush=True)
sys.stdin.readline()
"""


def config_of(folder: Path) -> Config:
    """That of the services which are started here."""
    return Config(service="shop", run_dir=str(folder / "run"), console=True)


def processes(folder: Path) -> set[int]:
    """The processes that tell now."""
    told, problems = standing.read(config_of(folder), time.time())
    assert problems == []
    return {each.process.pid for each in told}


def test_each_worker_tells_of_itself_and_a_killed_one_of_nothing_more(tmp_path: Path) -> None:
    with (
        Receiver() as receiver,
        gunicorn(receiver, tmp_path, "--preload", app="probed", OBSKIT_CONSOLE="true") as server,
    ):
        served: set[int] = set()

        def both() -> bool:
            served.add(int(server.get()))
            return len(served) == 2 and processes(tmp_path) == served

        eventually(both)
        killed = served.pop()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: killed not in processes(tmp_path))
        assert served <= processes(tmp_path)
        assert server.end() == 0, server.output
        assert "Traceback" not in server.output
    left = {path.name for path in standing.folder(config_of(tmp_path)).glob("*.json")}
    assert len(left) <= 1, left  # that of the killed one, unless another took its place
    assert processes(tmp_path) == set()


def test_spans_that_a_process_had_kept_are_there_when_it_was_killed(tmp_path: Path) -> None:
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "1", "--bind", f"127.0.0.1:{port}"),
        *("--no-control-socket", "tests.processes.shop:application"),
    ]
    variables = {"OBSKIT_CONSOLE": "true", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    config = config_of(tmp_path)
    with Receiver() as receiver, running(command, port, receiver, tmp_path, **variables) as server:
        server.get()
        eventually(lambda: any(standing.folder(config).glob("*-traces-0.bin")))
        server.get("/killed")
        (log,) = [line for line in server.output.splitlines() if '"event":"GET / 200"' in line]
    story = find(config, log.partition('"trace_id":"')[2][:32])
    assert story is not None
    assert [span.name for span in story.spans] == ["GET"]


def test_a_forked_child_tells_of_its_own_work_alone(tmp_path: Path) -> None:
    host = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", FORKS],
        env=environment({"OBSKIT_CONSOLE": "true"}, tmp_path),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    assert host.stdin is not None
    child = int(host.stdout.readline())
    eventually(lambda: processes(tmp_path) == {host.pid, child})

    def counted() -> dict[int, tuple[int, list[str]]]:
        told, _ = standing.read(config_of(tmp_path), time.time())
        return {
            each.process.pid: (
                each.operations["payment"].runs,
                [error.message for error in each.errors],
            )
            for each in told
        }

    eventually(
        lambda: counted() == {host.pid: (4, ["3 times", "1 times"]), child: (2, ["2 times"])}
    )
    host.stdin.write("\n")
    host.stdin.flush()
    assert host.stdout.readline() == "killed\n"
    assert processes(tmp_path) == {host.pid}
    host.communicate("\n", timeout=60)
    assert host.returncode == 0
    assert processes(tmp_path) == set()


REPORTS = """
import json, time
import obskit
from obskit import default_runtime
from obskit.overview import standing

obskit.init("shop")
runtime = default_runtime.current()
try:
    raise KeyError("sku")
except KeyError:
    obskit.get_logger("shop").exception("it broke")
runtime.serving()
errors = []
while not errors:
    errors = [error for told in standing.read(runtime.config, time.time())[0] for error in told.errors]
print(json.dumps([(error.type, error.event_id) for error in errors]))
"""


def test_an_error_is_told_with_the_id_that_sentry_shows(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk", reason="the extra is not installed")
    with Receiver() as receiver:
        variables = {"OBSKIT_CONSOLE": "true", "SENTRY_DSN": receiver.dsn}
        ended = run(REPORTS, variables, tmp_path)
        assert ended.status == 0, ended.errors
        (event,) = receiver.envelope_items("event")
    assert ended.answer == [["KeyError", event["event_id"]]]
