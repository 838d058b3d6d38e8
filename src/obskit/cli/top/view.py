"""What the store keeps of jobs and checks, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from obskit.checks.model import Status
from obskit.cli.bars import bars, filled
from obskit.cli.check.table import status
from obskit.clock import to_rfc3339
from obskit.declaration import Check, Job, Limit
from obskit.duration import format_duration
from obskit.number import format_number
from obskit.operations import lateness
from obskit.operations.lateness import Standing
from obskit.registry import Registry, default_registry
from obskit.size import format_size
from obskit.state.ending import RUNNING
from obskit.state.store import Run, Store
from obskit.telemetry.console import visible

# As many runs of a check as a day has minutes.
_MOST = 1_440
_TREND = 20
_STATES = max(map(len, lateness.STATES))
_WORST_FIRST = ("critical", "unknown", "skipped", "warning", "ok")


def lines(
    registry: Registry, store: Store, service: str, now: float, since: float
) -> Iterator[str]:
    """All of it.

    Args:
        registry: What is declared.
        store: What is kept.
        service: The service's name.
        now: Seconds since the Unix epoch.
        since: How far back trends go, seconds.

    Raises:
        StoreError: It cannot be read.
    """
    yield f"{service}  {to_rfc3339(now)[:19]}Z"
    both = {id(each): each for each in (default_registry, registry)}.values()
    jobs = {name: job for each in both for name, job in each.jobs.items()}
    yield from _jobs(jobs, store, now)
    latest = store.latest()
    checks = registry.checks
    order = sorted(checks, key=lambda name: _rank(latest.get(name)))
    widest = max(map(len, checks), default=0)
    for name in order:
        runs = store.runs(name, since=now - since, limit=_MOST)[::-1]
        yield _of_check(checks[name], latest.get(name), runs, widest)


def _rank(run: Run | None) -> int:
    return _WORST_FIRST.index("unknown" if run is None else run.damped)


def _jobs(jobs: dict[str, Job], store: Store, now: float) -> Iterator[str]:
    runs = store.latest_jobs()
    known = store.know_jobs(sorted(jobs), now) if jobs else {}
    widest = max(map(len, {**jobs, **runs}), default=0)
    for name in {**jobs, **runs}:
        standing = lateness.judge(
            runs.get(name, ()), now, job=jobs.get(name), known_since=known.get(name)
        )
        colour = "red" if standing.fails else "green"
        word = standing.state if standing.fails or not _goes_on(standing) else RUNNING
        state = click.style(f"{word.replace('_', ' '):<{_STATES}}", fg=colour)
        yield f"{state}  {name:<{widest}}  {_progress(standing, now)}{visible(standing.message)}"


def _goes_on(standing: Standing) -> bool:
    return standing.last is not None and standing.last.outcome == RUNNING


def _progress(standing: Standing, now: float) -> str:
    run = standing.last
    if run is None or not _goes_on(standing):
        return ""
    since = f"for {format_duration(max(0.0, now - run.started))}; "
    if not run.total:
        return since
    share = run.done / run.total
    return f"{filled(share)} {share:.0%}, {format_number(run.done)} of {format_number(run.total)}, {since}"


def _of_check(check: Check, run: Run | None, runs: Sequence[Run], widest: int) -> str:
    if run is None:
        return f"{status(Status.UNKNOWN)}  {check.name:<{widest}}  it has not run yet"
    values = [each.value for each in runs if each.value is not None]
    parts = [
        _value(check, run),
        bars(values, _TREND) if len(values) > 1 else "",
        _change(values[-1] - values[0]) if len(values) > 1 else "",
        "" if run.damped == Status.OK.value and run.value is not None else visible(run.message),
    ]
    told = "  ".join(part for part in parts if part)
    return f"{status(Status(run.damped))}  {check.name:<{widest}}  {told}".rstrip()


def _change(by: float) -> str:
    return f"{'+' if by >= 0 else ''}{format_number(by)}"


def _value(check: Check, run: Run) -> str:
    """The value; where too much of it is critical, as a gauge with what is left."""
    if run.value is None:
        return ""
    limits = getattr(check.judge, "limits", ())
    highest = [each.value for each in limits if isinstance(each, Limit) and each.bound == "upper"]
    if not highest or max(highest) <= 1:
        return _amount(run.value, run.unit)
    limit = max(highest)
    left = max(0.0, limit - run.value)
    amounts = f"{_amount(run.value, run.unit)} of {_amount(limit, run.unit)}"
    return f"{filled(run.value / limit)} {amounts}, {_amount(left, run.unit)} left"


def _amount(value: float, unit: str) -> str:
    if unit == "By":
        return format_size(value)
    if unit == "s":
        return format_duration(value) if value >= 0 else f"-{format_duration(-value)}"
    written = format_number(value)
    return written if unit in {"", "1"} else visible(f"{written} {unit.strip('{}')}")
