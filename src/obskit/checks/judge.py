"""Judges of a measured number. A bound belongs to the worse side: `above(warning=1)` warns at 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from obskit.checks.model import number
from obskit.declaration import Limit, State, Verdict
from obskit.declare import caller
from obskit.exceptions import DeclarationError
from obskit.number import format_number

Range = tuple[float, float]


@dataclass(frozen=True)
class Above:
    """Fails from a limit upward. `above` makes one."""

    warning: float | None
    critical: float | None

    def __call__(self, value: float, /) -> Verdict:
        """Judge a number that is not NaN."""
        if self.critical is not None and value >= self.critical:
            return Verdict("critical", f"critical from {format_number(self.critical)} upward")
        if self.warning is not None and value >= self.warning:
            return Verdict("warning", f"warning from {format_number(self.warning)} upward")
        return Verdict("ok", "")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Where the state turns."""
        return _limits("upper", self.warning, self.critical)


@dataclass(frozen=True)
class Below:
    """Fails from a limit downward. `below` makes one."""

    warning: float | None
    critical: float | None

    def __call__(self, value: float, /) -> Verdict:
        """Judge a number that is not NaN."""
        if self.critical is not None and value <= self.critical:
            return Verdict("critical", f"critical from {format_number(self.critical)} downward")
        if self.warning is not None and value <= self.warning:
            return Verdict("warning", f"warning from {format_number(self.warning)} downward")
        return Verdict("ok", "")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Where the state turns."""
        return _limits("lower", self.warning, self.critical)


@dataclass(frozen=True)
class Outside:
    """Fails at and beyond the ends of a range. `outside` makes one."""

    warning: Range | None
    critical: Range | None

    def __call__(self, value: float, /) -> Verdict:
        """Judge a number that is not NaN."""
        if self.critical is not None and not _within(value, self.critical):
            return Verdict("critical", f"critical unless between {_written(self.critical)}")
        if self.warning is not None and not _within(value, self.warning):
            return Verdict("warning", f"warning unless between {_written(self.warning)}")
        return Verdict("ok", "")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Where the state turns."""
        warning, critical = self.warning or (None, None), self.critical or (None, None)
        return (
            *_limits("lower", warning[0], critical[0]),
            *_limits("upper", warning[1], critical[1]),
        )


def _limits(
    bound: Literal["lower", "upper"], warning: float | None, critical: float | None
) -> tuple[Limit, ...]:
    found: tuple[tuple[State, float | None], ...] = (("warning", warning), ("critical", critical))
    return tuple(Limit(state, bound, value) for state, value in found if value is not None)


def limits_of(judge: object) -> tuple[Limit, ...]:
    """The fixed limits that a judge tells of; none where it has none, or is the host's own and fails.

    Args:
        judge: It, or None.

    >>> limits_of(above(critical=5)), limits_of(None)
    ((Limit(state='critical', bound='upper', value=5.0),), ())
    """
    try:
        return tuple(each for each in getattr(judge, "limits", ()) if isinstance(each, Limit))
    except Exception:  # the host's own code
        return ()


def above(*, warning: float | None = None, critical: float | None = None) -> Above:
    """Judge that a number is too large. The limits themselves are.

    Args:
        warning: From this number upward it is a warning. At most `critical`.
        critical: From this number upward it is critical.

    Raises:
        DeclarationError: Neither is given, one is no finite number, or they are the wrong way round.

    >>> above(warning=1, critical=5)(1).state
    'warning'
    """
    said = f"above(warning={warning!r}, critical={critical!r})"
    low, high = _limit(said, warning), _limit(said, critical)
    _require(said, low is not None or high is not None, "give warning, critical or both")
    _require(said, low is None or high is None or low <= high, "warning may not exceed critical")
    return Above(low, high)


def below(*, warning: float | None = None, critical: float | None = None) -> Below:
    """Judge that a number is too small. The limits themselves are.

    Args:
        warning: From this number downward it is a warning. At least `critical`.
        critical: From this number downward it is critical.

    Raises:
        DeclarationError: Neither is given, one is no finite number, or they are the wrong way round.

    >>> below(warning=20, critical=5)(5).state
    'critical'
    """
    said = f"below(warning={warning!r}, critical={critical!r})"
    high, low = _limit(said, warning), _limit(said, critical)
    _require(said, low is not None or high is not None, "give warning, critical or both")
    _require(said, low is None or high is None or low <= high, "critical may not exceed warning")
    return Below(high, low)


def outside(*, warning: Range | None = None, critical: Range | None = None) -> Outside:
    """Judge that a number has left a range. The ends of the range are outside.

    Args:
        warning: At or beyond either end it is a warning. Lies within `critical`.
        critical: At or beyond either end it is critical.

    Raises:
        DeclarationError: Neither is given, one is no pair of finite numbers in rising order, or
            they are the wrong way round.

    >>> judge = outside(warning=(10, 20), critical=(5, 25))
    >>> judge(15).state, judge(20).state, judge(3).state
    ('ok', 'warning', 'critical')
    """
    said = f"outside(warning={warning!r}, critical={critical!r})"
    inner, outer = _range(said, warning), _range(said, critical)
    _require(said, inner is not None or outer is not None, "give warning, critical or both")
    if inner is not None and outer is not None:
        nested = outer[0] <= inner[0] and inner[1] <= outer[1]
        _require(said, nested, "the range of warning must lie within that of critical")
    return Outside(inner, outer)


def _within(value: float, ends: Range) -> bool:
    return ends[0] < value < ends[1]


def _written(ends: Range) -> str:
    return f"{format_number(ends[0])} and {format_number(ends[1])}"


def _require(said: str, holds: bool, allowed: str) -> None:
    if not holds:
        raise DeclarationError(f"{said} ({caller()}): {allowed}")


def _limit(said: str, given: object) -> float | None:
    if given is None:
        return None
    limit = number(given)
    if limit is None or not math.isfinite(limit):
        raise DeclarationError(f"{said} ({caller()}): a limit is a finite number, not {given!r}")
    return limit


def _range(said: str, given: object) -> Range | None:
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != len(("low", "high")):
        raise DeclarationError(f"{said} ({caller()}): a range is a pair such as (1, 5)")
    low, high = _limit(said, given[0]), _limit(said, given[1])
    if low is None or high is None or low >= high:
        raise DeclarationError(f"{said} ({caller()}): a range is a pair such as (1, 5), rising")
    return low, high
