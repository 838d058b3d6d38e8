"""`obskit alerts simulate`: a drill of the whole way, from telemetry to a person and back."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterable
from dataclasses import replace

import click

from obskit.alerts.explain import Subject, alerts_of, find
from obskit.alerts.inventory import Inventory
from obskit.alerts.operations import window
from obskit.alerts.report import drill_id
from obskit.alerts.rule import Alert
from obskit.cli import application, state
from obskit.cli.alerts import alertmanager, prometheus
from obskit.cli.alerts.ask import NoAnswer, read_url
from obskit.cli.alerts.drill import Drill
from obskit.cli.alerts.expected import inventory
from obskit.cli.alerts.hops import Stations
from obskit.cli.alerts.stories import Story, of_check, of_job, of_operation
from obskit.cli.alerts.way import Hop, Missed, walk
from obskit.cli.group import Refused
from obskit.cli.spans import read_span
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.config import load as load_config
from obskit.declaration import Check, Job
from obskit.exceptions import ObskitError
from obskit.redaction.sensitive import redact_own_url
from obskit.registry import Registry
from obskit.telemetry.console import visible

_FAILED = 1


@click.command()
@application.APP
@click.option(
    "--status",
    default="critical",
    show_default=True,
    help="Of a check: critical, warning, unknown. Of a job: failed, lost, too_long, late. Of an operation: errors, slow.",
)
@prometheus.PROMETHEUS
@alertmanager.option(default="http://127.0.0.1:9093")
@click.option(
    "--otlp", metavar="URL", callback=read_url, help="The collector, where it is not the app's own."
)
@click.option(
    "--until",
    type=click.Choice(["delivered", "resolved"]),
    default="resolved",
    show_default=True,
    help="How far the way is followed. The drill is ended in any case.",
)
@click.option(
    "--timeout",
    default="2m",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How long each hop may take, beside the time that the rule itself waits.",
)
@click.argument("name")
def simulate(
    app: str | None,
    status: str,
    prometheus: str,
    alertmanager: str,
    otlp: str | None,
    until: str,
    timeout: float,
    name: str,
) -> None:
    """Make NAME fail on paper, and follow the alert to the person who hears it.

    Made-up telemetry is sent over OTLP as the app would send it, with the label obskit_drill, by which
    the rules keep it apart from what is real. NAME is a check, a job or an operation; where two have one name,
    write check:NAME, job:NAME or operation:NAME.

    \b
    Exit code:
      0  every hop was seen
      1  one was not: it is named, with what to look at
      4  the command or the app is wrong
    """  # noqa: D301 - Click reads the backspace itself
    with application.inert():
        registry = application.load(app)
        config = _sending(state.configuration(), otlp)
    try:
        drill, stations = _prepared(registry, config, name, status, (prometheus, alertmanager))
    except (ObskitError, LookupError, ValueError) as wrong:
        raise Refused(str(wrong)) from None
    where = f"{config.service} {config.environment or ''}".rstrip()
    click.echo(visible(f"drill {stations.drill}: {stations.story.title}, of {where}"))
    click.get_current_context().exit(_follow(drill, stations, timeout, back=until == "resolved"))


def _prepared(
    registry: Registry, config: Config, name: str, status: str, asked: tuple[str, str]
) -> tuple[Drill, Stations]:
    expected = inventory(registry, config)
    subject = find(registry, name)
    story = _story(expected, subject, status)
    mark = drill_id(SYSTEM_CLOCK.now(), secrets.token_hex(2))
    drill = Drill(config, story, mark, SYSTEM_CLOCK.now)
    stations = Stations(
        mark,
        story,
        _alert(expected, subject, story),
        *asked,
        redact_own_url(str(config.metrics.endpoint)),
        lambda: drill.answer,
    )
    return drill, stations


def _sending(config: Config, otlp: str | None) -> Config:
    if otlp is not None:
        way = {"metrics.endpoint": otlp, "metrics.protocol": "http/protobuf"}
        metrics = load_config({"service": config.service, **way}).metrics
        config = replace(config, metrics=replace(config.metrics, endpoint=metrics.endpoint))
    elif config.metrics.protocol != "http/protobuf":
        raise Refused(
            "the app sends by gRPC: give the collector's OTLP/HTTP address, --otlp http://…:4318"
        )
    if not config.metrics.endpoint:
        raise Refused("there is no collector: set OTEL_EXPORTER_OTLP_ENDPOINT, or give --otlp URL")
    return config


def _story(expected: Inventory, subject: Subject, status: str) -> Story:
    if isinstance(subject, Check):
        return of_check(subject, status)
    if isinstance(subject, Job):
        return of_job(subject, status)
    return of_operation(subject, status, window(expected, subject))


def _alert(expected: Inventory, subject: Subject, story: Story) -> Alert:
    generated = alerts_of(expected, subject)
    found = next((alert for alert in generated if alert.name == story.alert), None)
    if found is None:
        known = ", ".join(sorted({alert.name for alert in generated})) or "none"
        raise Refused(f"no alert {story.alert} is generated for {subject.name}; it has: {known}")
    return found


def _follow(drill: Drill, stations: Stations, timeout: float, *, back: bool) -> int:
    try:
        stations.begin()
    except NoAnswer as error:
        click.echo(visible(f"  FAILED  before anything was sent: {error}"))
        return _FAILED
    # What still fails on paper when this ends would go on to alert.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _walk(stations.there(), timeout, drill)
        if back:
            stations.count()
            drill.mend()
            _walk(stations.back(), timeout, drill)
    except NoAnswer as error:
        click.echo(visible(f"  FAILED  as the end began: {error}"))
        return _FAILED
    except Missed as missed:
        click.echo(visible(f"  FAILED  {missed} (after {missed.seconds:.1f} s)"))
        click.echo(visible(f"          look at: {missed.hop.advice}"))
        return _FAILED
    finally:
        drill.close()
    return 0


def _walk(hops: Iterable[Hop], timeout: float, drill: Drill) -> None:
    for hop, seen, seconds in walk(hops, timeout, SYSTEM_CLOCK, drill.send):
        click.echo(visible(f"  {hop.name:<22}{seconds:7.1f} s  {seen}"))
