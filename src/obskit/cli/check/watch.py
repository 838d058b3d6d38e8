"""`obskit check watch`: how the checks stand, again and again."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

import click

from obskit.checks.health import overall_health
from obskit.checks.kept import to_standing
from obskit.checks.model import CheckResult
from obskit.checks.results import Results, lasts
from obskit.checks.runner import Runner
from obskit.checks.schedule import Schedule
from obskit.cli import application, state
from obskit.cli.check.choice import ordered
from obskit.cli.check.round import Found, worst_first
from obskit.cli.check.table import table
from obskit.cli.screen import shown_on
from obskit.cli.spans import read_span
from obskit.cli.state import Silences
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config
from obskit.declaration import Check
from obskit.exceptions import StoreError
from obskit.registry import Registry

# The first table waits for what runs here, as long as between two.
_LOOK = 0.05


@click.command()
@application.APP
@click.option(
    "--every",
    default="2s",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="Between two tables.",
)
def watch(app: str | None, every: float) -> None:
    """Show how the checks stand, again and again, until Ctrl-C. What needs somebody comes first.

    Checks that other processes of the service run are shown as those found them; the others run
    here, at their own periods. Nothing is sent or kept. Without a terminal each table follows the
    one before.
    """
    output = sys.stdout
    with application.inert(), suppress(KeyboardInterrupt):
        registry = application.load(app)
        ordered(registry.checks)
        view = _View(registry, state.configuration())
        with shown_on(output, "obskit check watch") as show:
            view.begin(every)
            while True:
                show(view.lines())
                time.sleep(every)
                view.look()


class _View:
    """What is known of the checks: by others, and by running them here."""

    def __init__(self, registry: Registry, config: Config) -> None:
        self._registry = registry
        self._config = config
        self._results = Results(SYSTEM_CLOCK)
        self._others: set[str] = set()
        self._silences: Silences = {}
        self._trouble = ""
        runner = Runner(registry, self._results, SYSTEM_CLOCK, past=state.past(config))
        self._schedule = Schedule(registry, runner, SYSTEM_CLOCK, holds=self._runs_here)

    def begin(self, patience: float) -> None:
        """Know something of each check, where that does not take longer than some seconds."""
        self.look()
        self._schedule.ensure_started()
        end = time.monotonic() + patience
        names = self._registry.checks
        while time.monotonic() < end and not all(map(self._results.standing, names)):
            time.sleep(_LOOK)

    def look(self) -> None:
        """Read what others have found."""
        try:
            with state.opened(self._config) as store:
                latest, self._silences = store.latest(), state.lasting(store)
        except StoreError as error:
            self._trouble, self._others = str(error), set()
            return
        self._trouble = ""
        standings = {
            name: to_standing(run, SYSTEM_CLOCK)
            for name, run in latest.items()
            if name in self._registry.checks
        }
        now = SYSTEM_CLOCK.monotonic()
        self._others = {
            name
            for name, standing in standings.items()
            if now - standing.decided <= lasts(self._registry.checks[name])
        }
        for name in self._others:
            self._results.adopt(name, standings[name])

    def lines(self) -> list[str]:
        """The table."""
        found = self._found()
        others = len(self._others)
        head = f"{to_rfc3339(SYSTEM_CLOCK.now())[:19]}Z  {overall_health(found).upper()}"
        head += f"  checks: {len(found)}"
        head += f", run by other processes: {others}" if others else ", all run here"
        trouble = [f"what other processes find cannot be read: {self._trouble}"]
        return [
            head,
            *(trouble if self._trouble else []),
            *table(worst_first(found), self._silences),
        ]

    def _found(self) -> Found:
        waiting = CheckResult.unknown("it has not run yet")
        checks = self._registry.checks.values()
        return [(each, self._results.current(each) or waiting) for each in checks]

    def _runs_here(self, check: Check) -> bool:
        return check.name not in self._others
