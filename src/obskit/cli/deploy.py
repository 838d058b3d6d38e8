"""`obskit deploy`: mark that a release is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from obskit import default_runtime
from obskit.cli import grafana, state
from obskit.cli.alerts.ask import NoAnswer, read_url
from obskit.cli.check.notifying import ALERTS, hearers, say
from obskit.cli.group import Command, Refused
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config, load
from obskit.exceptions import ObskitError, StoreError
from obskit.notify.message import deployed
from obskit.notify.notifier import Notifier
from obskit.notify.outbox import by_apprise
from obskit.receivers.model import Directory
from obskit.runtime import Runtime
from obskit.state.deploys import Deploy
from obskit.telemetry.console import visible

_FAILED, _USAGE = 1, 4
_LONGEST = 200


def _release(_: click.Context, parameter: click.Parameter, given: str) -> str:
    if not given.strip() or not given.isprintable() or len(given) > _LONGEST:
        raise click.BadParameter(
            f"{given[:_LONGEST]!r} is no release: write what the service calls its version, such as"
            f" 1.4.3, in at most {_LONGEST} printable characters",
            param=parameter,
        )
    return given.strip()


@click.command(cls=Command, refused=_USAGE, interrupted=_FAILED)
@click.option("--release", required=True, callback=_release, help="Which, such as 1.4.3.")
@click.option("--service", help="The service; by default what the environment or the file says.")
@click.option("--environment", help="Where it runs; by default the same.")
@click.option("--notify", is_flag=True, help="Tell the default receiver of alerts.toml.")
@ALERTS
@click.option(
    "--grafana", "url", metavar="URL", callback=read_url, help="Where an annotation is made."
)
@click.option(
    "--grafana-token",
    "token",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Holds the token of a service account that may write annotations.",
)
def deploy(
    release: str,
    service: str | None,
    environment: str | None,
    notify: bool,
    alerts: Path,
    url: str | None,
    token: Path | None,
) -> None:
    r"""Mark that a release is deployed: a log record, a metric, a line on every chart of obskit.

    A release that a service names as its version is marked by itself when it first serves.

    \b
    Exit code:
      0  marked, and whoever is to know was told
      1  something of it failed; the rest was done
      4  the command, the configuration or alerts.toml is wrong
    """
    given = {"service": service, "environment": environment, "version": release}
    config = _configuration(given)
    secret = grafana.token(token) if url else None
    directory = hearers(config, alerts) if notify else None
    with _runtime(given, config) as (runtime, failures):
        made = _mark(runtime, release, config, failures)
        if url and secret is not None:
            try:
                grafana.annotate(url, secret, made, config.service)
            except NoAnswer as error:
                failures.append(f"Grafana has no annotation: {error}")
        if directory is not None:
            _announce(made, config, directory, failures)
    for failure in failures:
        click.echo(visible(failure), err=True)
    click.get_current_context().exit(_FAILED if failures else 0)


def _configuration(given: dict[str, str | None]) -> Config:
    try:
        config = load(given)
    except ObskitError as error:
        raise Refused(str(error)) from error
    if config.service.startswith("unknown_service"):
        raise Refused("which service is deployed? Give --service, or set OTEL_SERVICE_NAME")
    return config


@contextmanager
def _runtime(given: dict[str, str | None], config: Config) -> Iterator[tuple[Runtime, list[str]]]:
    """What sends the mark, and takes what fails. What is said is ours, and no log line."""
    quiet = {"log_format": "none"} if config.log_format == "auto" else {}
    try:
        default_runtime.init(**given, **quiet)
    except ObskitError as error:
        raise Refused(str(error)) from error
    runtime = default_runtime.current()
    assert runtime is not None  # noqa: S101 - nothing is inert here
    failures: list[str] = []
    yield runtime, failures
    if not runtime.shutdown():
        failures.append("not all telemetry was sent in time")


def _mark(runtime: Runtime, release: str, config: Config, failures: list[str]) -> Deploy:
    deploys = runtime.watches.deploys
    try:
        made = deploys.mark(release)
    except StoreError as error:
        made = Deploy(release, config.environment or "", SYSTEM_CLOCK.now())
        failures.append(f"the processes of the service do not know of it: {error}")
    when = to_rfc3339(made.began)[:19]
    click.echo(visible(f"release {release} of {config.service} is deployed, {when}Z"))
    return made


def _announce(made: Deploy, config: Config, directory: Directory, failures: list[str]) -> None:
    send = by_apprise(directory.mailer)
    place = (config.service, config.environment or "")
    try:
        with state.opened(config, make=True) as store:
            notifier = Notifier(store, directory, *place, SYSTEM_CLOCK, send)
            notifier.announce(deployed(made.release, *place, made.began))
            outcomes = notifier.deliver()
    except StoreError as error:
        failures.append(f"nobody was told: {error}")
        return
    say(outcomes)
    failures.extend(
        f"{each.channel} has not taken the message; obskit check run --notify tries again"
        for each in outcomes
        if each.why is not None
    )
