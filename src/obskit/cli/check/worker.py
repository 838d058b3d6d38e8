"""`obskit check worker`: a process that runs an app's checks, and nothing else."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Empty, SimpleQueue

import click

from obskit import default_runtime
from obskit.checks.watch import Watch
from obskit.cli import application
from obskit.cli.check import notifying
from obskit.cli.check.choice import Groups, ordered
from obskit.cli.check.round import run_with, worst
from obskit.cli.group import Refused
from obskit.exceptions import ObskitError
from obskit.runtime import Runtime

# How often it is looked at what this process runs, seconds.
_LOOK = 1.0
_ENDING = (signal.SIGTERM, signal.SIGINT)


@click.command()
@application.APP
@click.option("--once", is_flag=True, help="Run every check once, and end: for cron.")
@notifying.NOTIFY
@notifying.ALERTS
def worker(app: str | None, once: bool, notify: bool, alerts: Path) -> None:
    """Run the checks of an app in the background until SIGTERM or Ctrl-C, and send what they find.

    Here obskit.init starts telemetry as it does in the service. With OBSKIT_CHECKS_IN=worker the
    processes that serve leave checks of a host or the fleet to the worker. Of several workers on a
    host one runs them, and another follows when it ends.

    \b
    Exit code:
      0    it was told to end; what it found is written and sent
      0-3  with --once: that of the worst status, as obskit check run has it
      4    nothing was run: the command, the app or the configuration is wrong
    """  # noqa: D301 - Click reads the backspace itself
    registry = application.load(app)
    groups = ordered(registry.checks)
    runtime = _runtime()
    directory = notifying.hearers(runtime.config, alerts) if notify else None
    watch = runtime.watch(registry, worker=True)
    if once:
        code = _once(watch, groups)
        runtime.flush()  # while this process is the one that runs them
        if directory is not None:
            notifying.tell_once(watch, runtime.config, directory)
    else:
        code = 0
        telling = notifying.in_background(watch, runtime.config, directory) if directory else None
        with _told_to_end() as told, telling or nullcontext():
            _work(watch, runtime, told)
    if not runtime.shutdown():
        click.echo("not all telemetry was sent in time", err=True)
    click.get_current_context().exit(code)


def _runtime() -> Runtime:
    if default_runtime.current() is None:  # importing the app has not started it
        try:
            default_runtime.init()
        except ObskitError as error:
            raise Refused(str(error)) from error
    runtime = default_runtime.current()
    assert runtime is not None  # noqa: S101 - nothing is inert here
    return runtime


def _once(watch: Watch, groups: Groups) -> int:
    with watch.one_round():
        found = run_with(watch.runner, groups)
    status = worst(found)
    click.echo(f"checks: {len(found)}, the worst is {status.value}", err=True)
    return status.exit_code


def _work(watch: Watch, runtime: Runtime, told: SimpleQueue[int]) -> None:
    names = set(watch.registry.checks)
    click.echo(f"the checks of {runtime.config.service}: {', '.join(sorted(names))}", err=True)
    watch.ensure_started()
    before: set[str] | None = None
    while True:
        try:
            number = told.get(timeout=_LOOK)
        except Empty:
            runs = {name for name, check in watch.registry.checks.items() if watch.holds(check)}
            if runs != before:
                _say(runs, names - runs)
                before = runs
        else:
            click.echo(f"told to end by {signal.Signals(number).name}", err=True)
            return


def _say(runs: set[str], others: set[str]) -> None:
    click.echo(f"runs here: {', '.join(sorted(runs)) or 'nothing'}", err=True)
    if others:
        click.echo(
            f"run by another process, which is followed when it ends: {', '.join(sorted(others))}",
            err=True,
        )


@contextmanager
def _told_to_end() -> Iterator[SimpleQueue[int]]:
    """Gives a queue into which the signals come that end a process."""
    # A handler may interrupt anything: only this queue's `put` may be interrupted by itself.
    told: SimpleQueue[int] = SimpleQueue()
    before = {each: signal.signal(each, lambda number, _: told.put(number)) for each in _ENDING}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
