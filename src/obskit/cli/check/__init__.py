"""`obskit check`: run the checks of an app, watch them, silence them, look at their past."""

from __future__ import annotations

import click

from obskit.cli.group import Commands

_UNKNOWN = 3
_USAGE = 4
#: Command → its module and the command's name there; imported when it is called.
COMMANDS = {
    "history": ("history", "history"),
    "lint": ("lint", "lint"),
    "list": ("listing", "list_"),
    "report": ("report", "report"),
    "run": ("run", "run"),
    "silence": ("silence", "silence"),
    "watch": ("watch", "watch"),
    "worker": ("worker", "worker"),
}


# Monitoring reads Click's own 2 as critical, and its 1 as a warning.
@click.group(cls=Commands, package=__name__, modules=COMMANDS, refused=_USAGE, interrupted=_UNKNOWN)
def check() -> None:
    """Run the checks of an app, watch them, silence them, look at their past.

    But for the worker's, the app is imported without being started: obskit.init does nothing, and
    nothing is sent. What the app prints goes to standard error.
    """
