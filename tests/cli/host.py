"""A folder with an app in it, and what `obskit check` says of it."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

from click.testing import CliRunner, Result
from tests.checks.given import PATIENCE

from obskit.cli import main
from obskit.state.opening import open_store
from obskit.state.store import Run, Store

CHECKS = """
import obskit
checks = obskit.Registry()
"""


class Host:
    """A folder with an app in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A name of its own: an imported module stays for the tests after this one. No decimal
        # number, which may pass for that of a card and be masked.
        self.name = f"app_x{abs(hash(str(folder))):x}x"

    def write(self, code: str, before: str = CHECKS) -> None:
        (self.folder / f"{self.name}.py").write_text(before + dedent(code))

    def run(
        self,
        *arguments: str,
        app: str = "checks",
        command: str = "run",
        environ: dict[str, str | None] | None = None,
    ) -> Result:
        return CliRunner(env=environ).invoke(
            main, ["check", command, "--app", f"{self.name}:{app}", *arguments]
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """The command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "obskit", *arguments, "--app", f"{self.name}:checks"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command in a process of its own, when it has ended."""
        with self.begin(*arguments) as begun:
            output, errors = begun.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(begun.args, begun.returncode, output, errors)

    @cached_property
    def store(self) -> Store:
        """Where the app's processes share their state; closed when the test ends."""
        return open_store(f"sqlite:///{self.folder}/state/state.sqlite3", "unknown_service:python")


def kept(check: str, started: float = 0.0, **given: Any) -> Run:
    """A kept run that was ok, but for what is given."""
    status = given.get("status", "ok")
    usual: dict[str, Any] = {
        "status": status,
        "damped": status,
        "since": started,
        "last_success": None,
        "row": 1,
        "value": None,
        "unit": "",
        "message": "",
        "details": {},
        "evidence": [],
        "duration": 0.012,
    }
    return Run(check=check, started=started, **(usual | given))


def lines(result: Result) -> list[str]:
    """The output, without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "NOW", result.stdout)
    return re.sub(r"\(\d+(\.\d)?m?s\)", "(TIME)", text).splitlines()
