"""How values, times and states are written on the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from obskit.clock import to_rfc3339
from obskit.declaration import Limit
from obskit.duration import format_duration
from obskit.size import format_size

# What a calendar can show.
_LAST = 253_402_300_799.0
_MOST = 300
# Bytes that a character may take on the average: markup and other scripts take more.
_ROOM = 2
_PERCENT = 100
# The milliseconds below which a number has so many digits after its point.
_DIGITS = ((1, 2), (100, 1), (math.inf, 0))
#: A state in a sign beside its word, so that it is seen without colour.
SIGNS = {
    "ok": "✓",
    "warning": "▲",
    "critical": "✖",
    "unknown": "?",
    "skipped": "–",
    "healthy": "✓",
    "degraded": "▲",
    "unhealthy": "✖",
    "nothing_to_do": "✓",
    "running": "▶",
    "late": "▲",
    "too_long": "▲",
    "failed": "✖",
    "lost": "✖",
    "never": "–",
}


def sign(state: str) -> str:
    """The sign of a state; that of what is unknown where it has none."""
    return SIGNS.get(state, "?")


def moment(seconds: float) -> str:
    """A moment as a person reads it.

    >>> moment(7200.5), moment(float("inf"))
    ('1970-01-01 02:00:00 UTC', 'never')
    """
    return f"{iso(seconds)[:19].replace('T', ' ')} UTC" if is_moment(seconds) else "never"


def iso(seconds: float) -> str:
    """A moment as a machine reads it, to the second.

    >>> iso(7200.5)
    '1970-01-01T02:00:00Z'
    """
    return f"{to_rfc3339(seconds)[:19]}Z" if is_moment(seconds) else ""


def is_moment(seconds: float | None) -> bool:
    """Whether a calendar can show it."""
    return seconds is not None and math.isfinite(seconds) and 0 <= seconds <= _LAST


def span(seconds: float | None) -> str:
    """A span of time; a dash where there is none.

    >>> span(5520), span(None), span(float("inf"))
    ('1h32m', '–', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    return format_duration(abs(seconds))


def took(seconds: float) -> str:
    """How long something took, so that its size is seen at once.

    >>> took(0.00034), took(0.0123), took(0.34), took(2.5)
    ('0.34 ms', '12.3 ms', '340 ms', '2.50 s')
    """
    if seconds >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1_000
    digits = next(digits for below, digits in _DIGITS if milliseconds < below)
    return f"{milliseconds:.{digits}f} ms"


def apart(then: float, now: float) -> str:
    """How far away a moment is.

    >>> apart(0, 90), apart(90, 0)
    ('1m30s ago', 'in 1m30s')
    """
    if not is_moment(then):
        return "never"
    return f"in {span(then - now)}" if then > now else f"{span(now - then)} ago"


def amount(value: float | None, unit: str = "") -> str:
    """A value with its unit, in few digits.

    >>> amount(3, "{row}"), amount(2048, "By"), amount(90, "s"), amount(None)
    ('3 row', '2.0 KiB', '1m30s', '–')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    if unit == "By" and value >= 0:
        return format_size(value)
    if unit == "s" and value >= 0:
        return span(value)
    return f"{value:g} {'' if unit == '1' else unit.strip('{}')}".rstrip()


def percent(share: float | None) -> str:
    """A share in percent.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None or not math.isfinite(share) else f"{_PERCENT * share:.3g} %"


def cut(text: object, most: int = _MOST) -> str:
    """A text that is not longer than there is room for, also where its signs take much of it.

    >>> cut("a long one", 6), cut("<<<<<<<<<", 6)
    ('a long…', '<<<…')
    """
    told = str(text)
    head = told[:most]
    takes = len(escape(head).encode("utf-8", "replace"))
    if takes > _ROOM * most:
        head = head[: _ROOM * most * len(head) // takes]
    return told if head == told else f"{head.rstrip()}…"


def limits(given: Iterable[Limit], unit: str = "") -> str:
    """From where on something is not well.

    >>> limits([Limit("warning", "upper", 5.0), Limit("critical", "lower", 1.0)])
    'warning from 5 upward, critical from 1 downward'
    """
    ways = {"upper": "upward", "lower": "downward"}
    return ", ".join(
        f"{each.state} from {amount(each.value, unit)} {ways[each.bound]}" for each in given
    )


def evidence(given: Sequence[Any], most: int, longest: int = _MOST) -> list[str]:
    """Evidence as lines, and how much is left out."""
    lines = [cut(_line(each), longest) for each in given[:most]]
    left = len(given) - most
    return [*lines, f"… and {left} more"] if left > 0 else lines


def _line(given: Any) -> str:
    if isinstance(given, dict):
        return "  ".join(f"{key}={value}" for key, value in given.items())
    return str(given)
