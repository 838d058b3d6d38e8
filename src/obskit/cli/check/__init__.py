"""`obskit check`: run the checks of an app, watch them, silence them, look at their past."""

from __future__ import annotations

from importlib import import_module

import click

from obskit.cli.group import Group

_UNKNOWN = 3
_USAGE = 4
#: Command → its module and the command's name there; imported when it is called.
COMMANDS = {
    "history": ("history", "history"),
    "lint": ("lint", "lint"),
    "list": ("listing", "list_"),
    "run": ("run", "run"),
    "silence": ("silence", "silence"),
    "watch": ("watch", "watch"),
    "worker": ("worker", "worker"),
}


class Commands(Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command


# Monitoring reads Click's own 2 as critical, and its 1 as a warning.
@click.group(cls=Commands, refused=_USAGE, interrupted=_UNKNOWN)
def check() -> None:
    """Run the checks of an app, watch them, silence them, look at their past.

    But for the worker's, the app is imported without being started: obskit.init does nothing, and
    nothing is sent. What the app prints goes to standard error.
    """
