"""A program in a file of its own, as `multiprocessing` wants it, run to its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.config.child import Ended, environment

_PATIENCE = 90


def run(
    script: str, environ: Mapping[str, str], folder: Path, arguments: Sequence[str] = ()
) -> Ended:
    """Run a program to its end.

    Args:
        script: Python.
        environ: The variables that it sees, beside what every process needs.
        folder: Where it lies and runs.
        arguments: What it is given.
    """
    file = folder / "program.py"
    file.write_text(script)
    done = subprocess.run(
        [sys.executable, str(file), *arguments],
        env=environment(environ, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
