"""How a check has watched, of its kept runs: when it ran, when it failed, how soon that was known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from obskit.alerts.report import Firing, Record
from obskit.checks.results import lasts
from obskit.declaration import Check
from obskit.state.store import Run

#: What has failed for longer was not seen to in time.
IN_TIME = 3_600.0
_UP = ("ok", "warning")


@dataclass(frozen=True)
class Watched:
    """How a check has watched.

    Attributes:
        name: The check's name.
        watched: For which share of the time its result counted: the monitoring's own uptime.
        up: For which share of that time it was not critical: the uptime of what it watches.
        failings: When it failed, as people were told, how often that mended itself, and how long it
            took from the last good run to when it was known.
        in_time: How many failings ended, or were silenced by somebody, within an hour.
    """

    name: str
    watched: float
    up: float
    failings: Record
    in_time: int

    @property
    def detection(self) -> float | None:
        """The longest time from the last good run to when it was known, seconds."""
        return max(self.failings.detections, default=None)


def watched(
    check: Check, runs: Sequence[Run], since: float, now: float, silenced: float | None
) -> Watched | None:
    """How a check has watched; None where it never ran.

    Args:
        check: The check.
        runs: Its kept runs, the oldest first.
        since: From when on they are kept at best, seconds since the Unix epoch.
        now: Until when.
        silenced: When somebody silenced it, where it still is.
    """
    if not runs:
        return None
    # Before the oldest one that is kept it may not have been there.
    began = max(since, runs[0].started)
    parts = list(_parts(runs, now, lasts(check)))
    held = sum(seconds for seconds, _ in parts)
    up = sum(seconds for seconds, run in parts if run.damped in _UP)
    found = tuple(_failings(runs, now))
    detections = tuple(sorted(_detections(runs)))
    answered = [each for each in found if _in_time(each, silenced)]
    return Watched(
        check.name,
        held / (now - began) if now > began else 1.0,
        up / held if held else 1.0,
        Record({"check": check.name}, found, 0, detections),
        len(answered),
    )


def _parts(runs: Sequence[Run], now: float, counts: float) -> Iterator[tuple[float, Run]]:
    """For how long each run counted: until the next one, and not once it was too old."""
    ends = [run.started for run in runs[1:]] + [now]
    for run, end in zip(runs, ends, strict=True):
        yield max(0.0, min(end - run.started, counts)), run


def _failings(runs: Sequence[Run], now: float) -> Iterator[Firing]:
    began: float | None = None
    for run in runs:
        if run.damped in _UP and began is not None:
            yield Firing(began, run.started - began)
            began = None
        elif run.damped not in (*_UP, "skipped") and began is None:
            began = run.started
    if began is not None:
        yield Firing(began, now - began, lasts=True)


def _detections(runs: Sequence[Run]) -> Iterator[float]:
    """Of each failing: from the last run that found nothing to the end of the one that told."""
    good: Run | None = None
    for before, run in pairwise(runs):
        if before.status in _UP:
            good = before
        if before.damped in _UP and run.damped not in (*_UP, "skipped") and good is not None:
            yield run.started + run.duration - good.started


def _in_time(one: Firing, silenced: float | None) -> bool:
    seen_to = silenced is not None and one.lasts and silenced - one.began <= IN_TIME
    return seen_to or (not one.lasts and one.lasted <= IN_TIME)
