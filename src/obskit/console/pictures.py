"""What is watched, as pictures: each with the words for those who see none."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from obskit.console import charts, words
from obskit.overview.model import CheckView, JobView, QuotaView
from obskit.state.store import Run


def measured(check: CheckView, value: float | None) -> str:
    """What a check measures, as it is written everywhere on the page: a score in percent.

    Args:
        check: The check.
        value: Its value, now or earlier.
    """
    return words.percent(value) if check.is_score else words.amount(value, check.unit)


def values(check: CheckView) -> str:
    """The values of a check of late, with its limits; nothing where it has measured fewer than two."""
    found = [
        run.value for run in check.history if run.value is not None and math.isfinite(run.value)
    ]
    if len(found) < 2:  # noqa: PLR2004 - one point makes no line
        return ""
    told = (
        f"{check.name}: {measured(check, min(found))} to {measured(check, max(found))},"
        f" last {measured(check, found[-1])}"
    )
    limits = words.limits(check.limits, check.unit)
    return charts.sparkline(found, check.limits, f"{told}; {limits}" if limits else told)


def states(check: CheckView, now: float) -> str:
    """How a check stood of late; nothing where no run is kept."""
    runs = check.history
    if not runs:
        return ""
    told = f"{check.name}: {_shares(runs, now)}"
    return charts.timeline([(run.started, run.damped) for run in runs], now, told)


def _shares(runs: Sequence[Run], now: float) -> str:
    lasted: Counter[str] = Counter()
    ends = [run.started for run in runs[1:]] + [max(now, runs[-1].started)]
    for run, end in zip(runs, ends, strict=True):
        lasted[run.damped] += max(0.0, end - run.started)  # type: ignore[assignment]  # seconds
    whole = sum(lasted.values()) or 1.0
    since = words.apart(runs[0].started, now)
    return f"from {since}: " + ", ".join(
        f"{state} {words.percent(seconds / whole)}" for state, seconds in lasted.most_common()
    )


def age(check: CheckView, now: float) -> str:
    """How old the newest of a freshness is, against its deadlines; nothing of another check."""
    deadline = check.critical_at if check.critical_at is not None else check.warning_at
    latest = check.latest
    if deadline is None or latest is None or latest.value is None:
        return ""
    began = latest.started - latest.value
    whole = deadline - began
    if whole <= 0 or not math.isfinite(whole):
        return ""
    warning = None
    if check.warning_at is not None and check.critical_at is not None:
        warning = (check.warning_at - began) / whole
    return charts.clock((now - began) / whole, warning, check.status, until(check, now))


def until(check: CheckView, now: float) -> str:
    """When a freshness warns and becomes critical, in words; empty of another check."""
    told = [
        f"{word} {words.apart(at, now) if at > now else f'since {words.span(now - at)}'}"
        for word, at in (("warning", check.warning_at), ("critical", check.critical_at))
        if at is not None
    ]
    return ", ".join(told)


def used(quota: QuotaView) -> str:
    """How much of a quota is used."""
    share = quota.used / quota.limit if quota.limit else 1.0
    told = f"{quota.name}: {quota.used} of {quota.limit} used, {words.percent(share)}"
    return charts.gauge(share, quota.warn_at, quota.status, told)


def durations(job: JobView) -> str:
    """How long the runs of a job took; nothing where fewer than two have ended."""
    found = job.durations
    if len(found) < 2:  # noqa: PLR2004 - one point makes no line
        return ""
    told = f"{job.name}: took {words.span(min(found))} to {words.span(max(found))}"
    return charts.sparkline(found, (), f"{told}, last {words.span(found[-1])}")
