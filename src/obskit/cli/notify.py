"""`obskit notify`: what people are told by obskit itself, where there is no collector."""

from __future__ import annotations

from pathlib import Path

import click

from obskit.cli import state
from obskit.cli.check.notifying import ALERTS, hearers
from obskit.cli.group import Group
from obskit.clock import SYSTEM_CLOCK
from obskit.exceptions import ObskitError
from obskit.notify import channels
from obskit.notify.message import trial
from obskit.notify.outbox import by_apprise
from obskit.telemetry.console import visible

_FAILED, _USAGE = 1, 4


@click.group(cls=Group, refused=_USAGE, interrupted=_FAILED)
def notify() -> None:
    """Tell people of problems without a collector, as alerts.toml says."""


@notify.command()
@ALERTS
@click.option("--service", help="The service, as messages name it.")
def test(alerts: Path, service: str | None) -> None:
    """Send one message through every channel, and say what came of it.

    \b
    Exit code:
      0  every channel took it
      1  one did not
      4  the command or alerts.toml is wrong
    """  # noqa: D301 - Click reads the backspace itself
    config = state.configuration(service)
    directory = hearers(config, alerts, keeps=False)
    send = by_apprise(directory.mailer)
    failed = False
    for name, channel in channels.all_of(directory).items():
        now = SYSTEM_CLOCK.now()
        message = trial(name, config.service, config.environment or "", now)
        try:
            why = send(name, channel, message, f"{config.service}:test")
        except ObskitError as error:
            why = str(error)
        failed = failed or why is not None
        click.echo(visible(f"{name}: {'taken' if why is None else f'not taken: {why}'}"))
    click.get_current_context().exit(_FAILED if failed else 0)
