"""`obskit alerts explain`: when an alert fires, and who hears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from obskit.alerts.explain import concerning, facts, hearers
from obskit.alerts.inventory import Inventory
from obskit.alerts.rule import Alert
from obskit.cli import application, state
from obskit.cli.alerts.expected import inventory
from obskit.cli.check.notifying import ALERTS
from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.exceptions import ObskitError
from obskit.receivers.model import Directory
from obskit.receivers.reading import read_directory
from obskit.telemetry.console import visible


@click.command()
@application.APP
@ALERTS
@click.argument("name")
def explain(app: str | None, alerts: Path, name: str) -> None:
    """Tell when the alerts of NAME fire, and who hears of them.

    NAME is a check, a job, an operation or an alert. Where two have one name, write check:NAME,
    job:NAME or operation:NAME.
    """
    with application.inert():
        registry = application.load(app)
        config = state.configuration()
    expected = inventory(registry, config)
    try:
        found = concerning(expected, name)
        directory = read_directory(alerts) if alerts.exists() else None
    except (ObskitError, LookupError) as wrong:
        raise Refused(str(wrong)) from None
    if not found:
        raise Refused(f"no alert is generated for {name!r}")
    write(_lines(found, expected, directory))
    if directory is None:
        click.echo(f"who hears is not known: there is no {alerts}; give --alerts", err=True)


def _lines(found: list[Alert], expected: Inventory, directory: Directory | None) -> Iterator[str]:
    for number, one in enumerate(found):
        if number:
            yield ""
        yield visible(one.name)
        yield from (f"  {word:<10}{visible(told)}" for word, told in facts(one))
        if directory is not None:
            told_of = hearers(one, expected, directory)
            yield from (f"  {word:<10}{visible(told)}" for word, told in told_of)
