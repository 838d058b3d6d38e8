"""`obskit doctor`: what is wrong with the monitoring itself, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from obskit.cli import application, state
from obskit.cli.alerts.ask import read_url
from obskit.cli.check.notifying import ALERTS
from obskit.cli.check.plain import write_json
from obskit.cli.check.table import write
from obskit.cli.doctor import alerts as of_alerts
from obskit.cli.doctor import (
    configuration,
    declared,
    endpoints,
    false_alarms,
    journey,
    logs,
    overhead,
    places,
    server,
    showing,
    versions,
)
from obskit.cli.doctor.examining import Diagnosis, examine
from obskit.cli.doctor.masking import masking
from obskit.cli.doctor.patient import Patient, Servers
from obskit.cli.group import Command
from obskit.cli.spans import read_span
from obskit.cli.token_file import read_token
from obskit.clock import SYSTEM_CLOCK
from obskit.registry import Registry

_Function = TypeVar("_Function", bound=Callable[..., Any])

_WRONG, _USAGE = 1, 4
#: Complaint → what looks for its causes.
DIAGNOSES: dict[str, Diagnosis] = {
    "configuration": configuration.diagnose,
    "versions": versions.diagnose,
    "server": server.diagnose,
    "places": places.diagnose,
    "checks": declared.diagnose,
    "logs": logs.diagnose,
    "alerts": of_alerts.diagnose,
    "false-alarms": false_alarms.diagnose,
    "overhead": overhead.diagnose,
    "endpoints": endpoints.diagnose,
    "journey": journey.diagnose,
}


def _server(name: str, help: str) -> Callable[[_Function], _Function]:
    """An option, and the variable, that names a server."""
    variable = f"{name.upper()}_URL"
    return click.option(
        f"--{name}", metavar="URL", callback=read_url, envvar=variable, show_envvar=True, help=help
    )


@click.command(cls=Command, refused=_USAGE, interrupted=_USAGE)
@application.APP
@ALERTS
@_server("prometheus", "Where the point is read back.")
@_server("alertmanager", "Alertmanager, to see whether it is reached.")
@_server("jaeger", "Where the span is read back.")
@_server("loki", "Where the line is read back.")
@_server("sentry", "Where the error is read back: Sentry, or Bugsink.")
@click.option("--sentry-org", envvar="SENTRY_ORG", show_envvar=True, help="Sentry's organization.")
@click.option(
    "--sentry-token", type=click.Path(path_type=Path), help="File of a token that may read there."
)
@click.option("--offline", is_flag=True, help="Send nothing, and ask nobody over the network.")
@click.option(
    "--timeout",
    default="30s",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How long all of it may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("complaints", nargs=-1, type=click.Choice(list(DIAGNOSES)))
def doctor(app: str | None, as_json: bool, complaints: tuple[str, ...], **given: Any) -> None:
    """Look for what is wrong with the monitoring itself: for the causes of COMPLAINTS, or of all.

    Without a name a line says what is well; with one, a line each.

    \b
    configuration  what is set, and by whom
    versions       what is installed, and does not go together
    server         which processes run, and how they fork
    places         folders and the state store
    checks         what is unwise in what is declared
    logs           logs are not written
    alerts         alerts are not sent
    false-alarms   alerts are sent for nothing
    overhead       the monitoring costs too much
    endpoints      name, connection, TLS, answer and clock of each
    journey        one span, line, point and error: sent, and read back
    \b
    Exit code:
      0  nothing is wrong; there may be warnings
      1  something is, and what to do stands beside it
      4  the command or the app is wrong
    """  # noqa: D301 - Click reads the backspace itself
    with application.inert():
        registry = application.load(app) if app else Registry()
        config = state.configuration()
    servers = _servers(given)
    mask = masking(config, servers)
    until = SYSTEM_CLOCK.monotonic() + given["timeout"]
    with state.opened(config) as store:
        patient = Patient(
            config,
            registry,
            store,
            given["alerts"],
            SYSTEM_CLOCK.now(),
            app=app is not None,
            alerts_named=_is_named("alerts"),
            servers=servers,
            offline=given["offline"],
            until=until,
        )
        is_wrong = _tell(patient, complaints, mask, as_json=as_json)
    click.get_current_context().exit(_WRONG if is_wrong else 0)


def _tell(
    patient: Patient, complaints: tuple[str, ...], mask: Callable[[str], str], *, as_json: bool
) -> bool:
    """Look, and tell what was found as soon as it is; whether something is wrong."""
    chosen = {name: DIAGNOSES[name] for name in complaints or DIAGNOSES}
    sections = []
    for section in examine(patient, chosen):
        sections.append(section)
        if not as_json:
            write(showing.lines(section, mask, in_full=bool(complaints)))
    if as_json:
        found = [one for section in sections for one in showing.as_json(section, mask)]
        write_json({"findings": found})
    return any(finding.is_wrong for section in sections for finding in section.findings)


def _servers(given: dict[str, Any]) -> Servers:
    file: Path | None = given["sentry_token"]
    token = read_token(file, "--sentry-token") if file else None
    named = {name: given[name] for name in Servers._fields if name != "sentry_token"}
    return Servers(**named, sentry_token=token)


def _is_named(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT
