"""Alerts are not sent: the file, its secrets, what waits, what is silenced, rules, who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from obskit.checks.results import counts
from obskit.cli import state
from obskit.cli.alerts.ask import NoAnswer, shown
from obskit.cli.doctor import delivery, rules
from obskit.cli.doctor.apart import begin
from obskit.cli.doctor.patient import Finding, Patient
from obskit.clock import to_rfc3339
from obskit.config import Config
from obskit.duration import format_duration
from obskit.exceptions import ConfigError
from obskit.notify import channels
from obskit.receivers.model import Directory
from obskit.receivers.reading import read_directory
from obskit.state.notices import Notice

_OfServer = Callable[[Patient, str], Iterator[Finding]]


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Why people may not be told.

    Args:
        patient: The service.

    Raises:
        StoreError: The store cannot be read.
    """
    if patient.alerts_named or patient.alerts.exists():
        yield from _of_file(patient)
    else:
        yield _without_file(patient)
    waiting: dict[str, list[Notice]] = {}
    for notice in patient.store.notices.waiting():
        waiting.setdefault(notice.channel, []).append(notice)
    for channel, notices in waiting.items():
        first = notices[0]
        why = f", the last try failed: {first.why}" if first.why else ""
        yield Finding(
            f"{len(notices)} messages wait for {channel} since {to_rfc3339(first.made)[:19]}Z{why}",
            "mend that, and see: obskit notify test",
        )
    for silence in state.lasting(patient.store).values():
        end = f"obskit check silence --end {silence.check}"
        yield Finding(f"nobody is told of {silence.check}: it is {state.told(silence)}", end)
    yield from _of_looks(patient)
    yield from _of_servers(patient)


def _of_servers(patient: Patient) -> Iterator[Finding]:
    """What Prometheus and Alertmanager say, where they are named."""
    servers = {
        "Prometheus": (rules.diagnose, patient.servers.prometheus),
        "Alertmanager": (delivery.diagnose, patient.servers.alertmanager),
    }
    coming = [
        begin(partial(_asked, name, diagnose, patient, url))
        for name, (diagnose, url) in servers.items()
        if url and not patient.offline
    ]
    for found in coming:
        yield from found.result()


def _asked(name: str, diagnose: _OfServer, patient: Patient, url: str) -> list[Finding]:
    found: list[Finding] = []
    try:
        for finding in diagnose(patient, url):
            found.append(finding)  # noqa: PERF402 - what there is counts where the rest fails
    except NoAnswer as error:
        remedy = f"obskit doctor endpoints says how far {name} is reached"
        found.append(Finding(str(error), remedy))
    except (AttributeError, KeyError, TypeError, ValueError):
        found.append(
            Finding(f"{shown(url)} answers as no {name} does", "is it the URL of another server?")
        )
    return found


def _of_file(patient: Patient) -> Iterator[Finding]:
    alerts = patient.alerts
    try:
        directory = read_directory(alerts)
    except ConfigError as error:
        wrong = "; ".join(error.problems)
        yield Finding(f"{alerts} is wrong: {wrong}", "correct it, or name it by --alerts")
        return
    yield from _of_channels(directory)
    if directory.watchdog is None and _leave(patient.config):
        yield Finding(
            f"{alerts} names nobody who hears the Watchdog: where alerts cease to come, nobody notices",
            "name a receiver of its own there, under [watchdog] (docs/alerts.md)",
            mild=True,
        )


def _leave(config: Config) -> bool:
    """Whether metrics leave that others can judge."""
    return config.exporter("metrics") == "otlp" or config.scraped


def _without_file(patient: Patient) -> Finding:
    if _leave(patient.config):
        return Finding(f"{patient.alerts} is not here: who hears is Alertmanager's to say")
    return Finding(
        f"nobody is told: {patient.alerts} is not here, and no metrics leave that others could judge",
        "write it, or name it by --alerts (docs/alerts.md)",
        mild=True,
    )


def _of_channels(directory: Directory) -> Iterator[Finding]:
    for name, channel in channels.all_of(directory).items():
        try:
            channels.address(channel, directory.mailer)
        except ConfigError as error:
            yield Finding(f"{name} cannot be used: {'; '.join(error.problems)}", "correct that")
        else:
            yield Finding(f"{name} has what it needs")


def _of_looks(patient: Patient) -> Iterator[Finding]:
    checks, latest = patient.registry.checks, patient.store.latest()
    if not checks:
        yield Finding("no check is declared, as far as is known here")
        return
    kept = [(checks[name], run) for name, run in latest.items() if name in checks]
    if not kept:
        yield Finding(
            "no check has run", "start the service, or run: obskit check run --notify, from cron"
        )
        return
    check, run = max(kept, key=lambda pair: pair[1].started)
    age = max(0.0, patient.now - run.started)
    told = f"the last check, {check.name}, ran {format_duration(age)} ago"
    if not counts(check, age):
        yield Finding(told, "nothing runs them: start the service, or see to its cron")
    else:
        yield Finding(told)
