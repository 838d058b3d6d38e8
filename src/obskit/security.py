"""Who tries to get in: counted, and told in lines that name nobody. Whoever tries fills no disk.

Django's failed logins are told by themselves. Elsewhere the host says so where it refuses one:

>>> from obskit import security
>>> security.login_failed()
"""

from __future__ import annotations

from itertools import count
from time import monotonic
from typing import Any

from obskit import metrics, names
from obskit.names import Metric
from obskit.telemetry.loggers import get_logger

_LINES = 10
_SECONDS = 60.0
_MOST_ROUTES = 1_000
_log = get_logger("obskit.security")


class Bounded:
    """So many lines a minute; the counter has all. Without a lock, which a forked child could inherit."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._numbers = count()

    def takes(self, now: float) -> int | None:
        """How many lines the minute before held back, or None where this one is held back too.

        Args:
            now: Seconds, of a clock that never goes back.
        """
        held = 0
        if now >= self._ends:
            self._ends, before, self._numbers = now + _SECONDS, self._numbers, count()
            held = max(0, next(before) - _LINES)
        return None if next(self._numbers) >= _LINES else held


# By what happened and the route that it happened on.
_lines: dict[tuple[str, str], Bounded] = {}


def login_failed() -> None:
    """A login has failed: `obskit.security.failed_logins`, and the warning `login.failed`.

    Whose it was is nothing to tell: people type passwords into the wrong field. Never raises.
    """
    count_event(names.SECURITY_FAILED_LOGINS)
    _tell("login.failed", "")


def csrf_failed(route: str | None) -> None:
    """A request came without a valid CSRF token: counted, and the warning `csrf.failed`.

    Args:
        route: The template of the route that it asked for.
    """
    count_event(names.SECURITY_CSRF_FAILURES, route)
    _tell("csrf.failed", route or "")


def rate_limited(route: str | None) -> None:
    """A client was refused for asking too often: counted, and the warning `rate_limit.exceeded`.

    Args:
        route: The template of the route that it asked for.
    """
    count_event(names.SECURITY_RATE_LIMIT_HITS, route)
    _tell("rate_limit.exceeded", route or "")


def count_event(metric: Metric, route: str | None = None) -> None:
    """Count without a line, where somebody else writes one.

    Args:
        metric: The counter.
        route: The template of the route, where it is known.
    """
    series: dict[str, Any] = {names.HTTP_ROUTE: route} if route else {}
    metrics.count(metric.name, unit=metric.unit, **series)


def _tell(event: str, route: str) -> None:
    known = (event, route) in _lines or len(_lines) < _MOST_ROUTES
    lines = _lines.setdefault((event, route if known else ""), Bounded())
    held = lines.takes(monotonic())
    if held is None:
        return
    fields: dict[str, object] = {names.HTTP_ROUTE: route} if route else {}
    if held:
        fields["held_back"] = held
    _log.warning(event, **fields)
