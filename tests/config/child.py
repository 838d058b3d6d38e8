"""A service in a process of its own, with an environment that holds nothing but what a test says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

START = "import logging, json, obskit\nobskit.init('t')\n"
#: One span, one log record, one metric.
ONE_OF_EACH = """
from obskit import metrics
with obskit.span("work"):
    obskit.get_logger("shop").info("placed")
metrics.count("orders")
"""
_PATIENCE = 90


class Ended(NamedTuple):
    """What became of a process: its output, and its console without obskit's last word."""

    status: int
    output: str
    errors: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The console's lines."""
        return [json.loads(line) for line in self.errors.splitlines() if line.startswith("{")]

    @property
    def answer(self) -> Any:
        """What the script printed as JSON, last."""
        return json.loads(self.output.splitlines()[-1])


def run(script: str, environ: Mapping[str, str], folder: Path) -> Ended:
    """Run a script to its end.

    Args:
        script: Python.
        environ: The variables that it sees, beside what every process needs.
        folder: Where it runs: no file of ours lies there.
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(environ, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    told = (
        line for line in done.stderr.splitlines(keepends=True) if "telemetry ended:" not in line
    )
    return Ended(done.returncode, done.stdout, "".join(told))


def environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables of a child."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {
        **kept,
        "PATH": os.defpath,
        "OBSKIT_RUN_DIR": str(folder / "run"),
        "OBSKIT_SPOOL_DIR": str(folder / "spool"),
        # The exit must not cut off what a slow machine has not sent yet.
        "OBSKIT_SHUTDOWN_TIMEOUT": "30",
        # Client libraries take a second to import, and few tests are about them.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
        **environ,
    }


def serve(script: str, environ: Mapping[str, str], folder: Path) -> Any:
    """Run a service to its end, which must be a good one, and give what it printed as JSON."""
    ended = run(START + script, environ, folder)
    assert ended.status == 0, ended.errors
    return ended.answer if ended.output else None
