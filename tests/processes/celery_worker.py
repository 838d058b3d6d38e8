"""Real workers and a real beat of the observed app, and a process that sends it tasks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.config.child import Ended, environment
from tests.config.receiver import Receiver, attributes
from tests.processes import program

_ROOT = Path(__file__).parents[2]
_PATIENCE = 90
_SEND = """
import json, sys
import obskit
from celery import chain, chord, group, signature
from opentelemetry.trace import format_trace_id
from tests.processes.observed_tasks import app
with obskit.span("order") as span:
    sent = {}
answer = [result.get(timeout=60, propagate=False) for result in sent]
print(json.dumps([format_trace_id(span.get_span_context().trace_id), answer], default=repr))
"""


def environ_of(receiver: Receiver, folder: Path, broker: str = "filesystem://") -> dict[str, str]:
    """What the processes of a test see; by default they share folders as broker."""
    queue = folder / "queue"
    for name in ("in", "control", "results"):
        (queue / name).mkdir(parents=True, exist_ok=True)
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "SENTRY_DSN": receiver.dsn,
        "PYTHONPATH": str(_ROOT),
        "QUEUE": str(queue),
        "BROKER": broker,
        "BACKEND": f"file://{queue / 'results'}" if broker == "filesystem://" else broker,
    }


@contextmanager
def started(
    what: str, folder: Path, environ: dict[str, str], *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`celery worker`, `celery beat`; killed at the end. Its output is in a file of its name."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "tests.processes.observed_tasks"),
        *(what, *options),
    ]
    with (folder / what).open("wb") as output:
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
        process.wait(_PATIENCE)


@contextmanager
def working(
    folder: Path, environ: dict[str, str], *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that takes two tasks at a time."""
    quiet = "--without-gossip", "--without-mingle", "--concurrency", "2"
    with started("worker", folder, environ, *quiet, *options) as worker:
        yield worker


def send(what: str, folder: Path, environ: dict[str, str]) -> tuple[str, list[Any]]:
    """Send tasks in a span, in a process of its own, and wait for them.

    Args:
        what: Python: a list of what is sent.
        folder: Where it runs.
        environ: What it sees.

    Returns:
        The trace that they were sent in, and what they came to.
    """
    sent: Ended = program.run(_SEND.replace("{}", what), environ, folder)
    assert sent.status == 0, sent.errors
    trace_id, answer = sent.answer
    return trace_id, answer


def end(worker: subprocess.Popen[bytes]) -> None:
    """Shut it down as an operator does: it ends its tasks first."""
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(_PATIENCE) == 0


def tries(receiver: Receiver, name: str) -> list[dict[str, Any]]:
    """What the spans of a task's tries tell, with their traces."""
    return [
        {**attributes(span.attributes), "trace_id": span.trace_id.hex()}
        for batch in receiver.span_batches()
        for span in batch
        if span.name == f"run/{name}"
    ]


def errors(receiver: Receiver) -> list[tuple[str, str]]:
    """The errors that Sentry was told of: the outermost exception's type, and the trace."""
    return [
        (event["exception"]["values"][-1]["type"], event["contexts"]["trace"]["trace_id"])
        for event in receiver.envelope_items("event")
    ]
