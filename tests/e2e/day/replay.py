"""A day of the shop, put together of stretches that were recorded from a real Prometheus."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .samples import NONE, STALE

#: Written by ``python -m tests.e2e.day.record``.
RECORDING = Path(__file__).with_name("recorded.json.gz")
#: Of each series its samples, a minute apart.
Day = dict[str, list[float | str]]

# From which hour on how many stretches of a hundred are busy, quiet and without any request.
_HOURS = {0: (0, 10, 90), 6: (10, 80, 10), 8: (80, 20, 0), 18: (50, 50, 0), 22: (0, 60, 40)}
# At which hour something happens.
_EVENTS = {
    8.5: "restart",
    10.0: "deploy",
    13.2: "killed",
    15.0: "deploy",
    17.4: "restart",
    21.0: "killed",
}
_INSTANCE = re.compile(r'\binstance="([^"]+)"')
# Samples that a series may lack though it goes on: Prometheus forgets it after five minutes.
_FORGOTTEN = 5


@dataclass(frozen=True)
class Series:
    """What was recorded of one series: a sample before the first stretch, and those of each."""

    labels: Mapping[str, str]
    values: Sequence[float | str]

    @property
    def written(self) -> str:
        """As ``promtool`` names it."""
        labels = {name: value for name, value in self.labels.items() if name != "__name__"}
        pairs = (f"{name}={json.dumps(value)}" for name, value in labels.items())
        return f"{self.labels['__name__']}{{{', '.join(pairs)}}}"

    def before(self, index: int) -> float | None:
        """What it was at a moment; None where it was not there."""
        for value in reversed(self.values[max(0, index + 1 - _FORGOTTEN) : index + 1]):
            if value != NONE:
                return None if isinstance(value, str) else value
        return None


@dataclass(frozen=True)
class Recording:
    """What was recorded.

    Attributes:
        length: Samples of each stretch.
        stretches: What happens in them, one after the other.
        series: What Prometheus held.
    """

    length: int
    stretches: Sequence[str]
    series: Sequence[Series]

    @cached_property
    def names(self) -> set[str]:
        """The metrics."""
        return {series.labels["__name__"] for series in self.series}

    def day(self, plan: Sequence[str], names: Iterable[str]) -> Day:
        """What there would have been had the stretches come in another order, and again and again.

        Args:
            plan: The stretches.
            names: The metrics that are wanted.
        """
        wanted = set(names)
        return {
            series.written: self._replayed(series, plan)
            for series in self.series
            if series.labels["__name__"] in wanted
        }

    def _replayed(self, series: Series, plan: Sequence[str]) -> list[float | str]:
        found: list[float | str] = []
        present = False
        for name in plan:
            begin = self.stretches.index(name) * self.length
            was = series.before(begin)
            stretch = list(series.values[begin + 1 : begin + 1 + self.length])
            if present and was is None and stretch[0] == NONE:
                stretch[0] = STALE  # its process is not there: it has ended in good order
            last = _last(found) if present else 0.0
            later = (len(found) - begin - 1) * 60
            found += self._moved(series.labels["__name__"], stretch, was, last, later)
            present = series.before(begin + self.length) is not None
        return found

    def _moved(
        self, name: str, stretch: Sequence[float | str], was: float | None, last: float, later: int
    ) -> Iterable[float | str]:
        for value in stretch:
            if isinstance(value, str):
                yield value
            elif "timestamp" in name:
                yield round(value + later, 3)
            elif not self._counts(name):
                yield value
            else:
                # It goes on from where it is; a process that is new begins anew.
                last = value if was is None or value < was else round(last + value - was, 6)
                was = value
                yield last

    def _counts(self, name: str) -> bool:
        stem, _, end = name.rpartition("_")
        of_histogram = end in ("count", "sum") and f"{stem}_bucket" in self.names
        return of_histogram or end in ("total", "bucket") or "_uptime" in name


def _last(found: Sequence[float | str]) -> float:
    return next((value for value in reversed(found) if isinstance(value, float)), 0.0)


def recorded() -> Recording:
    """What is in the file."""
    content = json.loads(gzip.decompress(RECORDING.read_bytes()))
    series = [Series(each["labels"], each["values"]) for each in content["series"]]
    return Recording(content["length"], content["stretches"], series)


def plan(length: int, seed: int) -> list[str]:
    """The stretches of a day, each of so many minutes: a quiet night, then people and changes."""
    chance = random.Random(seed)
    events = dict(sorted(_EVENTS.items()))
    found = []
    for minute in range(0, 24 * 60, length):
        hour = minute / 60
        shares = next(_HOURS[since] for since in sorted(_HOURS, reverse=True) if since <= hour)
        (name,) = chance.choices(("busy", "quiet", "night"), shares)
        if events and hour >= next(iter(events)):
            name = events.pop(next(iter(events)))
        found.append(name)
    return found


def miss(day: Day, seed: int) -> None:
    """Take a sample in thirty out, never two in a row: of all series, or of those of one instance."""
    chance = random.Random(seed)
    instances = {name: _INSTANCE.search(name) for name in day}
    several = ["", *sorted({found[1] for found in instances.values() if found})]
    minutes = range(2, min(map(len, day.values())), 2)
    for minute in chance.sample(minutes, len(minutes) // 15):
        whose = chance.choice(several)
        for name, values in day.items():
            found = instances[name]
            if values[minute] != STALE and (not whose or (found and found[1] == whose)):
                values[minute] = NONE


def written(values: Sequence[float | str]) -> str:
    """Samples as ``promtool`` reads them, those that are alike told once."""
    told: list[str] = []
    index = 0
    while index < len(values):
        value = values[index]
        alike = index + 1
        while alike < len(values) and values[alike] == value:
            alike += 1
        many = alike - index
        text = value if isinstance(value, str) else f"{value:.15g}"
        if value == STALE or many == 1:
            told += [text] * many
        else:
            told.append(f"_x{many}" if value == NONE else f"{text}x{many - 1}")
        index = alike
    return " ".join(told)
