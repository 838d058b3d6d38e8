"""A real Celery worker, a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.checks.given import eventually
from tests.config.child import environment

from obskit.checks.library.celery import Workers
from obskit.checks.measurement import Measurement

ROOT = Path(__file__).parents[3]


@contextmanager
def working(app: Any, name: str, folder: Path, broker: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that takes tasks, killed at the end."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "tests.checks.library.tasks", "worker"),
        *("--pool", "solo", "--hostname", name, "--without-gossip", "--without-mingle"),
    ]
    environ = {"BROKER": broker, "FOLDER": str(folder), "PYTHONPATH": str(ROOT)}
    with (folder / f"{name}.output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(environ, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        check = Workers(app, [name], wait="500ms")

        def answers() -> bool:
            assert process.poll() is None, (folder / f"{name}.output").read_text()
            return isinstance(check(), Measurement)

        eventually(answers)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
