"""Numbers as bars of characters."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_FULL, _EMPTY = "█", "░"


def bars(values: Sequence[float], width: int = 60) -> str:
    """Values as bars, from the least to the greatest; the greatest of several where there is no room.

    >>> bars([0, 5, 10]), bars([3, 3])
    ('▁▅█', '▁▁')
    """
    size = -(-len(values) // width)
    shown = [max(values[start : start + size]) for start in range(0, len(values), size)]
    low, high = min(shown), max(shown)
    step = (high - low) / (len(_BARS) - 1) or 1.0
    return "".join(_BARS[round((value - low) / step)] for value in shown)


def filled(share: float, width: int = 20) -> str:
    """A share of a whole as a bar; a full one from 1 on.

    >>> filled(0.25, 8), filled(3, 4), filled(-1, 4)
    ('██░░░░░░', '████', '░░░░')
    """
    cells = round(min(1.0, max(0.0, share)) * width)
    return _FULL * cells + _EMPTY * (width - cells)
