"""`obskit check run`: run checks now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from obskit.cli import application, state
from obskit.cli.check.choice import Groups, choose
from obskit.cli.check.junit import document
from obskit.cli.check.nagios import PluginCommand
from obskit.cli.check.nagios import line as nagios_line
from obskit.cli.check.notifying import ALERTS, NOTIFY, hearers, run_and_tell
from obskit.cli.check.plain import round_as_json, write_json
from obskit.cli.check.round import Found, run_once, worst
from obskit.cli.check.table import table, write
from obskit.cli.spans import read_span
from obskit.config import Config
from obskit.receivers.model import Directory
from obskit.registry import Registry

_GROUP = click.option(
    "--group", "groups", multiple=True, help="Those of this group; several times."
)
_TAG = click.option("--tag", "tags", multiple=True, help="Those with this tag; several times.")


@click.command(cls=PluginCommand)
@application.APP
@_GROUP
@_TAG
@click.option("--full", is_flag=True, help="Also those with the tag full.")
@click.option(
    "--timeout",
    metavar="SPAN",
    callback=read_span,
    help="How long all of it may take: 30s. What is not done is unknown.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show details and evidence too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--nagios", is_flag=True, help="Print one line as a Nagios plugin does.")
@click.option("--junit", "as_junit", is_flag=True, help="Print JUnit's XML.")
@NOTIFY
@ALERTS
@click.argument("names", nargs=-1)
def run(
    app: str | None,
    timeout: float | None,
    verbose: bool,
    as_json: bool,
    nagios: bool,
    as_junit: bool,
    notify: bool,
    alerts: Path,
    names: tuple[str, ...],
    **chosen_by: Any,
) -> None:
    """Run checks: those NAMED and what they depend on, else all. Print all that ran.

    Each runs after what it depends on, and is skipped where that is down. Several run at once.

    \b
    Exit code, of all that ran, in this order:
      2  a check is critical
      3  one is unknown or skipped
      1  one is a warning
      0  all are ok
      4  nothing was run: the command or the app is wrong (with --nagios: 3)
    """  # noqa: D301 - Click reads the backspace itself
    if as_json + nagios + as_junit > 1:
        raise click.UsageError("give one of --json, --nagios and --junit")
    with application.inert():
        registry = application.load(app)
        chosen = choose(registry.checks, names, **chosen_by)
        config = state.configuration()
        silences = {} if nagios else state.silences(config)
        found = _found(
            registry, chosen, config, timeout, hearers(config, alerts) if notify else None
        )
    if as_json:
        write_json(round_as_json(found, silences))
    elif nagios:
        write([nagios_line(found)])
    elif as_junit:
        write([document(found)])
    else:
        write(table(found, silences, verbose=verbose))
    click.get_current_context().exit(worst(found).exit_code)


def _found(
    registry: Registry,
    chosen: Groups,
    config: Config,
    timeout: float | None,
    directory: Directory | None,
) -> Found:
    if directory is None:
        return run_once(registry, chosen, config, timeout)
    return run_and_tell(registry, chosen, config, timeout, directory)
