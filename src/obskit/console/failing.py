"""What fails now, whatever kind it is, as the page tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from obskit.console import words
from obskit.overview.checks import WORST_FIRST
from obskit.overview.model import CheckView, JobView, OperationView, Overview, QuotaView
from obskit.state.store import Silence


@dataclass(frozen=True)
class Failing:
    """Something that fails.

    Attributes:
        kind: What it is, in a word.
        name: Its name.
        status: How it stands, in the words of a check.
        message: Why.
        item: The whole of it: whose it is, and what to do.
        severity: What its failure means; empty where it says nothing of that.
        since: Since when, seconds since the Unix epoch, or None.
        evidence: What shows it.
        link: Where the rest is, within the page.
        silence: Its silence, or None.
        host: Whose it is, where hosts share the store; else empty.
    """

    kind: str
    name: str
    status: str
    message: str
    item: CheckView | JobView | OperationView | QuotaView
    severity: str = ""
    since: float | None = None
    evidence: Sequence[Any] = ()
    link: str = ""
    silence: Silence | None = None
    host: str = ""


def failing(overview: Overview) -> list[Failing]:
    """What fails, the worst and what matters most first; what is silenced comes last.

    Args:
        overview: How the service is.
    """
    found = [
        *(_check(each) for each in overview.checks if each.fails),
        *(_job(each) for each in overview.jobs if each.standing.fails),
        *(_operation(each) for each in overview.operations if each.fails),
        *_quotas(overview.quotas),
    ]
    return sorted(found, key=lambda one: (one.silence is not None, _rank(one.status), one.severity))


def _rank(status: str) -> int:
    return WORST_FIRST.index(status) if status in WORST_FIRST else len(WORST_FIRST)


def _check(check: CheckView) -> Failing:
    run = check.latest
    message = "it has not run yet" if run is None else run.message
    return Failing(
        "check",
        check.name,
        check.status,
        "its last run is too long ago" if run and check.overdue else message,
        check,
        check.severity,
        run.since if run else None,
        run.evidence if run else (),
        f"check/{check.name}",
        check.silence,
        check.host,
    )


def _job(job: JobView) -> Failing:
    stands = job.standing
    evidence = stands.ended.evidence if stands.ended else ()
    if stands.state == "late":
        began = stands.deadline
    elif stands.state == "too_long" or stands.ended is None:
        began = stands.last.started if stands.last else None
    else:
        began = stands.ended.finished
    return Failing(
        "job",
        job.name,
        "critical",
        stands.message,
        job,
        job.severity,
        began,
        evidence,
        f"job/{job.name}",
    )


def _operation(one: OperationView) -> Failing:
    said = f"{one.failed} of {one.runs} runs failed, p95 {words.span(one.p95)}"
    told = f"{said}, in the last {words.span(one.window)}"
    return Failing("operation", one.name, "critical", told, one, one.severity, link="#operations")


def _quotas(quotas: Sequence[QuotaView]) -> Iterator[Failing]:
    for quota in quotas:
        if quota.status != "ok":
            told = f"{quota.used} of {quota.limit} used"
            if quota.used < quota.limit and quota.seconds_until_empty is not None:
                told += f", empty in {words.span(quota.seconds_until_empty)}"
            yield Failing(
                "budget", quota.name, quota.status, told, quota, quota.severity, link="#budgets"
            )
