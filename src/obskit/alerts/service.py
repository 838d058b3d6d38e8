"""The rules of a service's requests: errors, latency, and how they were a week before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from obskit import names
from obskit.alerts import last_week
from obskit.alerts import service_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import ENVIRONMENT, SERVICE, by, label, metric, number, span
from obskit.alerts.rule import Alert, Group, Recording
from obskit.declaration import Severity

#: Requests a second, and those that the server answered with an error.
REQUESTS = "obskit:http_requests:rate"
ERRORS = "obskit:http_errors:rate"
#: Seconds within which 95 of 100 requests were answered.
P95 = "obskit:http_duration:p95"

ROUTE = label(names.HTTP_ROUTE)
_CODE = label(names.HTTP_RESPONSE_STATUS_CODE)
_COUNT = metric(names.HTTP_SERVER_REQUEST_DURATION, "count")
_BUCKET = metric(names.HTTP_SERVER_REQUEST_DURATION, "bucket")
_OF_SERVICE = (ENVIRONMENT, SERVICE)
#: The status codes of errors of the server.
SERVER_ERROR = re.compile("5..")
_DASHBOARD = "obskit-service"

#: The shares of errors from which on it is a warning, and critical. Public collections of rules have
#: 5 % as critical; 1 % is ten times what an objective of 99.9 % allows.
WARNING, CRITICAL = 0.01, 0.05
#: Fewer requests in a window say nothing of a share: one that fails would be 5 %.
LEAST = 20


class Latency(NamedTuple):
    """How long requests to a route may take: `share` of them within `seconds`, where there are `least`."""

    alert: str
    share: float
    seconds: float
    least: int
    severity: Severity


#: The seconds are bounds of the histogram, above the one second that does not interrupt a thought and
#: below the ten that end attention (Nielsen, 1993).
LATENCIES = (
    Latency("RouteSlow", 0.95, 2.5, LEAST, "sev2"),
    Latency("RouteSlowest", 0.99, 7.5, 5 * LEAST, "sev3"),
)


def window(inventory: Inventory) -> float:
    """Seconds that a rate is of: four exports at least, so that one may be missed."""
    return max(inventory.scaled(300.0), 4 * inventory.export_interval)


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's requests, whatever it declares.

    Args:
        inventory: What is expected.
    """
    requests = (*_recorded(inventory), *_alerts(inventory), *last_week.rules(inventory))
    return [Group(f"obskit-{inventory.service}-requests", requests)]


def _recorded(inventory: Inventory) -> Iterable[Recording]:
    of = by(*_OF_SERVICE)
    seconds = span(window(inventory))
    yield Recording(REQUESTS, f"sum by {of} (rate({inventory.series(_COUNT)}[{seconds}]))")
    failed = inventory.series(_COUNT, **{_CODE: SERVER_ERROR})
    yield Recording(
        ERRORS,
        f"sum by {of} (rate({failed}[{seconds}]))\nor\n0 * {inventory.series(REQUESTS)}",
    )
    durations = f"rate({inventory.series(_BUCKET)}[{seconds}])"
    quantile = f"histogram_quantile(0.95, sum by {by(*_OF_SERVICE, 'le')} ({durations}))"
    # Without requests it is no number, of which no mean can be taken.
    yield Recording(P95, f"{quantile} >= 0")


def _alerts(inventory: Inventory) -> Iterable[Alert]:
    yield _failing(inventory, CRITICAL, "sev1", inventory.scaled(120.0))
    yield _failing(inventory, WARNING, "sev2", inventory.scaled(300.0))
    for limit in LATENCIES:
        yield _slow(inventory, limit)


def _failing(inventory: Inventory, limit: float, severity: Severity, waits: float) -> Alert:
    requests, errors = inventory.series(REQUESTS), inventory.series(ERRORS)
    # The share falls below the higher limit first: the warning must not be what is heard last.
    keeps = inventory.scaled(300.0) + (window(inventory) if limit == CRITICAL else 0.0)
    least = number(LEAST / window(inventory))
    return Alert(
        "ServiceErrors",
        f"{errors} / ({requests} >= {least})\n> {number(limit)}",
        labels=inventory.labels(severity, None),
        annotations=inventory.annotations(
            f"{inventory.service} answers with errors",
            "{{ $value | humanizePercentage }} of the requests were answered with an error of the"
            f" server; {limit:.0%} is the limit.",
            topic="serviceerrors",
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_errors(inventory, window(inventory), waits, keeps),
    )


def _slow(inventory: Inventory, limit: Latency) -> Alert:
    of, seconds = by(*_OF_SERVICE, ROUTE), span(window(inventory))
    waits, keeps = inventory.scaled(600.0), inventory.scaled(600.0)
    durations = f"rate({inventory.series(_BUCKET)}[{seconds}])"
    requests = f"increase({inventory.series(_COUNT)}[{seconds}])"
    return Alert(
        limit.alert,
        f"histogram_quantile({limit.share}, sum by {by(*_OF_SERVICE, ROUTE, 'le')} ({durations}))\n"
        f"> {number(limit.seconds)}\nand on {of}\nsum by {of} ({requests}) >= {limit.least}",
        labels=inventory.labels(limit.severity, None),
        annotations=inventory.annotations(
            f"{{{{ $labels.{ROUTE} }}}} of {inventory.service} is slow",
            f"{1 - limit.share:.0%} of its requests take longer than {{{{ $value | humanizeDuration }}}};"
            f" {limit.seconds:g} s is the limit.",
            topic=limit.alert.lower(),
            dashboard=_DASHBOARD,
            variables={"route": f"{{{{ $labels.{ROUTE} }}}}"},
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_slowness(inventory, window(inventory), waits, keeps),
    )
