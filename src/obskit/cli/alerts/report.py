"""`obskit alerts report`: how alerts have behaved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from obskit.alerts import report as pure
from obskit.alerts.report import Record
from obskit.cli.alerts import alertmanager, prometheus
from obskit.cli.alerts.ask import NoAnswer
from obskit.cli.check.plain import write_json
from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.cli.spans import read_span
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.duration import format_duration
from obskit.telemetry.console import visible

# What is evaluated more seldom than this is looked for by Prometheus for five minutes.
_STEP, _SHORT_STEP = 60.0, 15.0
_DAY = 86_400.0
# What every alert has: it does not tell one from its like.
_GENERAL = frozenset(
    ("alertname", "severity", "owner", "service", "service_name", "deployment_environment_name")
)
_HEAD = ("ALERT", "OF", "FIRED", "IN ALL", "LONGEST", "MENDED", "FLAPPED", "SILENCED", "DETECTED")


@click.command()
@prometheus.PROMETHEUS
@alertmanager.option(default=None)
@click.option(
    "--since",
    default="30d",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How far back.",
)
@click.option("--service", help="The alerts of one service; by default of all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(
    prometheus: str, alertmanager: str | None, since: float, service: str | None, as_json: bool
) -> None:
    """Tell how each alert has behaved.

    How often it fired and for how long, how often it mended itself within minutes or flapped, how
    often it was silenced, and how soon the alert fired in drills.

    Silences are told where --alertmanager is given. It forgets those that have ended, after five
    days unless it was told otherwise.
    """
    now = SYSTEM_CLOCK.now()
    step = _SHORT_STEP if since <= _DAY else _STEP
    try:
        found = _records(prometheus, alertmanager, service, now - since, now, step)
    except NoAnswer as error:
        raise Refused(f"the past of alerts cannot be read: {error}") from None
    if as_json:
        write_json(_as_json(found, now - since, now, step, silences=alertmanager is not None))
    elif found:
        write(_table(found, silences=alertmanager is not None))
    else:
        write([f"no alert fired in the last {format_duration(since)}"])


def _records(
    server: str,
    silencing: str | None,
    service: str | None,
    began: float,
    ended: float,
    step: float,
) -> list[Record]:
    fired = prometheus.past(server, pure.firing(service, step), began, ended, step)
    drilled = prometheus.values(server, pure.drilled(service, ended - began))
    silences = alertmanager.silences(silencing) if silencing else []
    return pure.records(fired, drilled, silences, ended=ended, step=step)


def _table(found: Sequence[Record], *, silences: bool) -> Iterator[str]:
    rows = [_HEAD, *(_row(each, silences=silences) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
    restless = [each for each in found if each.is_restless]
    if restless:
        yield ""
        yield "another threshold, or damping, may fit better (of all firings, half mended or flapped):"
        yield from (f"  {each.labels['alertname']} of {_of(each.labels)}" for each in restless)


def _row(one: Record, *, silences: bool) -> tuple[str, ...]:
    drills = len(one.detections)
    detected = "" if one.detection is None else f"{format_duration(one.detection)} (of {drills})"
    return (
        visible(one.labels.get("alertname", "?")),
        _of(one.labels),
        str(len(one.firings)),
        format_duration(one.seconds),
        format_duration(one.longest),
        str(one.mended),
        str(one.flapped),
        str(one.silenced) if silences else "?",
        detected,
    )


def _of(labels: Mapping[str, str]) -> str:
    own = [value for name, value in sorted(labels.items()) if name not in _GENERAL]
    return visible(" ".join(own) or labels.get("service", "?"))


def _as_json(
    found: Sequence[Record], began: float, ended: float, step: float, *, silences: bool
) -> dict[str, Any]:
    return {
        "since": to_rfc3339(began),
        "until": to_rfc3339(ended),
        "precision_seconds": step,
        "alerts": [
            {
                "labels": dict(one.labels),
                "fired": len(one.firings),
                "seconds": one.seconds,
                "longest_seconds": one.longest,
                "firing": any(each.lasts for each in one.firings),
                "mended": one.mended,
                "flapped": one.flapped,
                "silenced": one.silenced if silences else None,
                "restless": one.is_restless,
                "detection_seconds": list(one.detections),
            }
            for one in found
        ],
    }
