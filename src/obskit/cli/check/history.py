"""`obskit check history`: what a check came to in the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import click

from obskit.checks.model import Status
from obskit.cli import application, state
from obskit.cli.bars import bars
from obskit.cli.check import table
from obskit.cli.check.plain import silence_as_json, write_json
from obskit.cli.group import Refused
from obskit.cli.spans import read_span
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config
from obskit.duration import format_duration
from obskit.number import format_number
from obskit.state.store import Run, Silence, Store
from obskit.telemetry.console import visible

# Two weeks of a check that runs each minute.
_MOST = 20_000


@click.command()
@application.APP
@click.option("--service", help="The service, where no app is given.")
@click.option(
    "--since",
    default="7d",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How far back.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("name")
def history(app: str | None, service: str | None, since: float, as_json: bool, name: str) -> None:
    """Show the kept runs of the check NAME, the newest last, how many were up, and its values as bars.

    Kept is what processes of the service run for a host or the fleet, and for how long the
    configuration says.
    """
    with application.inert():
        if app:
            application.load(app)
        config = state.configuration(service)
    now = SYSTEM_CLOCK.now()
    with state.reading(config) as store:
        runs = store.runs(name, since=now - since, limit=_MOST)[::-1]
        silence = state.lasting(store).get(name)
        if not runs:
            _require(store, name, config)
    if as_json:
        shown = [_as_json(run) for run in runs]
        write_json({"check": name, "silence": silence_as_json(silence), "runs": shown})
    else:
        none = f"no run of {name} in the last {format_duration(since)}"
        table.write(_lines(runs, silence) if runs else [none])
    if len(runs) == _MOST:
        click.echo(f"these are the newest {_MOST}: for older ones there is no room", err=True)


def _require(store: Store, name: str, config: Config) -> None:
    known = store.latest()
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    hint = f": did you mean {near[0]!r}?" if near else f", but of {', '.join(sorted(known))}"
    if not known:
        hint = ", nor of any other check: does its service run, and is it this one?"
    raise Refused(
        f"no run of {name!r} of the service {config.service!r} is kept in {state.place(config)}{hint}"
    )


def _lines(runs: Sequence[Run], silence: Silence | None) -> Iterator[str]:
    values = [_value(run) for run in runs]
    widest = max(map(len, values))
    for run, value in zip(runs, values, strict=True):
        held = f"(counts as {run.damped}) " if run.damped != run.status else ""
        told = f"{held}{visible(run.message)}".rstrip()
        took = format_duration(run.duration)
        yield (
            f"{to_rfc3339(run.started)[:19]}Z  {table.status(Status(run.status))}  {value:>{widest}}"
            f"  {took:>5}  {told}"
        ).rstrip()
    up = sum(not Status(run.status).is_down for run in runs)
    yield f"up in {up} of {len(runs)} runs, {100 * up / len(runs):.4g} %"
    measured = [run.value for run in runs if run.value is not None]
    if measured:
        ends = min(measured), max(measured), measured[-1]
        low, high, last = (format_number(each) for each in ends)
        yield f"{bars(measured)}  {low} to {high}, last {last}"
    if silence is not None:
        yield state.told(silence)


def _value(run: Run) -> str:
    if run.value is None:
        return "-"
    unit = "" if run.unit == "1" else run.unit.strip("{}")
    return visible(f"{format_number(run.value)} {unit}".rstrip())


def _as_json(run: Run) -> dict[str, Any]:
    return {
        "started": to_rfc3339(run.started),
        "status": run.status,
        "counts_as": run.damped,
        "value": run.value,
        "unit": run.unit,
        "message": run.message,
        "duration_seconds": round(run.duration, 6),
        "details": dict(run.details),
        "evidence": list(run.evidence),
        "trace_id": run.trace_id,
        "instance": run.instance,
    }
