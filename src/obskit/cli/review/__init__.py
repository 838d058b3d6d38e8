"""`obskit review`: a report of the checks that are looked at each day, or each week."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from obskit.cli import application, state
from obskit.cli.check import scores
from obskit.cli.check.choice import choose
from obskit.cli.check.plain import result_as_json, write_json
from obskit.cli.check.round import run_once, worst
from obskit.cli.check.table import write
from obskit.cli.group import Command, Refused
from obskit.cli.review.page import page
from obskit.cli.review.report import Report, compared
from obskit.cli.review.text import lines
from obskit.clock import SYSTEM_CLOCK, to_rfc3339

_UNKNOWN = 3
_USAGE = 4


@click.command(cls=Command, refused=_USAGE, interrupted=_UNKNOWN)
@application.APP
@click.option("--html", type=click.Path(dir_okay=False), help="Write a page into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("tag")
def review(app: str | None, html: str | None, as_json: bool, tag: str) -> None:
    """Run the checks with TAG, such as daily or weekly, and report on them.

    What has changed since the last review of this tag is told where the service keeps history.

    \b
    Exit code: that of obskit check run.
    """  # noqa: D301 - Click reads the backspace itself
    if html and as_json:
        raise click.UsageError("give one of --html and --json")
    with application.inert():
        registry = application.load(app)
        chosen = choose(registry.checks, tags=[tag])
        config = state.configuration()
        began = SYSTEM_CLOCK.now()
        found = run_once(registry, chosen, config)
        report = Report(tag, config.service, began, found, state.silences(config))
        report = compared(report, config)
    if as_json:
        write_json(_as_json(report))
    elif html:
        _write_page(report, html)
    else:
        write(lines(report))
    click.get_current_context().exit(worst(found).exit_code)


def _write_page(report: Report, path: str) -> None:
    try:
        Path(path).write_text(page(report), "utf-8", "backslashreplace")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error
    write([f"{report.overall.upper()}, see {path}"])


def _as_json(report: Report) -> dict[str, Any]:
    changes = [
        {"name": each.name, "before": each.before, "now": each.now} for each in report.changes
    ]
    return {
        "review": report.tag,
        "service": report.service,
        "began": to_rfc3339(report.began),
        "status": report.overall,
        "last": None if report.last is None else to_rfc3339(report.last),
        "changes": changes,
        "groups": {
            group: [result_as_json(*pair, report.silences) for pair in pairs]
            for group, pairs in report.groups.items()
        },
        "scores": scores.as_json(report.found),
    }
