"""`obskit check list`: what is declared."""

from __future__ import annotations

import click

from obskit.cli import application, state
from obskit.cli.check.choice import ordered
from obskit.cli.check.plain import declaration_as_json, write_json
from obskit.cli.check.table import write
from obskit.overview.checks import when
from obskit.telemetry.console import visible


@click.command("list")
@application.APP
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(app: str | None, as_json: bool) -> None:
    """List the declared checks, each after what it depends on. Run none."""
    with application.inert():
        checks = [each for group in ordered(application.load(app).checks) for each in group]
        silences = state.silences(state.configuration())
    if as_json:
        write_json({"checks": [declaration_as_json(each, silences) for each in checks]})
        return
    names, times = max(len(each.name) for each in checks), max(len(when(each)) for each in checks)
    for each in checks:
        described = visible(each.description)
        write(
            [f"{each.name:<{names}}  {each.severity}  {when(each):<{times}}  {described}".rstrip()]
        )
        if each.name in silences:
            write([f"    {state.told(silences[each.name])}"])
