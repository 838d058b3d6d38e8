"""What a review came to, and what has changed since the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import click

from obskit.checks.health import overall_health
from obskit.checks.model import Status
from obskit.cli import state
from obskit.cli.check.round import Found, worst
from obskit.cli.state import Silences
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.state.store import Run

_NO_GROUP = "checks"
_PLURALS = {Status.WARNING: "warnings"}


@dataclass(frozen=True)
class Change:
    """A check that is not as it was.

    Attributes:
        name: The check's name.
        before: Its status at the last review, or None where it was not there.
        now: Its status, or None where it is there no more.
    """

    name: str
    before: str | None
    now: str | None

    def __str__(self) -> str:
        return f"{self.name}: {self.before or 'not there'} → {self.now or 'not there'}"


@dataclass(frozen=True)
class Report:
    """A review.

    Attributes:
        tag: Of which checks.
        service: The service's name.
        began: When, seconds since the Unix epoch.
        found: The checks with their results.
        silences: Which checks are silenced.
        last: When the last one of this tag was, or None where none is known.
        changes: What has changed since then.
    """

    tag: str
    service: str
    began: float
    found: Found
    silences: Silences
    last: float | None = None
    changes: tuple[Change, ...] = ()

    @property
    def overall(self) -> str:
        """The state of the whole."""
        return overall_health(self.found)

    @property
    def counts(self) -> str:
        """How many checks there are, and of each status."""
        counts = Counter(result.status for _, result in self.found)
        each = (
            f"{counts[status]} {_PLURALS.get(status, status) if counts[status] > 1 else status}"
            for status in (*list(Status)[1:], Status.OK)
            if counts[status]
        )
        return f"checks: {len(self.found)} ({', '.join(each)})"

    @property
    def groups(self) -> dict[str, Found]:
        """The checks by group, those without one last."""
        names = sorted({check.group for check, _ in self.found if check.group})
        groups: dict[str, Found] = {
            name: [pair for pair in self.found if pair[0].group == name] for name in names
        }
        rest = [pair for pair in self.found if not pair[0].group]
        return groups | ({_NO_GROUP: rest} if rest else {})


def compared(report: Report, config: Config) -> Report:
    """The report with what has changed since the last one, and kept for the next one.

    Where that cannot be read or kept, a line says so.

    Args:
        report: The report.
        config: Says where reviews are kept.
    """
    # No check has a colon in its name.
    name = f"review:{report.tag}"
    statuses = {check.name: result.status.value for check, result in report.found}
    try:
        with state.opened(config, make=True) as store:
            before = store.latest().get(name)
            store.keep(_run(name, report, statuses))
    except StoreError as error:
        click.echo(f"the last review cannot be read: {error}", err=True)
        before = None
    if before is None:
        return report
    changes = _changes({check: str(status) for check, status in before.details.items()}, statuses)
    return Report(
        report.tag,
        report.service,
        report.began,
        report.found,
        report.silences,
        before.started,
        changes,
    )


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    names = dict.fromkeys((*now, *before))
    pairs = (Change(name, before.get(name), now.get(name)) for name in names)
    return tuple(each for each in pairs if each.before != each.now)


def _run(name: str, report: Report, statuses: Mapping[str, str]) -> Run:
    status = worst(report.found).value
    return Run(
        check=name,
        status=status,
        damped=status,
        since=report.began,
        last_success=None,
        row=1,
        value=None,
        unit="",
        message=report.overall,
        details=dict(statuses),
        evidence=(),
        started=report.began,
        duration=SYSTEM_CLOCK.now() - report.began,
    )
