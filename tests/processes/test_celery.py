"""Celery ends its children by `os._exit`: what they tell arrives all the same, without any hook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.config.child import environment
from tests.config.receiver import Receiver
from tests.processes import arrivals, program

ROOT = Path(__file__).parents[2]
TASKS = 10
SEND = """
import json
from obskit import default_runtime
with default_runtime.inert():
    from tests.processes.tasks import work
results = [work.delay(number) for number in range(10)]
print(json.dumps([result.get(timeout=60) for result in results]))
"""


@contextmanager
def celery(
    folder: Path, environ: dict[str, str], *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with two children."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "tests.processes.tasks", "worker"),
        *("--concurrency", "2", "--without-gossip", "--without-mingle", *options),
    ]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(environ, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def test_every_task_is_told_of_once_though_each_child_runs_one(tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    for name in ("in", "control", "results"):
        (queue / name).mkdir(parents=True)
    with Receiver() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "PYTHONPATH": str(ROOT),
            "QUEUE": str(queue),
        }
        with celery(tmp_path, environ, "--max-tasks-per-child", "1") as worker:
            sent = program.run(SEND, environ, tmp_path)
            assert sent.status == 0, sent.errors
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        output = (tmp_path / "output").read_text()
    assert len(set(sent.answer)) == TASKS
    assert arrivals.spans(receiver) == {"work": TASKS}, output
    assert len(arrivals.traces(receiver)) == TASKS
    assert arrivals.lines(receiver, "worked") == TASKS
    assert arrivals.total(receiver, "done") == TASKS
    assert arrivals.unended(receiver) == set()
    # The parent, two children, and one that begins while another ends.
    assert len(arrivals.instances(receiver)) in range(3, 6)
