"""Charts as SVG. Nothing is told by colour alone: shapes differ, and each says in words what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from statistics import median

from obskit.declaration import Limit

_WIDTH, _HEIGHT = 120, 24
_POINTS, _SPANS = 40, 48
# A limit that is farther away than so many times the range would press the line flat.
_NEAR = 2.0
# How high a state stands in a timeline: the worse, the higher.
_LEVELS = {"ok": 6, "skipped": 3, "warning": 13, "unknown": 18, "critical": 24}
_PERCENT = 100


def svg(kind: str, label: str, body: str, width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """A picture with its text.

    Args:
        kind: The class that the style sheet knows.
        label: What it shows, in words.
        body: The shapes.
        width: Of the coordinates.
        height: Of the coordinates.
    """
    return (
        f'<svg class="chart {kind}" role="img" viewBox="0 0 {width} {height}"'
        f' preserveAspectRatio="none"><title>{escape(label)}</title>{body}</svg>'
    )


def sparkline(values: Sequence[float], limits: Iterable[Limit], label: str) -> str:
    """Values in their order, with a line for each limit that is near.

    Args:
        values: The values, the oldest first.
        limits: From where on something is not well.
        label: What it shows, in words.
    """
    if not values:
        return ""
    shown = thinned(values, _POINTS)
    low, high = min(shown), max(shown)
    reach = _NEAR * (high - low) or abs(high) or 1.0
    near = [each for each in limits if low - reach <= each.value <= high + reach]
    low = min([low, *(each.value for each in near)])
    high = max([high, *(each.value for each in near)])
    if low == high:  # what stays the same stands in the middle
        low, high = low - 1.0, high + 1.0

    def y(value: float) -> float:
        return round(1 + (_HEIGHT - 2) * (high - value) / ((high - low) or 1.0), 1)

    lines = "".join(
        f'<path class="limit limit-{escape(each.state)}" d="M0 {y(each.value):g}H{_WIDTH}"/>'
        for each in near
    )
    step = _WIDTH / max(1, len(shown) - 1)
    points = " ".join(f"{round(n * step):g},{y(each):g}" for n, each in enumerate(shown))
    # A line without length: its round end stays round however wide the picture is.
    at = _WIDTH if len(shown) > 1 else 0
    last = f'<path class="last" d="M{at} {y(shown[-1]):g}h0"/>'
    return svg("spark", label, f'{lines}<polyline class="line" points="{points}"/>{last}')


def thinned(values: Sequence[float], most: int) -> list[float]:
    """Fewer values, of each stretch the one that is farthest from what is usual.

    >>> thinned([1, 1, 9, 1, 1, 1], 3)
    [1, 9, 1]
    """
    if len(values) <= most:
        return list(values)
    usual = median(values)
    cuts = [round(n * len(values) / most) for n in range(most + 1)]
    return [
        max(values[begin:end], key=lambda value: abs(value - usual))
        for begin, end in pairwise(cuts)
    ]


def timeline(moments: Sequence[tuple[float, str]], until: float, label: str) -> str:
    """States over time: a step for each, the worse, the higher.

    Args:
        moments: When a state began, and which; the oldest first.
        until: When the last one ends.
        label: What it shows, in words.
    """
    if not moments:
        return ""
    begin = moments[0][0]
    scale = _WIDTH / max(1e-9, until - begin)
    worst: dict[int, str] = {}
    ends = [moment for moment, _ in moments[1:]] + [until]
    # So many columns: what is shorter than one shows in it where it is the worst.
    column = _WIDTH / _SPANS
    for (moment, state), end in zip(moments, ends, strict=True):
        first = int((moment - begin) * scale / column)
        last = max(first, int((min(end, until) - begin) * scale / column - 1e-9))
        for number in range(max(0, first), min(_SPANS - 1, last) + 1):
            held = worst.get(number)
            if held is None or _LEVELS.get(state, 0) > _LEVELS.get(held, 0):
                worst[number] = state
    paths = "".join(_steps(state, worst, column) for state in _LEVELS if state in worst.values())
    return svg("timeline", label, paths)


def _steps(state: str, columns: Mapping[int, str], width: float) -> str:
    height = _LEVELS[state]
    drawn, number = [], 0
    while number < _SPANS:
        if columns.get(number) != state:
            number += 1
            continue
        begin = number
        while columns.get(number) == state:
            number += 1
        across = round((number - begin) * width, 1)
        drawn.append(f"M{round(begin * width, 1):g} {_HEIGHT}v-{height}h{across:g}v{height}z")
    return f'<path class="s-{state}" d="{"".join(drawn)}"/>'


def clock(share: float, warning: float | None, status: str, label: str) -> str:
    """How much of the time until a deadline has passed, as the face of a clock.

    Args:
        share: Of the time; from 1 on it is over.
        warning: From which share on it is a warning, or None.
        status: How it stands.
        label: What it shows, in words.
    """
    passed = round(_PERCENT * min(1.0, max(0.0, share)), 1)
    face = '<circle class="face" cx="12" cy="12" r="9"/>'
    hand = (
        f'<circle class="hand s-{escape(status)}" cx="12" cy="12" r="9" pathLength="100"'
        f' stroke-dasharray="{passed:g} 100" transform="rotate(-90 12 12)"/>'
    )
    mark = ""
    if warning is not None and 0 < warning < 1:
        mark = (
            '<path class="mark" d="M12 0v6" transform="rotate('
            f'{round(360 * warning, 1):g} 12 12)"/>'
        )
    return svg("clock", label, face + hand + mark, 24, 24)


def gauge(share: float, warning: float | None, status: str, label: str) -> str:
    """How much of something is used.

    Args:
        share: The share; from 1 on all of it.
        warning: From which share on it is a warning, or None.
        status: How it stands.
        label: What it shows, in words.
    """
    filled = round(_WIDTH * min(1.0, max(0.0, share)), 1)
    body = f'<rect class="face" width="{_WIDTH}" height="12"/>'
    body += f'<rect class="s-{escape(status)}" width="{filled:g}" height="12"/>'
    if warning is not None and 0 < warning < 1:
        body += f'<path class="mark" d="M{round(_WIDTH * warning, 1):g} 0v12"/>'
    return svg("gauge", label, body, _WIDTH, 12)


def bar(start: float, duration: float, whole: float, label: str, *, failed: bool) -> str:
    """When a span began and how long it took, of the whole.

    Args:
        start: Seconds from the begin of the whole.
        duration: Seconds.
        whole: Seconds that the row stands for.
        label: What it shows, in words.
        failed: Whether it ended in an error.
    """
    scale = _WIDTH / max(1e-9, whole)
    at = round(min(_WIDTH - 1.0, max(0.0, start * scale)), 1)
    width = round(max(0.5, min(_WIDTH - at, duration * scale)), 1)
    kind = "critical" if failed else "span"
    body = f'<rect class="s-{kind}" x="{at:g}" y="2" width="{width:g}" height="8"/>'
    if failed:
        body += f'<path class="mark" d="M{at:g} 0v12"/>'
    return svg("span", label, body, _WIDTH, 12)
