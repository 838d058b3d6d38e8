"""`obskit check lint`: what is unwise in what is declared."""

from __future__ import annotations

from dataclasses import asdict

import click

from obskit.checks.lint import lint as find
from obskit.cli import application, state
from obskit.cli.check.plain import write_json
from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.telemetry.console import visible

_COLOURS = {"refusal": "red", "warning": "yellow"}


@click.command()
@application.APP
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lint(app: str | None, as_json: bool) -> None:
    """Look for what is unwise in what is declared. Run nothing.

    \b
    Exit code:
      0  nothing was found
      1  warnings
      2  something that cannot be meant
      4  the command or the app is wrong
    """  # noqa: D301 - Click reads the backspace itself
    with application.inert():
        checks = application.load(app).checks
        config = state.configuration()
    if not checks:
        raise Refused("no checks are declared there")
    found = find(checks, config.state_url)
    if as_json:
        write_json({"findings": [asdict(each) for each in found]})
    else:
        write(
            f"{click.style(f'{each.level:<7}', fg=_COLOURS[each.level])}  {each.check}"
            f"  {visible(each.message)}  ({each.place})"
            for each in found
        )
        write([f"checks: {len(checks)}, findings: {len(found)}"])
    levels = {each.level for each in found}
    click.get_current_context().exit(2 if "refusal" in levels else 1 if levels else 0)
