"""How alerts have behaved: the monitoring is itself measured."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from statistics import median

from obskit.alerts.promql import DRILL, Wanted, select, span

#: A series: its labels, and its samples as pairs of time and value.
Series = tuple[Mapping[str, str], Sequence[tuple[float, float]]]

#: What has ended by itself within so many seconds has mended itself.
MENDED = 300.0
#: What begins again within so many seconds flaps.
AGAIN = 900.0
#: With so many firings one can tell whether a threshold fits.
_ENOUGH = 3

_NOT_OF_AN_ALERT = frozenset(("__name__", "alertstate", DRILL))


@dataclass(frozen=True)
class Matcher:
    """What a silence asks of a label, as Alertmanager has it."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are meant."""
        found = labels.get(self.name, "")
        same = re.fullmatch(self.value, found) is not None if self.regex else found == self.value
        return same is self.equal


@dataclass(frozen=True)
class Silence:
    """Somebody wanted not to be told.

    Attributes:
        matchers: Of which alerts: those that all of them take.
        began: From when, seconds since the Unix epoch.
        ended: Until when.
    """

    matchers: tuple[Matcher, ...]
    began: float
    ended: float


@dataclass(frozen=True)
class Firing:
    """An alert fired for a while.

    Attributes:
        began: When it was first seen to fire, seconds since the Unix epoch.
        lasted: For how long, seconds.
        lasts: Whether it goes on.
    """

    began: float
    lasted: float
    lasts: bool = False


@dataclass(frozen=True)
class Record:
    """How one alert has behaved.

    Attributes:
        labels: Its labels; `alertname` among them.
        firings: When it fired, the oldest first.
        silenced: How many of these somebody had silenced.
        detections: Of each drill: seconds from the fault to the firing alert.
    """

    labels: Mapping[str, str]
    firings: tuple[Firing, ...] = ()
    silenced: int = 0
    detections: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """For how long it has fired in all."""
        return sum(each.lasted for each in self.firings)

    @property
    def longest(self) -> float:
        """For how long it has fired at most."""
        return max((each.lasted for each in self.firings), default=0.0)

    @property
    def mended(self) -> int:
        """How many firings ended within minutes."""
        return sum(not each.lasts and each.lasted <= MENDED for each in self.firings)

    @property
    def flapped(self) -> int:
        """How many began within minutes of the end of the one before."""
        pairs = zip(self.firings, self.firings[1:], strict=False)
        return sum(later.began - (one.began + one.lasted) <= AGAIN for one, later in pairs)

    @property
    def detection(self) -> float | None:
        """Seconds from the fault to the alert in the middle one of its drills."""
        return median(self.detections) if self.detections else None

    @property
    def is_restless(self) -> bool:
        """Whether another threshold, or damping, would fit better: half of it mended itself or flapped."""
        many = len(self.firings)
        return many >= _ENOUGH and 2 * max(self.mended, self.flapped) >= many


def drill_id(started: float, mark: str) -> str:
    """The value of the label by which a drill is known: it says when it began.

    >>> drill_id(0.25, "3fa9")
    '19700101T000000.250Z-3fa9'
    """
    at = datetime.fromtimestamp(round(started, 3), timezone.utc)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z-{mark}"


def firing(service: str | None, step: float) -> str:
    """The expression that has a sample for each alert that fires, or has fired since a step ago.

    Args:
        service: Whose alerts; None: all.
        step: Seconds from one point to the next. What is shorter is not missed.
    """
    series = select("ALERTS", {**_of(service), DRILL: ""})
    # A range has both its ends: of what lies on one, one point shall tell.
    return f"{series} or max_over_time({series}[{span(step - 0.001)}])"


def drilled(service: str | None, seconds: float) -> str:
    """The expression that has all samples of alerts that drills have made to fire."""
    series = select("ALERTS", {**_of(service), DRILL: re.compile(".+")})
    return f"{series}[{seconds:.0f}s]"


def _of(service: str | None) -> dict[str, Wanted]:
    return {"alertstate": "firing", **({"service": service} if service else {})}


def records(
    fired: Iterable[Series],
    drills: Iterable[Series],
    silences: Sequence[Silence],
    *,
    ended: float,
    step: float,
) -> list[Record]:
    """How each alert has behaved, those that fired most often first.

    Args:
        fired: What the expression of `firing` was; a series may come in pieces.
        drills: What the expression of `drilled` is.
        silences: Those that are known.
        ended: The end of the time that is reported on, seconds since the Unix epoch.
        step: Seconds from one point to the next.
    """
    times: dict[frozenset[tuple[str, str]], set[float]] = defaultdict(set)
    for labels, samples in fired:
        times[_alert(labels)].update(time for time, _ in samples)
    detections: dict[frozenset[tuple[str, str]], list[float]] = defaultdict(list)
    for labels, samples in drills:
        started = _started(labels.get(DRILL, ""))
        if started is not None and samples:
            detections[_alert(labels)].append(max(0.0, samples[0][0] - started))
    found = []
    for key in times.keys() | detections.keys():
        labels, firings = dict(key), firings_of(times.get(key, ()), ended=ended, step=step)
        silenced = sum(_is_silenced(labels, each, silences) for each in firings)
        found.append(Record(labels, firings, silenced, tuple(sorted(detections.get(key, ())))))
    return sorted(
        found, key=lambda one: (-len(one.firings), -one.seconds, sorted(one.labels.items()))
    )


def firings_of(times: Iterable[float], *, ended: float, step: float) -> tuple[Firing, ...]:
    """When an alert fired, of the points at which it did.

    >>> firings_of([60, 120, 300], ended=300, step=60)
    (Firing(began=60, lasted=60, lasts=False), Firing(began=300, lasted=60, lasts=True))
    """
    groups: list[list[float]] = []
    for time in sorted(times):
        if groups and time - groups[-1][-1] <= 1.5 * step:
            groups[-1].append(time)
        else:
            groups.append([time])
    # Seen at a point is what fired since the one before.
    return tuple(
        Firing(one[0], max(step, one[-1] - one[0]), lasts=one[-1] > ended - step) for one in groups
    )


def _alert(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(pair for pair in labels.items() if pair[0] not in _NOT_OF_AN_ALERT)


def _started(drill: str) -> float | None:
    try:
        return datetime.strptime(drill.rpartition("-")[0], "%Y%m%dT%H%M%S.%f%z").timestamp()
    except ValueError:  # a mark of somebody else's
        return None


def _is_silenced(labels: Mapping[str, str], one: Firing, silences: Sequence[Silence]) -> bool:
    return any(
        each.began < one.began + one.lasted
        and one.began < each.ended
        and all(matcher.takes(labels) for matcher in each.matchers)
        for each in silences
    )
