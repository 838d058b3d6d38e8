"""What was measured of late, as a trend: how it went, by how much it changed, how long the rest lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from obskit.state.store import Run

#: Moments, seconds since the Unix epoch, each with what was measured then; the oldest first.
Series = Sequence[tuple[float, float]]


def series(runs: Iterable[Run], earlier: Series = ()) -> Series:
    """What runs measured.

    Args:
        runs: The runs, in any order.
        earlier: What is known beside them.
    """
    found = {run.started: run.value for run in runs if run.value is not None}
    known = {**dict(earlier), **found}
    return sorted((moment, value) for moment, value in known.items() if isfinite(value))


def columns(measured: Series, most: int) -> list[float]:
    """Values at equal distances of time, for a picture; what was measured counts until the next.

    Args:
        measured: Moments with values.
        most: So many values at most, two or more.

    >>> columns([(0, 1), (1, 5), (9, 7), (10, 8)], 5)
    [5, 5, 7, 8]
    >>> columns([(0, 1), (60, 5)], 5)
    [1, 5]
    """
    if len(measured) <= 2:  # noqa: PLR2004
        return [value for _, value in measured]
    begin, end, most = measured[0][0], measured[-1][0], min(most, len(measured))
    width = (end - begin) / (most - 1)
    shown: list[float] = []
    for moment, value in measured:
        column = min(most - 1, int((moment - begin) / width)) if width else 0
        while len(shown) < column:
            shown.append(shown[-1])
        shown[column:] = [value]
    return shown


def change(measured: Series) -> tuple[float, float] | None:
    """By how much the last value differs from the first, and how many seconds lie between.

    >>> change([(0, 3), (60, 5)]), change([(0, 3)])
    ((2, 60), None)
    """
    if len(measured) < 2:  # noqa: PLR2004
        return None
    (begin, first), (end, last) = measured[0], measured[-1]
    return last - first, end - begin


def lasts(measured: Series, limit: float) -> float | None:
    """In how many seconds the limit is reached, if it goes on so; None where it does not rise.

    >>> lasts([(0, 80), (60, 90)], 100), lasts([(0, 90), (60, 80)], 100)
    (60.0, None)
    """
    changed = change(measured)
    if changed is None:
        return None
    by, over = changed
    left = limit - measured[-1][1]
    return left * over / by if by > 0 and left > 0 else None


def spread(moments: Iterable[float], now: float, span: float, parts: int) -> list[int]:
    """How much happened in each part of the time before now, the oldest part first.

    >>> spread([1, 98, 99, 100], now=100, span=50, parts=5)
    [0, 0, 0, 0, 3]
    """
    counted = [0] * parts
    for moment in moments:
        if now - span < moment <= now:
            ago = int((now - moment) * parts / span)
            counted[parts - 1 - ago] += 1
    return counted
