"""The rules of a service's queries, as the service itself measures them: slow, and slower than before."""

from __future__ import annotations

from collections.abc import Iterable

from obskit import names
from obskit.alerts import queries_trials as trials
from obskit.alerts.inventory import DAY, Inventory
from obskit.alerts.last_week import LEAST_AN_HOUR
from obskit.alerts.last_week_trials import hour
from obskit.alerts.promql import ENVIRONMENT, SERVICE, by, metric, number, span
from obskit.alerts.rule import Alert, Group, Recording
from obskit.alerts.service import LEAST, window

#: Queries a second, and how long they take, by the label `quantile`.
QUERIES = "obskit:db_queries:rate"
DURATION = "obskit:db_duration:quantile"
#: The same of the last hour; nothing where there were few queries.
OF_HOUR = "obskit:db_duration_quantile:hour"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

_DURATION = names.DB_CLIENT_OPERATION_DURATION
_OF_SERVICE = (ENVIRONMENT, SERVICE)
_DASHBOARD = "obskit-service"
#: Seconds: a page asks more than one query, and one second is what does not interrupt a thought.
SLOW = 1.0
#: From how many times the duration of a week before on it is told, and from how many seconds on.
GROWN, NOTICED = 1.5, 0.1


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's queries; where none is measured, nothing fires.

    Args:
        inventory: What is expected.
    """
    alerts = (_slow(inventory), _grown(inventory))
    return [Group(f"obskit-{inventory.service}-queries", (*_recorded(inventory), *alerts))]


def _recorded(inventory: Inventory) -> Iterable[Recording]:
    seconds = span(window(inventory))
    count, bucket = (inventory.series(metric(_DURATION, part)) for part in ("count", "bucket"))
    yield Recording(QUERIES, f"sum by {by(*_OF_SERVICE)} (rate({count}[{seconds}]))")
    durations = f"sum by {by(*_OF_SERVICE, 'le')} (rate({bucket}[{seconds}]))"
    for name, share in QUANTILES.items():
        # Without queries it is no number, of which no mean can be taken.
        quantile = f"histogram_quantile({share}, {durations}) >= 0"
        yield Recording(DURATION, quantile, {"quantile": name})
    of_hour = span(hour(inventory))
    queries = f"avg_over_time({inventory.series(QUERIES)}[{of_hour}])"
    yield Recording(
        OF_HOUR,
        f"avg_over_time({inventory.series(DURATION)}[{of_hour}])\nand on {by(*_OF_SERVICE)}\n"
        f"{queries} >= {number(LEAST_AN_HOUR / hour(inventory))}",
    )


def _slow(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(300.0)
    least = number(LEAST / window(inventory))
    return Alert(
        "QueriesSlow",
        f"{inventory.series(DURATION, quantile='p95')} > {number(SLOW)}\n"
        f"and on {by(*_OF_SERVICE)}\n{inventory.series(QUERIES)} >= {least}",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"The queries of {inventory.service} are slow",
            f"One in twenty takes longer than {{{{ $value | humanizeDuration }}}}; {SLOW:g} s is the"
            " limit.",
            topic="queriesslow",
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_slowness(inventory, window(inventory), waits, keeps),
    )


def _grown(inventory: Inventory) -> Alert:
    series = inventory.series(OF_HOUR)
    return Alert(
        "QueriesAboveLastWeek",
        f"{series} > {number(GROWN)} * ({series} offset {span(inventory.scaled(7 * DAY))})\n"
        f"and {series} >= {number(NOTICED)}",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"The queries of {inventory.service} take longer than a week before",
            f"Their {{{{ $labels.quantile }}}} is {{{{ $value | humanizeDuration }}}}, more than"
            f" {GROWN:g} times what it was at this time a week before.",
            topic="queriesabovelastweek",
            dashboard=_DASHBOARD,
        ),
        holds_for=inventory.scaled(900.0),
        keeps_for=inventory.scaled(1_800.0),
        trials=trials.of_growth(inventory),
    )
