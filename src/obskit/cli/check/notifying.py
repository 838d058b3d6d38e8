"""People are told of what checks come to, where no collector does it: `--notify`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import click

from obskit.checks.kept import latest_here, to_run, to_standing
from obskit.checks.model import CheckResult
from obskit.checks.results import Results, Standing
from obskit.checks.runner import Runner
from obskit.checks.watch import Watch
from obskit.cli import state
from obskit.cli.check.choice import Groups
from obskit.cli.check.round import Found, run_with
from obskit.cli.group import Refused
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.config.store_url import MEMORY
from obskit.declaration import Check
from obskit.exceptions import ObskitError, StoreError
from obskit.notify import found as problems_of
from obskit.notify.notifier import Notifier
from obskit.notify.outbox import Outcome, by_apprise
from obskit.notify.problem import Problem
from obskit.receivers.model import Directory
from obskit.receivers.reading import read_directory
from obskit.registry import Registry, default_registry
from obskit.state.opening import own_host
from obskit.state.store import Store
from obskit.telemetry.console import visible

_log = logging.getLogger("obskit.notify")
# How often the worker looks whether somebody should be told, and how long a failure waits until what
# it depends on is judged, seconds.
_LOOK, _PATIENCE = 10.0, 60.0
_LAST_LOOK = 2.0

NOTIFY = click.option(
    "--notify", is_flag=True, help="Tell people of what fails, as alerts.toml says."
)
ALERTS = click.option(
    "--alerts",
    type=click.Path(path_type=Path),
    default="alerts.toml",
    show_default=True,
    help="Who hears of what.",
)


def hearers(config: Config, alerts: Path, *, keeps: bool = True) -> Directory:
    """Who hears of what.

    Args:
        config: Says where state is kept.
        alerts: The file.
        keeps: Whether it must be kept what was told.

    Raises:
        Refused: The file is wrong, or what was told would be forgotten.
    """
    if keeps and config.state_url == MEMORY:
        raise Refused("the state is kept in memory: the next run would tell everything again")
    try:
        directory = read_directory(alerts)
        by_apprise(directory.mailer)  # told now if it is not installed
    except ObskitError as error:
        raise Refused(str(error)) from error
    return directory


def run_and_tell(
    registry: Registry, groups: Groups, config: Config, timeout: float | None, directory: Directory
) -> Found:
    """Run checks, keep what they come to, and tell people.

    Args:
        registry: The checks.
        groups: Those to be run.
        config: Says where state is kept.
        timeout: Seconds that all of the checks may take; None for no limit but their own.
        directory: Who hears of what.
    """
    results = Results(SYSTEM_CLOCK)
    # A run begins no process that serves: there is nothing to be quiet for.
    groups = [[_without_quiet(check) for check in group] for group in groups]
    runner = Runner(registry, results, SYSTEM_CLOCK, past=state.past(config))
    with state.opened(config, make=True) as store:
        try:
            for name, run in latest_here(store, own_host(config)).items():
                results.adopt(name, to_standing(run, SYSTEM_CLOCK))
        except StoreError as error:
            click.echo(f"what was before cannot be read: {error}", err=True)
        with state.asked(store):
            found = run_with(runner, groups, timeout)
        try:
            _keep(store, results, found, own_host(config))
            tell(store, registry, config, directory, _of_round(found, results, directory))
        except StoreError as error:
            click.echo(f"nobody was told: {error}", err=True)
    return found


def _without_quiet(check: Check) -> Check:
    return replace(check, damping=replace(check.damping, quiet=0.0))


def _keep(store: Store, results: Results, found: Found, host: str) -> None:
    """A run that comes later goes on from here: how often it failed in a row, and since when."""
    for check, result in found:
        standing = _standing(results, check, result)
        if standing is not None:
            store.keep(to_run(check, standing, 0, "", host))


def _of_round(found: Found, results: Results, directory: Directory) -> Iterator[Problem]:
    for check, result in found:
        standing = _standing(results, check, result)
        damped, since = (standing.result, standing.since) if standing else (result, result.started)
        yield problems_of.of_check(check, damped, since, directory.issues)


def _standing(results: Results, check: Check, result: CheckResult) -> Standing | None:
    """How a check stands by this result; None where it was not run, for want of time."""
    standing = results.standing(check.name)
    return standing if standing and standing.result.started == result.started else None


def tell(
    store: Store,
    registry: Registry,
    config: Config,
    directory: Directory,
    of_checks: Iterable[Problem],
) -> None:
    """Tell people once, and say on standard error what came of it.

    Raises:
        StoreError: The store cannot be used now.
    """
    notifier = _notifier(store, config, directory)
    notifier.look([*of_checks, *_of_others(store, registry)])
    say(notifier.deliver())


def tell_once(watch: Watch, config: Config, directory: Directory) -> None:
    """Tell people once of what a process has watched. Says where that fails."""
    try:
        with state.opened(config, make=True) as store:
            tell(store, watch.registry, config, directory, of_watch(watch, directory))
    except StoreError as error:
        click.echo(f"nobody was told: {error}", err=True)


def say(outcomes: Sequence[Outcome]) -> None:
    """Say what came of messages, on standard error."""
    for each in outcomes:
        came = "was taken" if each.why is None else f"waits, try {each.tries} failed: {each.why}"
        click.echo(visible(f"{each.channel}: {each.title!r} {came}"), err=True)


@contextmanager
def in_background(watch: Watch, config: Config, directory: Directory) -> Iterator[None]:
    """Tell people while it lasts, on a thread of its own, of what a process watches."""
    told_to_end = Event()
    thread = Thread(
        target=_work,
        args=(watch, config, directory, told_to_end),
        name="obskit-notify",
        daemon=True,  # what hangs in a mail server does not hinder the end
    )
    thread.start()
    try:
        yield
    finally:
        told_to_end.set()
        thread.join(_LAST_LOOK)


def _work(watch: Watch, config: Config, directory: Directory, told_to_end: Event) -> None:
    failing = False
    while True:
        try:
            with state.opened(config, make=True) as store:
                notifier = _notifier(store, config, directory, patience=_PATIENCE)
                while not told_to_end.wait(_LOOK):
                    notifier.look([*of_watch(watch, directory), *_of_others(store, watch.registry)])
                    say(notifier.deliver(told_to_end.is_set))
                    failing = False
            return
        except Exception as error:  # people are told later than never
            if not failing:
                known = isinstance(error, ObskitError)
                _log.error("nobody is told now: %s", error, exc_info=None if known else error)
            failing = True
            if told_to_end.wait(_LOOK):
                return


def of_watch(watch: Watch, directory: Directory) -> Iterator[Problem]:
    """How the checks stand, as far as this process knows."""
    for check in watch.registry.checks.values():
        standing, result = watch.results.standing(check.name), watch.results.current(check)
        if standing is None or result is None:
            continue
        since, now = standing.since, SYSTEM_CLOCK.now()
        if result is not standing.result:  # too old to count, which nobody has run
            result, since = CheckResult.unknown(result.message), now
            result = replace(result, started=now)
        yield problems_of.of_check(check, result, since, directory.issues)


def _of_others(store: Store, registry: Registry) -> Iterator[Problem]:
    now = SYSTEM_CLOCK.now()
    both = {id(each): each for each in (default_registry, registry)}.values()
    jobs = {name: job for each in both for name, job in each.jobs.items()}
    known = store.know_jobs(sorted(jobs), now) if jobs else {}
    runs = store.latest_jobs() if jobs else {}
    yield from problems_of.of_jobs(jobs, runs, known, now)
    for each in both:
        yield from problems_of.of_process(each, now)


def _notifier(
    store: Store, config: Config, directory: Directory, *, patience: float = 0.0
) -> Notifier:
    return Notifier(
        store,
        directory,
        config.service,
        config.environment or "",
        SYSTEM_CLOCK,
        by_apprise(directory.mailer),
        patience=patience,
    )
