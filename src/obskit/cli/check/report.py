"""`obskit check report`: how the checks have watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from obskit.cli import application, state
from obskit.cli.check.choice import choose
from obskit.cli.check.plain import write_json
from obskit.cli.check.record import Watched, watched
from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.cli.spans import read_span
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.duration import format_duration

# A month of a check that runs each two minutes.
_MOST = 20_000
_HEAD = ("CHECK", "WATCHED", "UP", "FAILED", "LONGEST", "MENDED", "FLAPPED", "IN TIME", "DETECTED")


@click.command()
@application.APP
@click.option(
    "--since",
    default="30d",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How far back.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("names", nargs=-1)
def report(app: str | None, since: float, as_json: bool, names: tuple[str, ...]) -> None:
    """Tell how the checks have watched, from their kept runs: all of them, or NAMES.

    \b
    WATCHED   for which share of the time its result counted
    UP        for which share of that time it was not critical
    FAILED    how often people were told
    MENDED    how often it was well within five minutes: maybe for nothing
    FLAPPED   how often it failed again within fifteen minutes
    IN TIME   how many failings ended, or were silenced, within an hour
    DETECTED  the longest time from the last good run to when it was known
    """  # noqa: D301 - Click reads the backspace itself
    now = SYSTEM_CLOCK.now()
    with application.inert():
        registry = application.load(app)
        config = state.configuration()
        groups = choose(registry.checks, names=names, full=True)
        chosen = [check for group in groups for check in group if not names or check.name in names]
    found: list[Watched] = []
    with state.reading(config) as store:
        silences = state.lasting(store)
        for check in chosen:
            runs = store.runs(check.name, since=now - since, limit=_MOST)[::-1]
            silence = silences.get(check.name)
            one = watched(check, runs, now - since, now, silence.begun if silence else None)
            found += [one] if one else []
    if not found:
        raise Refused(f"no run of a check is kept in {state.place(config)} since then")
    if as_json:
        write_json({"since": to_rfc3339(now - since), "checks": [_as_json(one) for one in found]})
    else:
        write(_table(found))


def _table(found: Sequence[Watched]) -> Iterator[str]:
    rows = [_HEAD, *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        padded = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()
    restless = [one.name for one in found if one.failings.is_restless]
    if restless:
        yield ""
        yield f"another threshold, or failures_before_alert, may fit better: {', '.join(restless)}"


def _row(one: Watched) -> tuple[str, ...]:
    failings = one.failings
    many = len(failings.firings)
    return (
        one.name,
        f"{one.watched:.2%}",
        f"{one.up:.2%}",
        str(many),
        format_duration(failings.longest) if many else "",
        str(failings.mended),
        str(failings.flapped),
        f"{one.in_time} of {many}" if many else "",
        "" if one.detection is None else format_duration(one.detection),
    )


def _as_json(one: Watched) -> dict[str, Any]:
    failings = one.failings
    return {
        "check": one.name,
        "watched": round(one.watched, 6),
        "up": round(one.up, 6),
        "failed": len(failings.firings),
        "longest_seconds": round(failings.longest, 3),
        "failing": any(each.lasts for each in failings.firings),
        "mended": failings.mended,
        "flapped": failings.flapped,
        "in_time": one.in_time,
        "detection_seconds": None if one.detection is None else round(one.detection, 3),
        "restless": failings.is_restless,
    }
