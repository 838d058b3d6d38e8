"""A judge against a check's own past: `changed("7d", critical=3.0)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from obskit.checks.model import number
from obskit.declaration import Verdict
from obskit.declare import caller
from obskit.duration import Duration, format_duration, parse_duration
from obskit.exceptions import DeclarationError

_WEEK = 7 * 86_400.0
# Measurements within this time of the same hour of the week are of the same time.
_SLOT = 3_600.0
_ENOUGH_OF_SLOT = 5
_ENOUGH = 20


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

        The usual is the median of the same hour of the week where there are five measurements of
        it, else that of all where there are twenty.

        Args:
            value: What was measured now.
            past: When something was measured, seconds since the Unix epoch, and what.
            now: Seconds since the Unix epoch.
        """
        same = [each for at, each in past if _is_same_time(at, now)]
        every = [each for _, each in past]
        chosen = same if len(same) >= _ENOUGH_OF_SLOT else every if len(every) >= _ENOUGH else []
        if not chosen:
            return Verdict("unknown", f"{len(every)} of {_ENOUGH} measurements that make a past")
        usual = median(chosen)
        of = (
            "the same hour of the week"
            if chosen is same
            else f"the last {format_duration(self.window)}"
        )
        return self._judge(_ratio(value, usual), f"{usual:g} in {of}")

    def _judge(self, ratio: float, usual: str) -> Verdict:
        times = f"{ratio:.2g} × {usual}"
        for state, most, least in (
            ("critical", self.critical, self.critical_below),
            ("warning", self.warning, self.warning_below),
        ):
            if most is not None and ratio >= most:
                return Verdict(state, f"{times}: {state} from {most:g} × upward")  # type: ignore[arg-type]
            if least is not None and ratio <= least:
                return Verdict(state, f"{times}: {state} from {least:g} × downward")  # type: ignore[arg-type]
        return Verdict("ok", times)


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
    >>> judge.against(9.0, [(float(at), 2.0) for at in range(20)], 20.0).state
    'critical'
    """
    said = (
        f"changed({window!r}, warning={warning!r}, critical={critical!r},"
        f" warning_below={warning_below!r}, critical_below={critical_below!r}) ({caller()})"
    )
    try:
        seconds = parse_duration(window, least=_SLOT)
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


def _is_same_time(at: float, now: float) -> bool:
    apart = (now - at) % _WEEK
    # The hour that is just now is no past of its own.
    return now - at > _WEEK / 2 and min(apart, _WEEK - apart) <= _SLOT


def _ratio(value: float, usual: float) -> float:
    if usual:
        return value / usual
    return 1.0 if value == 0 else math.inf
