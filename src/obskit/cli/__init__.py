"""The command line, `obskit`. Each command is a file here, imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

try:
    import click
except ModuleNotFoundError:  # pragma: no cover - shown by a test that runs without click
    sys.exit("The obskit command needs a package: pip install 'obskit-otel[cli]'")

#: Command → what it does. It is a function in the module of its name.
COMMANDS = {
    "alerts": "Explain alerts, try their way to a person, report on their past.",
    "audit": "Verify the audit, and make checkpoints of it.",
    "check": "Run the checks of an app, watch them, silence them.",
    "console": "Serve the status page of a service.",
    "deploy": "Mark that a release is deployed.",
    "dev": "Run a service and show the story of each request.",
    "doctor": "Look for what is wrong with the monitoring itself.",
    "generate": "Write alert rules, routes and dashboards of what an app declares.",
    "logs": "Find and follow lines in log files, show a request's story.",
    "notify": "Tell people of problems without a collector.",
    "probe": "Ask a URL once whether it is healthy.",
    "review": "Report on the checks with a tag.",
    "run": "Run a command as a job.",
    "scrub": "Mask the secrets in a log file.",
    "spool": "Show, send or remove the telemetry that waits on disk.",
    "status": "Show what is configured, and which processes run.",
    "top": "Show jobs as they run, checks with their trends, budgets as gauges.",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is called, so that `obskit probe` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any: Click would ask each for its help."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="obskit-otel")
def main() -> None:
    """Observability for Python services: checks, stories, status."""
