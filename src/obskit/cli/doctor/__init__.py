"""`obskit doctor`: what is wrong with the monitoring itself, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from obskit.cli import application, state
from obskit.cli.check.notifying import ALERTS
from obskit.cli.check.plain import write_json
from obskit.cli.check.table import write
from obskit.cli.doctor import alerts as of_alerts
from obskit.cli.doctor import false_alarms, logs, overhead
from obskit.cli.doctor.patient import Finding, Patient
from obskit.cli.group import Command
from obskit.clock import SYSTEM_CLOCK
from obskit.exceptions import StoreError
from obskit.telemetry.console import visible

_WRONG, _USAGE = 1, 4
#: Complaint → what looks for its causes.
DIAGNOSES: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "logs": logs.diagnose,
    "alerts": of_alerts.diagnose,
    "false-alarms": false_alarms.diagnose,
    "overhead": overhead.diagnose,
}


@click.command(cls=Command, refused=_USAGE, interrupted=_USAGE)
@application.APP
@ALERTS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("complaints", nargs=-1, type=click.Choice(list(DIAGNOSES)))
def doctor(app: str | None, alerts: Path, as_json: bool, complaints: tuple[str, ...]) -> None:
    """Look for what is wrong with the monitoring itself: for the causes of COMPLAINTS, or of all.

    \b
    logs          logs are not written
    alerts        alerts are not sent
    false-alarms  alerts are sent for nothing
    overhead      the monitoring costs too much
    \b
    Exit code:
      0  nothing is wrong
      1  something is, and what to do stands beside it
      4  the command or the app is wrong
    """  # noqa: D301 - Click reads the backspace itself
    with application.inert():
        registry = application.load(app)
        config = state.configuration()
    found: list[tuple[str, Finding]] = []
    with state.opened(config) as store:
        patient = Patient(config, registry, store, alerts, SYSTEM_CLOCK.now())
        for name in complaints or DIAGNOSES:
            found += [(name, finding) for finding in _of(DIAGNOSES[name], patient)]
    if as_json:
        write_json({"findings": [_as_json(name, finding) for name, finding in found]})
    else:
        write(_line(name, finding) for name, finding in found)
    wrong = any(finding.is_wrong for _, finding in found)
    click.get_current_context().exit(_WRONG if wrong else 0)


def _of(diagnose: Callable[[Patient], Iterator[Finding]], patient: Patient) -> Iterator[Finding]:
    try:
        yield from diagnose(patient)
    except StoreError as error:
        yield Finding(f"the state cannot be read: {error}", "see OBSKIT_STATE_URL")


def _line(name: str, finding: Finding) -> str:
    told = f"{'WRONG' if finding.is_wrong else 'ok':<6}{name:<13} {finding.what}"
    return visible(f"{told}: {finding.remedy}" if finding.remedy else told)


def _as_json(name: str, finding: Finding) -> dict[str, Any]:
    return {
        "complaint": name,
        "wrong": finding.is_wrong,
        "what": finding.what,
        "remedy": finding.remedy,
    }
