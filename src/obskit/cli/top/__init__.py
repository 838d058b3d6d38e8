"""`obskit top`: jobs as they run, checks by their trend, budgets as gauges."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

import click

from obskit.cli import application, state
from obskit.cli.check.table import write
from obskit.cli.group import Command
from obskit.cli.screen import shown_on
from obskit.cli.spans import read_span
from obskit.cli.top.view import lines
from obskit.clock import SYSTEM_CLOCK

_USAGE = 4


@click.command(cls=Command, refused=_USAGE, interrupted=_USAGE)
@application.APP
@click.option(
    "--since",
    default="24h",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How far back trends go.",
)
@click.option(
    "--every",
    default="2s",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="Between two looks.",
)
@click.option("--once", is_flag=True, help="Print it once, and end.")
def top(app: str | None, since: float, every: float, once: bool) -> None:
    """Show jobs, checks and budgets as they are kept, again and again, until Ctrl-C.

    Of a job that runs, how far it is; of each other, how it stands. Of a check, its value against its
    limit, the trend, and by how much it has changed. Nothing is run here: what is shown is what the
    processes of the service have found.
    """
    output = sys.stdout
    with application.inert(), suppress(KeyboardInterrupt):
        registry = application.load(app)
        config = state.configuration()

        def look() -> list[str]:
            with state.reading(config) as store:
                return list(lines(registry, store, config.service, SYSTEM_CLOCK.now(), since))

        if once:
            write(look(), output)
            return
        with shown_on(output, "obskit top") as show:
            while True:
                show(look())
                time.sleep(every)
