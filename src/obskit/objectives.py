"""Objectives: what users may rely on, from which alerts on its error budget are generated."""

from __future__ import annotations

import re

from obskit import names
from obskit.declaration import Objective, Severity
from obskit.declare import caller
from obskit.declared import Declarations
from obskit.declared_values import read_one_of, read_span, read_text, shown, wrong_value
from obskit.duration import format_duration
from obskit.exceptions import DeclarationError
from obskit.registry import default_registry

#: Where next to no request may fail there is no budget that could burn.
_MOST = 0.99999
_FIRST, *_, _LAST = names.HTTP_SERVER_REQUEST_DURATION.buckets
_LATENCY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*<\s*(\S+)\s*")


def slo(
    *,
    availability: float | None = None,
    latency: str | None = None,
    route: str | None = None,
    severity: Severity = "sev1",
    owner: str | None = None,
    runbook: str | None = None,
    registry: Declarations = default_registry,
) -> Objective:
    """Declare what users may rely on, over thirty days: one for the service, one for each route.

    Args:
        availability: The share of requests that the server answers without an error: ``0.999``.
        latency: How many are answered how fast: ``"95% < 2s"``.
        route: The route that is meant, as the framework writes it: ``"/orders/<int:id>"``; all of the
            service by default.
        severity: How soon somebody must act when errors would use up in days what they may in
            thirty (``sev1``); for slower ones it is the next lower.
        owner: Who acts. A team's name.
        runbook: Where it is written what to do. A URL.
        registry: Where it is declared.

    Returns:
        The declaration.

    Raises:
        DuplicateName: Another line declares one for the same.
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.

    >>> from obskit import Registry
    >>> objective = slo(availability=0.999, latency="95% < 2s", registry=Registry())
    >>> objective.fast, objective.limit
    (0.95, 2.0)
    """
    place = caller()
    try:
        available, fast, limit = _promised(availability, latency)
        declared = Objective(
            route=_route(route),
            availability=available,
            fast=fast,
            limit=limit,
            severity=read_one_of("severity", severity, Severity),
            owner=read_text("owner", owner, default=None),
            runbook=read_text("runbook", runbook, default=None),
            place=place,
        )
    except ValueError as wrong:
        which = "of the service" if route is None else f"of {shown(route)}"
        raise DeclarationError(f"the objective {which} ({place}): {wrong}") from None
    return registry.objectives.hold(declared)


def _promised(
    availability: object, latency: object
) -> tuple[float | None, float | None, float | None]:
    if availability is None and latency is None:
        raise ValueError("it promises nothing: give availability, latency or both")
    return _availability(availability), *_latency(latency)


def _availability(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, float) and 0 < given <= _MOST:
        return given
    raise wrong_value("availability", given, f"use a share of 1, such as 0.999, at most {_MOST}")


def _latency(given: object) -> tuple[float | None, float | None]:
    if given is None:
        return None, None
    written = _LATENCY.fullmatch(given) if isinstance(given, str) else None
    share = float(written[1]) / 100 if written else 0.0
    if written is None or not 0 < share <= _MOST:
        raise wrong_value("latency", given, 'use a share and a span of time, such as "95% < 2s"')
    limit = read_span("latency", written[2])
    if not _FIRST <= limit <= _LAST:
        # Beyond the bounds of the histogram nothing can be told of a duration.
        between = f"{format_duration(_FIRST)} to {format_duration(_LAST)}"
        raise wrong_value("latency", given, f"its span of time must be {between}")
    return share, limit


def _route(given: object) -> str | None:
    route = read_text("route", given, default=None)
    if route == "":
        raise wrong_value("route", given, "use a route, or leave it out for all of the service")
    return route
