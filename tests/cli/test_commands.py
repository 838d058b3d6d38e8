"""The commands of `obskit`: listed without being imported, and all there."""

from __future__ import annotations

import subprocess
import sys

import pytest

testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

HELP = """\
Commands:
  alerts    Explain alerts, try their way to a person, report on their past.
  audit     Verify the audit, and make checkpoints of it.
  check     Run the checks of an app, watch them, silence them.
  console   Serve the status page of a service.
  deploy    Mark that a release is deployed.
  dev       Run a service and show the story of each request.
  doctor    Look for what is wrong with the monitoring itself.
  generate  Write alert rules, routes and dashboards of what an app declares.
  logs      Find and follow lines in log files, show a request's story.
  notify    Tell people of problems without a collector.
  probe     Ask a URL once whether it is healthy.
  review    Report on the checks with a tag.
  run       Run a command as a job.
  scrub     Mask the secrets in a log file.
  spool     Show, send or remove the telemetry that waits on disk.
  status    Show what is configured, and which processes run.
  top       Show jobs as they run, checks with their trends, budgets as gauges.
"""


def test_the_help_lists_each_command_in_a_line() -> None:
    result = testing.CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert result.output.endswith(f"\n\n{HELP}")


def test_the_help_imports_no_command() -> None:
    program = """
import sys
from obskit.cli import main
main(["--help"], standalone_mode=False)
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "obskit"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "obskit obskit.cli"


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "console",
        "deploy",
        "dev",
        "doctor",
        "logs",
        "probe",
        "review",
        "run",
        "scrub",
        "spool",
        "status",
    ],
)
def test_each_command_that_is_listed_can_be_called(command: str) -> None:
    result = testing.CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {command} ")


def test_another_command_is_refused() -> None:
    result = testing.CliRunner().invoke(main, ["chek"])
    assert result.exit_code == 2
    assert "No such command 'chek'" in result.output
