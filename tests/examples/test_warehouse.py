"""The example warehouse, as far as it needs no database; tests/rows walks its table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WAREHOUSE = Path(__file__).parents[2] / "examples" / "warehouse"
COMMAND = ("generate", "all", "--app", "watch", "--service", "warehouse")


def obskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in the example's folder, with nothing configured."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OBSKIT_", "OTEL_", "WAREHOUSE_")) and name != "DATABASE_URL"
    }
    command = [sys.executable, "-m", "obskit", *arguments]
    return subprocess.run(
        command,
        cwd=WAREHOUSE,
        env=environ,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def test_rules_routes_and_dashboards_are_those_of_what_is_declared(tmp_path: Path) -> None:
    """The rules' own tests are not kept: they are made, and then nothing differs."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    generated = tmp_path / "generated"
    shutil.copytree(WAREHOUSE / "generated", generated)
    options = ("--environment", "production", "-o", str(generated))
    written = obskit(*COMMAND, *options)
    assert written.returncode == 0, written.stderr
    anew = [line for line in written.stdout.splitlines() if line.startswith("wrote ")]
    assert {Path(line.removeprefix("wrote ")).parent.name for line in anew} <= {"tests"}
    checked = obskit(*COMMAND, *options, "--check")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_nothing_that_is_declared_is_unwise() -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    linted = obskit("check", "lint", "--app", "watch")
    assert (linted.returncode, linted.stdout) == (0, "checks: 25, findings: 0\n")
