"""The command line, `obskit`. Each command is a file here, imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

try:
    import click
except ModuleNotFoundError:  # pragma: no cover - shown by a test that runs without click
    sys.exit("The obskit command needs a package: pip install 'obskit-otel[cli]'")

#: Command → the module that holds a function of the same name.
COMMANDS = {
    "check": "obskit.cli.check",
    "dev": "obskit.cli.dev",
    "probe": "obskit.cli.probe",
    "review": "obskit.cli.review",
    "run": "obskit.cli.run",
    "scrub": "obskit.cli.scrub",
    "spool": "obskit.cli.spool",
    "status": "obskit.cli.status",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is called, so that `obskit check` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="obskit-otel")
def main() -> None:
    """Observability for Python services: checks, stories, status."""
