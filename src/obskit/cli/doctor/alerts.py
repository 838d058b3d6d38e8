"""Alerts are not sent: the file, its secrets, what waits, what is silenced, whether anybody looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from obskit.cli import state
from obskit.cli.doctor.patient import Finding, Patient
from obskit.clock import to_rfc3339
from obskit.duration import format_duration
from obskit.exceptions import ConfigError
from obskit.notify import channels
from obskit.receivers.model import Directory
from obskit.receivers.reading import read_directory
from obskit.state.notices import Notice


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Why people may not be told.

    Args:
        patient: The service.

    Raises:
        StoreError: The store cannot be read.
    """
    if patient.alerts_named or patient.alerts.exists():
        yield from _of_file(patient.alerts)
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


def _of_file(alerts: Path) -> Iterator[Finding]:
    try:
        directory = read_directory(alerts)
    except ConfigError as error:
        wrong = "; ".join(error.problems)
        yield Finding(f"{alerts} is wrong: {wrong}", "correct it, or name it by --alerts")
    else:
        yield from _of_channels(directory)


def _without_file(patient: Patient) -> Finding:
    config = patient.config
    if config.exporter("metrics") == "otlp" or config.scraped:
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
    if age > 2 * check.every + check.timeout:
        yield Finding(told, "nothing runs them: start the service, or see to its cron")
    else:
        yield Finding(told)
