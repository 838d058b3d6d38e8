"""The rules that compare a service with itself a week before: its errors, its latency, its traffic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from obskit.alerts import last_week_trials as trials
from obskit.alerts.inventory import DAY, Inventory
from obskit.alerts.promql import number, span
from obskit.alerts.rule import Alert, Recording
from obskit.declaration import Severity

#: The share of errors of the last hour; nothing where there were few requests.
ERROR_RATIO = "obskit:http_error_ratio:hour"
#: Seconds within which 95 of 100 requests of the last hour were answered.
P95 = "obskit:http_duration_p95:hour"

_REQUESTS = "obskit:http_requests:rate"
_ERRORS = "obskit:http_errors:rate"
_P95_NOW = "obskit:http_duration:p95"
_DASHBOARD = "obskit-service"

#: With fewer requests in an hour, one that fails would make a difference of a percent.
LEAST_AN_HOUR = 100
#: The least requests a second, all through an hour a week before, of which it is noticed that they do
#: not come: without any for ten minutes there is no chance in it where twenty were to be expected.
LEAST_A_SECOND = 20 / 600


@dataclass(frozen=True)
class _Compared:
    name: str
    record: str
    what: str
    how: str
    warning_from: float  # below it nobody need care, however little it was a week before
    critical_from: float


_ALL = (
    _Compared("ErrorsAboveLastWeek", ERROR_RATIO, "more errors", "humanizePercentage", 0.005, 0.02),
    # One second is what does not interrupt a thought.
    _Compared("LatencyAboveLastWeek", P95, "slower answers", "humanizeDuration", 0.25, 1.0),
)


def rules(inventory: Inventory) -> Iterable[Recording | Alert]:
    """The rules that look back a week.

    Args:
        inventory: What is expected.
    """
    hour = span(trials.hour(inventory))
    requests = f"avg_over_time({inventory.series(_REQUESTS)}[{hour}])"
    enough = f"({requests} >= {number(LEAST_AN_HOUR / trials.hour(inventory))})"
    yield Recording(ERROR_RATIO, f"avg_over_time({inventory.series(_ERRORS)}[{hour}])\n/\n{enough}")
    yield Recording(P95, f"avg_over_time({inventory.series(_P95_NOW)}[{hour}])\nand\n{enough}")
    for compared in _ALL:
        yield _grown(inventory, compared, 3.0, compared.critical_from, "sev1")
        yield _grown(inventory, compared, 1.5, compared.warning_from, "sev2")
    yield _no_traffic(inventory)


def _grown(
    inventory: Inventory, compared: _Compared, times: float, least: float, severity: Severity
) -> Alert:
    series = inventory.series(compared.record)
    # It falls below the higher limit first: the warning must not be what is heard last.
    lingers = trials.hour(inventory) if severity == "sev1" else 0.0
    waits, keeps = inventory.scaled(900.0), inventory.scaled(1_800.0) + lingers
    return Alert(
        compared.name,
        f"{series} > {number(times)} * ({series} offset {span(inventory.scaled(7 * DAY))})\n"
        f"and {series} >= {number(least)}",
        labels=inventory.labels(severity, None),
        annotations=inventory.annotations(
            f"{inventory.service} has {compared.what} than a week before",
            f"It is {{{{ $value | {compared.how} }}}}, more than {times:g} times what it was at this"
            " time a week before.",
            topic=compared.name.lower(),
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_growth(inventory),
    )


def _no_traffic(inventory: Inventory) -> Alert:
    hour = trials.hour(inventory)
    around = span(inventory.scaled(7 * DAY) - hour / 2)
    requests = inventory.series(_REQUESTS)
    waits, keeps = inventory.scaled(300.0), inventory.scaled(300.0)
    recently = span(max(inventory.scaled(300.0), inventory.export_interval))
    return Alert(
        "TrafficLost",
        f"min_over_time({requests}[{span(hour)}] offset {around}) >= {number(LEAST_A_SECOND)}\n"
        f"unless\nmax_over_time({requests}[{recently}]) > 0",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"{inventory.service} gets no requests",
            "At this time a week before it was {{ $value | humanize }} a second.",
            topic="trafficlost",
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_traffic(inventory),
    )
