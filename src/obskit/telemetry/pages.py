"""Page views as browsers measure them: histograms, and a log record in the trace of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import orjson
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

from obskit import context, names
from obskit.clock import Clock
from obskit.context import Scope
from obskit.telemetry.instruments import instrument
from obskit.telemetry.pipeline import Pipeline

LOGGER = "obskit.page"
#: What a browser measures of a page, from its request on; in milliseconds, as it tells them.
MOMENTS = ("ttfb", "fcp", "lcp", "inp", "dom_interactive", "dom_content_loaded", "load")
_SHIFT = "cls"
# What takes longer, or moves more, is made up.
_LONGEST_MS, _MOST_SHIFT = 3_600_000.0, 1_000.0
# Of a process. What is beyond has no route; a browser that says another one neither.
_MOST_ROUTES = 1_000
# Views a second, and at once: more are no people.
_RATE, _BURST = 50.0, 200.0

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_FIELDS = {"trace", "route", "values"}


class View(NamedTuple):
    """One page view.

    Attributes:
        values: What was measured: moments in seconds, and the layout shift.
        route: The route's template, as the browser says it; empty without.
        page: The span in which the server made the page, or None.
    """

    values: Mapping[str, float]
    route: str
    page: SpanContext | None


def read(body: bytes) -> View:
    """What a browser has sent.

    Args:
        body: JSON.

    Raises:
        ValueError: It is nothing that our script sends.

    >>> read(b'{"values": {"lcp": 1200, "cls": 0.05}, "route": "/orders/%3Cid%3E"}')
    View(values={'lcp': 1.2, 'cls': 0.05}, route='/orders/<id>', page=None)
    """
    given = orjson.loads(body)
    if not isinstance(given, dict) or not given.keys() <= _FIELDS:
        raise ValueError
    values, route, page = given.get("values"), given.get("route", ""), given.get("trace")
    if not isinstance(values, dict) or not values or not isinstance(route, str):
        raise ValueError
    return View(
        {name: _value(name, one) for name, one in values.items()}, unquote(route), _of(page)
    )


def _value(name: str, given: Any) -> float:
    if name not in MOMENTS and name != _SHIFT:
        raise ValueError
    most = _MOST_SHIFT if name == _SHIFT else _LONGEST_MS
    if type(given) not in {int, float} or not isfinite(given) or not 0 <= given <= most:
        raise ValueError
    return float(given) if name == _SHIFT else given / 1_000


def _of(page: object) -> SpanContext | None:
    if page is None:
        return None
    found = _TRACEPARENT.fullmatch(page) if isinstance(page, str) else None
    if found is None:
        raise ValueError
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


class Pages:
    """The page views that one process is told of.

    Args:
        meter: Makes the histograms.
        pipeline: Takes the log records.
        clock: The time.
    """

    def __init__(self, meter: Meter, pipeline: Pipeline, clock: Clock) -> None:
        self._timing = instrument(meter, names.PAGE_TIMING)
        self._shift = instrument(meter, names.PAGE_LAYOUT_SHIFT)
        self._pipeline = pipeline
        self._clock = clock
        # Without a lock: two threads at once may let one view more pass.
        self._left, self._filled = _BURST, clock.monotonic()
        self._routes: set[str] = set()

    def heading(self, content_type: str | None, span: Span, route: str | None) -> str | None:
        """What a page's header `Server-Timing` tells our script; None for what is no page.

        Args:
            content_type: Of the response.
            span: The server's.
            route: The template of the route that matched, or None.
        """
        if not (content_type or "").lower().startswith("text/html"):
            return None
        found = span.get_span_context()
        told = []
        if found.is_valid:
            ids = f"{trace.format_trace_id(found.trace_id)}-{trace.format_span_id(found.span_id)}"
            told.append(f'traceparent;desc="00-{ids}-{found.trace_flags:02x}"')
        if route and (route in self._routes or len(self._routes) < _MOST_ROUTES):
            self._routes.add(route)
            told.append(f'route;desc="{quote(route)}"')
        return ", ".join(told) or None

    def has_room(self) -> bool:
        """Whether one more view is taken now."""
        now = self._clock.monotonic()
        self._left = min(_BURST, self._left + (now - self._filled) * _RATE)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def record(self, view: View) -> None:
        """Count a page view, and tell of it. A route that this process does not serve is left out.

        Args:
            view: It.
        """
        route = {names.HTTP_ROUTE: view.route} if view.route in self._routes else {}
        span = NonRecordingSpan(view.page) if view.page else trace.INVALID_SPAN
        around = trace.set_span_in_context(span, Context())
        for name, value in view.values.items():
            if name == _SHIFT:
                self._shift.record(value, route, around)
            else:
                self._timing.record(value, {names.PAGE_MOMENT: name, **route}, around)
        fields = {f"{names.PAGE}.{name}": value for name, value in view.values.items()}
        token = otel_context.attach(around)
        try:
            with context.entered(Scope(span=span)):
                self._pipeline.emit(
                    LOGGER,
                    20,
                    f"page view {view.route}" if route else "page view",
                    {**fields, **route},
                    event_name=names.EVENT_PAGE,
                    on_console=False,
                )
        finally:
            otel_context.detach(token)
