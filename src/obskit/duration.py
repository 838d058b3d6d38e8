"""Spans of time as people write them: `90s`, `5m`, `1h30m`."""

from __future__ import annotations

import math
import re
from datetime import timedelta

#: What a span of time may be given as: text, seconds, or a `timedelta`.
Duration = str | float | timedelta

#: The longest span that is taken, in seconds. Longer ones are slips, and overflow timers.
LONGEST = 366 * 86_400.0

_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ONE_DECIMAL_BELOW = 10
# Prometheus writes durations so: each unit once, the largest first. Decimals are ours.
_WRITTEN = re.compile("".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in _UNITS))


def parse_duration(given: Duration, *, least: float = 0.001) -> float:
    """Read a span of time.

    Args:
        given: Text of numbers with the units ``w``, ``d``, ``h``, ``m``, ``s`` and ``ms``, each at
            most once and the largest first; a number of seconds; or a `timedelta`.
        least: The shortest span that is allowed, in seconds.

    Returns:
        Seconds, from `least` to 366 days.

    Raises:
        ValueError: It is none of these, or too short or too long. The message says what is allowed.

    >>> parse_duration("1h30m"), parse_duration("250ms"), parse_duration(90)
    (5400.0, 0.25, 90.0)
    """
    seconds = _seconds(given)
    if seconds is None:
        raise ValueError(
            f"{given!r} is no span of time: write numbers with units, such as 90s, 5m, 1h30m or 7d"
        )
    if not least <= seconds <= LONGEST:
        raise ValueError(
            f"{given!r} is out of range: use {format_duration(least)} to {format_duration(LONGEST)}"
        )
    return seconds


def _seconds(given: object) -> float | None:
    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, str):
        written = _WRITTEN.fullmatch(given.strip())
        if written is None or not any(written.groups()):
            return None
        parts = zip(written.groups(), _UNITS.values(), strict=True)
        return sum(float(number) * unit for number, unit in parts if number)
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    if isinstance(given, float) and math.isnan(given):
        return None
    return float(max(-1, min(given, LONGEST + 1)))  # a huge int does not fit a float


def format_duration(seconds: float) -> str:
    """Write a span of time in its two largest units; what is smaller is cut off.

    Args:
        seconds: Zero or more.

    >>> format_duration(5520), format_duration(45), format_duration(0.0123)
    ('1h32m', '45s', '12ms')
    """
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    if seconds < _ONE_DECIMAL_BELOW:
        return f"{int(seconds * 10) / 10:g}s"
    whole = int(seconds)
    for (large, size), (small, smaller) in (
        (("d", 86_400), ("h", 3_600)),
        (("h", 3_600), ("m", 60)),
        (("m", 60), ("s", 1)),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size}{large}" + (f"{rest}{small}" if rest else "")
    return f"{whole}s"
