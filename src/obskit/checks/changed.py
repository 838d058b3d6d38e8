"""A judge against a check's own past: `changed("7d", critical=3.0)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, median_high, median_low
from typing import ClassVar

from obskit.checks.model import number
from obskit.declaration import State, Verdict
from obskit.declare import caller
from obskit.duration import Duration, format_duration, parse_duration
from obskit.exceptions import DeclarationError
from obskit.number import format_number

_HOUR, _DAY, _WEEK = 3_600.0, 86_400.0, 7 * 86_400.0
# Measurements so near to the same moment of a day or week are of the same time: of an hourly check
# that begins a little early or late, three.
_SLOT = 4_500.0
# Three, so that one outlier moves no median.
_ENOUGH_OF_SLOT = 3
_ENOUGH = 20
# Six of seven days: who has seen so many has seen a day of the weekend.
_ENOUGH_OF_WINDOW = 6 / 7
# A usual that more of the past itself breaks is none: the time of the day or the week decides.
_MOST_BREAKING = 0.1
# So many measurements of a window are read at most, where it is no longer than six weeks.
_MOST_READ = 1_000
# From so many times the usual on nobody reads two digits alone.
_WITHOUT_FRACTION = 99.5


@dataclass(frozen=True)
class Changed:
    """Fails where a number is too many times what is usual, or too small a part of it.

    Attributes:
        window: How far back the past counts, seconds.
        warning: From so many times the usual it is a warning, or None.
        critical: From so many times the usual it is critical, or None.
        warning_below: From this part of the usual downward it is a warning, or None.
        critical_below: From this part of the usual downward it is critical, or None.
    """

    needs_past: ClassVar[bool] = True

    window: float
    warning: float | None
    critical: float | None
    warning_below: float | None
    critical_below: float | None

    def __call__(self, value: float, /) -> Verdict:
        """Without a past, nothing is known."""
        return self.against(value, (), 0.0)

    def against(self, value: float, past: Sequence[tuple[float, float]], now: float) -> Verdict:
        """Judge a number against the past.

        The usual is the median of the same hour of the week where there are three measurements of
        it. Else it is, once the past holds six days, or most of a shorter window, the median of the
        same hour of the day, where it was measured on as many days; else that of all, where there
        are twenty. Of the last two, one that a tenth of the past itself would fail by is none.

        Args:
            value: What was measured now.
            past: When something was measured, seconds since the Unix epoch, and what.
            now: Seconds since the Unix epoch.
        """
        comparable = self._comparable(past, now)
        if isinstance(comparable, str):
            return Verdict("unknown", comparable)
        values, when = comparable
        # Of two in the middle, as where the night ends and half of the hour's are by day: the nearer.
        middle = (median_low(values), median_high(values))
        usual = min(middle, key=lambda one: abs(value - one))
        ratio = _ratio(value, usual)
        state, limit = self._state(ratio)
        return Verdict(state, f"{_times(ratio)} × {format_number(usual)} in {when}{limit}")

    @property
    def since(self) -> float:
        """How far back to read, seconds: a week ago, the hour has measurements on both sides."""
        return self.window + _SLOT

    @property
    def step(self) -> float:
        """Of what is measured within so many seconds one is enough."""
        return min(self.window / _MOST_READ, _HOUR)

    def _comparable(
        self, past: Sequence[tuple[float, float]], now: float
    ) -> tuple[list[float], str] | str:
        """What was measured when the same was usual, and when that was; or why nothing is known."""
        week = _at_same_time(past, now, _WEEK)
        if len(week) >= _ENOUGH_OF_SLOT:
            return [each for _, each in week], "the same hour of the week"
        seen = now - min((at for at, _ in past), default=now)
        wanted = min(self.window, _WEEK) * _ENOUGH_OF_WINDOW
        days = _by_day(_at_same_time(past, now, _DAY), now)
        is_daily = seen >= wanted and len(days) >= max(_ENOUGH_OF_SLOT, round(wanted / _DAY))
        if len(past) < _ENOUGH and not is_daily:
            return f"{len(past)} of {_ENOUGH} measurements that make a past"
        if seen < wanted:
            return f"{format_duration(seen)} of {format_duration(wanted)} that make a past"
        chosen = days if is_daily else [each for _, each in past]
        usual = median(chosen)
        breaking = sum(self._state(_ratio(each, usual))[0] != "ok" for each in chosen)
        if breaking > _MOST_BREAKING * len(chosen):
            return (
                f"{len(week)} of {_ENOUGH_OF_SLOT} measurements of this hour of the week, and what"
                " is usual depends on the hour"
            )
        last = f"the last {format_duration(self.window)}"
        return chosen, "the same hour of the day" if is_daily else last

    def _state(self, ratio: float) -> tuple[State, str]:
        limits: tuple[tuple[State, float | None, float | None], ...] = (
            ("critical", self.critical, self.critical_below),
            ("warning", self.warning, self.warning_below),
        )
        for state, most, least in limits:
            if most is not None and ratio >= most:
                return state, f": {state} from {format_number(most)} × upward"
            if least is not None and ratio <= least:
                return state, f": {state} from {least:g} × downward"
        return "ok", ""


def changed(
    window: Duration,
    *,
    warning: float | None = None,
    critical: float | None = None,
    warning_below: float | None = None,
    critical_below: float | None = None,
) -> Changed:
    """Judge a number against what the check itself measured before.

    Args:
        window: How far back that counts, such as ``"7d"``; from one hour.
        warning: From so many times the usual upward it is a warning; above 1.
        critical: From so many times the usual upward it is critical; above 1, at least `warning`.
        warning_below: From this part of the usual downward it is a warning; 0 to 1.
        critical_below: From this part of the usual downward it is critical; at most `warning_below`.

    Raises:
        DeclarationError: None of them is given, or one is out of range.

    >>> judge = changed("7d", critical=3.0)
    >>> judge.against(9.0, [(hour * 3600.0, 2.0) for hour in range(168)], 604_800.0).state
    'critical'
    """
    said = (
        f"changed({window!r}, warning={warning!r}, critical={critical!r},"
        f" warning_below={warning_below!r}, critical_below={critical_below!r}) ({caller()})"
    )
    try:
        seconds = parse_duration(window, least=_HOUR)
    except ValueError as error:
        raise DeclarationError(f"{said}: {error}") from None
    more, less = (warning, critical), (warning_below, critical_below)
    if all(limit is None for limit in (*more, *less)):
        raise DeclarationError(f"{said}: give a limit, such as critical=3.0")
    if not all(_is_between(limit, 1, math.inf) for limit in more):
        raise DeclarationError(f"{said}: warning and critical are above 1")
    if not all(_is_between(limit, 0, 1) for limit in less):
        raise DeclarationError(f"{said}: warning_below and critical_below lie between 0 and 1")
    if None not in more and more[0] > more[1]:  # type: ignore[operator]
        raise DeclarationError(f"{said}: warning may not exceed critical")
    if None not in less and less[0] < less[1]:  # type: ignore[operator]
        raise DeclarationError(f"{said}: critical_below may not exceed warning_below")
    return Changed(seconds, warning, critical, warning_below, critical_below)


def _is_between(limit: object, low: float, high: float) -> bool:
    value = number(limit)
    return limit is None or (value is not None and low < value < high)


def _at_same_time(
    past: Sequence[tuple[float, float]], now: float, period: float
) -> list[tuple[float, float]]:
    """What was measured whole periods ago. The hour that is just now is no past of its own."""
    return [
        (at, each)
        for at, each in past
        if now - at > period / 2 and abs((now - at + period / 2) % period - period / 2) <= _SLOT
    ]


def _by_day(measured: Sequence[tuple[float, float]], now: float) -> list[float]:
    """One value of each day: a day that is another than the rest is told, however often it measured."""
    days: dict[int, list[float]] = {}
    for at, each in measured:
        days.setdefault(round((now - at) / _DAY), []).append(each)
    return [median(each) for each in days.values()]


def _times(ratio: float) -> str:
    return f"{ratio:.2g}" if abs(ratio) < _WITHOUT_FRACTION else format_number(round(ratio, 0))


def _ratio(value: float, usual: float) -> float:
    if usual:
        return value / usual
    return 1.0 if value == 0 else math.inf
