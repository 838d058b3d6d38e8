"""Pasts that are made up, in the notation of ``promtool test rules``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from obskit.alerts.rule import Trial, TrialKind

#: What happens one after the other: whether it is bad, and for how many samples.
Phases = Sequence[tuple[bool, int]]


def counter(*phases: tuple[float, int]) -> str:
    """A counter that begins at 0.

    Args:
        *phases: By how much it grows from sample to sample, and for how many of them.

    >>> counter((0, 2), (5, 3))
    '0 0+0x1 5+5x2'
    """
    value, written = 0.0, "0"
    for grows, many in phases:
        written += f" {value + grows:g}+{grows:g}x{many - 1}"
        value += grows * many
    return written


def gauge(*phases: tuple[float | None, int]) -> str:
    """What goes up and down.

    Args:
        *phases: What it is, None where there are no samples, and for how many of them.

    >>> gauge((0.5, 2), (None, 3), (1, 1))
    '0.5x1 _x3 1x0'
    """
    return " ".join(
        f"_x{many}" if value is None else f"{value:g}x{many - 1}" for value, many in phases
    )


def course(
    make: Callable[[Phases], Mapping[str, str]],
    *,
    step: float,
    seen: float,
    keeps: float,
    samples: int = 1,
    first: int = 10,
) -> tuple[Trial, ...]:
    """How an alert behaves that fires where something is bad, and not where nothing is heard of it.

    Args:
        make: The series of what happens.
        step: Seconds from one evaluation to the next.
        seen: Seconds from when it is bad until the alert must fire, and from when it is well until
            no more is seen of it.
        keeps: Seconds that the alert goes on to fire.
        samples: How many there are from one evaluation to the next.
        first: Evaluations before anything happens.
    """
    fires, ends = math.ceil(seen / step) + 2, math.ceil((seen + keeps) / step) + 3
    gap = max(1, math.floor(keeps / step / 2))
    turn, late = first * step, (first + fires) * step
    after = (first + fires + 1) * step
    bad, well = (True, fires + 1), (False, ends)
    begin, again = (False, first), {late + step * more: 1 for more in range(gap + fires)}

    def trial(kind: TrialKind, phases: Phases, firing: Mapping[float, int]) -> Trial:
        series = make([(wrong, many * samples) for wrong, many in phases])
        return Trial(kind, series, step / samples, firing, evaluation=step)

    return (
        trial("healthy", [begin, (False, fires)], {turn: 0, late: 0}),
        trial("broken", [begin, bad], {turn - step: 0, late: 1}),
        trial("flapping", [begin, bad, (False, gap), bad], again),
        Trial("absent", {}, step / samples, {turn: 0, late: 0}, evaluation=step),
        trial("recovers", [begin, bad, well], {late: 1, after + ends * step: 0}),
    )
