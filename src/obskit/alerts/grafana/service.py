"""The dashboard of a service: traffic, errors, durations, saturation, its lines and traces."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, TRACE_CHOICE, dashboard, variable
from obskit.alerts.grafana.query import (
    CHOSEN_INSTANCE,
    Json,
    ask,
    ask_lines,
    ask_now,
    ask_traces,
    increase,
    quantile,
    rate,
    series,
)
from obskit.alerts.objectives import LEFT, RATIO
from obskit.alerts.promql import DRILL, INSTANCE, by, label, metric

UID = "obskit-service"

_ROUTE = label(names.HTTP_ROUTE)
_STATUS = label(names.HTTP_RESPONSE_STATUS_CODE)
_DURATION = names.HTTP_SERVER_REQUEST_DURATION
_COUNT = metric(_DURATION, "count")
_CHOSEN = (CHOSEN_INSTANCE, f'{_ROUTE}=~"$route"')
_MOMENT = label(names.PAGE_MOMENT)
_PAINT = f'{_MOMENT}="lcp"'
_OPERATION = label(names.DB_OPERATION_NAME)
# As the instrumentation of SQLAlchemy names it.
_POOLS = "db_client_connections_usage"
_FAILED = f'{_STATUS}=~"5.."'


def board() -> Json:
    """What users see of a service, and what it needs."""
    route = variable("route", "Route", f"label_values({series(_COUNT)}, {_ROUTE})")
    return dashboard(
        UID,
        "obskit: service",
        "Traffic, errors, durations and saturation of a service, with its log lines and traces.",
        [*SERVICE_CHOICE, route, TRACE_CHOICE],
        [
            *_now(),
            *_requests(),
            *_durations(),
            *_queries(),
            *_pages(),
            *_objectives(),
            *_saturation(),
            *_story(),
        ],
    )


def _requests_of(*matchers: str) -> str:
    return rate(series(_COUNT, *_CHOSEN, *matchers))


def _failed_share(*labels: str) -> str:
    # Where nothing has failed there is no series of a failure: its share is 0 all the same.
    every = f"sum by {by(*labels)} ({_requests_of()})"
    return f"(sum by {by(*labels)} ({_requests_of(_FAILED)}) or {every} * 0) / {every}"


def _now() -> Iterator[Json]:
    yield panel.row("Now")
    yield panel.stat("Requests", ask_now(f"sum({_requests_of()})"), unit="reqps")
    yield panel.stat(
        "Failed",
        ask_now(_failed_share()),
        description="The share of requests that were answered with 5xx.",
        unit="percentunit",
        steps=((None, "green"), (0.01, "orange"), (0.05, "red")),
    )
    yield panel.stat("p95", ask_now(quantile(0.95, _DURATION, *_CHOSEN)), unit="s")
    yield panel.stat(
        "Processes", ask_now(f"count({series(metric(names.PROCESS_UPTIME), CHOSEN_INSTANCE)})")
    )
    yield panel.stat(
        "Youngest process",
        ask_now(f"min({series(metric(names.PROCESS_UPTIME), CHOSEN_INSTANCE)})"),
        description="How long ago the last one began: after a restart or a deploy, not long.",
        unit="s",
    )
    firing = f'ALERTS{{alertstate="firing", service="$service", {DRILL}=""}}'
    yield panel.stat(
        "Alerts",
        ask_now(f"count({firing}) or vector(0)"),
        description="How many alerts of this service fire.",
        steps=((None, "green"), (1, "red")),
    )


def _requests() -> Iterator[Json]:
    yield panel.row("Traffic and errors")
    yield panel.timeseries(
        "Requests by status",
        ask(f"sum by {by(_STATUS)} ({_requests_of()})", f"{{{{{_STATUS}}}}}"),
        unit="reqps",
        stacked=True,
    )
    yield panel.timeseries(
        "Requests by route",
        ask(f"sum by {by(_ROUTE)} ({_requests_of()})", f"{{{{{_ROUTE}}}}}"),
        unit="reqps",
        stacked=True,
    )
    yield panel.timeseries(
        "Failed by route",
        ask(_failed_share(_ROUTE), f"{{{{{_ROUTE}}}}}"),
        description="The share of each route's requests that were answered with 5xx.",
        unit="percentunit",
    )


def _durations() -> Iterator[Json]:
    yield panel.row("Durations")
    yield panel.timeseries(
        "Durations of all requests",
        *(
            ask(quantile(share, _DURATION, *_CHOSEN), name, exemplars=True)
            for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
        ),
        description="Each point is a request, and leads to its trace.",
        unit="s",
        width=12,
    )
    yield panel.timeseries(
        "p95 by route",
        ask(quantile(0.95, _DURATION, *_CHOSEN, labels=(_ROUTE,)), f"{{{{{_ROUTE}}}}}"),
        unit="s",
        width=12,
    )


def _queries() -> Iterator[Json]:
    yield panel.row("Databases, as the service sees them")
    yield panel.timeseries(
        "Queries, p95",
        ask(
            quantile(
                0.95, names.DB_CLIENT_OPERATION_DURATION, CHOSEN_INSTANCE, labels=(_OPERATION,)
            ),
            f"{{{{{_OPERATION}}}}}",
        ),
        description="Of Django's databases, and of drivers that OpenTelemetry's packages observe.",
        unit="s",
    )
    yield panel.timeseries(
        "Durations of all queries",
        *(
            ask(quantile(share, names.DB_CLIENT_OPERATION_DURATION, CHOSEN_INSTANCE), name)
            for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
        ),
        unit="s",
    )
    yield panel.timeseries(
        "Connections of its pools",
        ask(
            f"sum by (pool_name, state) ({series(_POOLS, CHOSEN_INSTANCE)})",
            "{{pool_name}} {{state}}",
        ),
        description="Of SQLAlchemy's engines that were made after init.",
    )


def _pages() -> Iterator[Json]:
    yield panel.row("Pages, as browsers measure them")
    yield panel.timeseries(
        "Moments of a page, p75",
        ask(
            quantile(0.75, names.PAGE_TIMING, *_CHOSEN, labels=(_MOMENT,)),
            f"{{{{{_MOMENT}}}}}",
            exemplars=True,
        ),
        description="Good is an lcp of 2.5 s, an inp of 0.2 s, an fcp of 1.8 s, a ttfb of 0.8 s.",
        unit="s",
    )
    yield panel.timeseries(
        "Largest contentful paint by route, p75",
        ask(
            quantile(0.75, names.PAGE_TIMING, *_CHOSEN, _PAINT, labels=(_ROUTE,)),
            f"{{{{{_ROUTE}}}}}",
        ),
        unit="s",
    )
    yield panel.timeseries(
        "Layout shift by route, p75",
        ask(
            quantile(0.75, names.PAGE_LAYOUT_SHIFT, *_CHOSEN, labels=(_ROUTE,)), f"{{{{{_ROUTE}}}}}"
        ),
        description="Good is 0.1, poor 0.25.",
    )


def _objectives() -> Iterator[Json]:
    legend = "{{objective}} {{promise}}"
    yield panel.row("Objectives")
    yield panel.timeseries(
        "Error budget left",
        ask(f"max by (objective, promise) ({series(LEFT)})", legend),
        description="Of thirty days, or of what Prometheus keeps. Below 0 the promise is broken.",
        unit="percentunit",
        width=12,
    )
    yield panel.timeseries(
        "Requests that broke a promise",
        ask(f"max by (objective, promise, window) ({series(RATIO)})", f"{legend} {{{{window}}}}"),
        description="Their share, by how far is looked back.",
        unit="percentunit",
        width=12,
    )


def _saturation() -> Iterator[Json]:
    def of_each(title: str, expr: str, unit: str, description: str = "") -> Json:
        legend = f"{{{{{INSTANCE}}}}}"
        return panel.timeseries(title, ask(expr, legend), unit=unit, description=description)

    def of(named: names.Metric) -> str:
        return series(metric(named), CHOSEN_INSTANCE)

    def summed(expr: str) -> str:
        return f"sum by {by(INSTANCE)} ({expr})"

    yield panel.row("Saturation, by process")
    yield of_each("Requests at once", summed(of(names.HTTP_SERVER_ACTIVE_REQUESTS)), "short")
    yield of_each(
        "CPU",
        summed(rate(of(names.PROCESS_CPU_TIME))),
        "percentunit",
        "1 is one core. Of a Python process more than 1 is rare: it takes turns with itself.",
    )
    yield of_each("Memory", of(names.PROCESS_MEMORY_USAGE), "bytes")
    yield of_each("Threads", of(names.PROCESS_THREAD_COUNT), "short")
    yield of_each("Open files", of(names.PROCESS_FILE_DESCRIPTOR_COUNT), "short")
    yield of_each(
        "Garbage collections",
        summed(increase(of(names.CPYTHON_GC_COLLECTIONS))),
        "short",
    )


def _story() -> Iterator[Json]:
    yield panel.row("Lines and traces")
    yield panel.traces("Newest traces", ask_traces("$service"))
    yield panel.traces("Newest traces with an error", ask_traces("$service", "error=true"))
    yield panel.logs(
        "Lines",
        ask_lines(
            '{service_name="$service"} | deployment_environment_name=~"$environment"'
            ' | trace_id=~"$trace.*"'
        ),
        description="All, or those of the trace whose id is given above. A line's trace id leads to it.",
    )
