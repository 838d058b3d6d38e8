"""`obskit alerts`: when alerts fire and who hears, drills of the whole way, reports of their past."""

from __future__ import annotations

import click

from obskit.cli.group import Commands

_FAILED, _USAGE = 1, 4
#: Command → its module and the command's name there; imported when it is called.
COMMANDS = {
    "explain": ("explain", "explain"),
    "report": ("report", "report"),
    "simulate": ("simulate", "simulate"),
}


@click.group(cls=Commands, package=__name__, modules=COMMANDS, refused=_USAGE, interrupted=_FAILED)
def alerts() -> None:
    """Explain alerts, try their way to a person, report on their past.

    The app is imported without being started: obskit.init does nothing, and nothing is sent but by
    simulate. What the app prints goes to standard error.
    """
