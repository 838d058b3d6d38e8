"""What a panel asks: of Prometheus for numbers, of Loki for lines, of Jaeger for traces."""

from __future__ import annotations

from typing import Any

from obskit.alerts.promql import DRILL, ENVIRONMENT, SERVICE, by, metric
from obskit.names import Metric

Json = dict[str, Any]

#: The data sources, by the names that dashboards know them by.
PROMETHEUS: Json = {"type": "prometheus", "uid": "obskit-prometheus"}
JAEGER: Json = {"type": "jaeger", "uid": "obskit-jaeger"}
LOKI: Json = {"type": "loki", "uid": "obskit-loki"}

#: What is chosen, of a process: what has no instance is not left out by "All".
CHOSEN_INSTANCE = 'instance=~"$instance"'
# Four times what Grafana takes for the interval of samples, or one step of the graph where it is longer.
_WINDOW = "[$__rate_interval]"


def series(name: str, *matchers: str) -> str:
    r"""The series of the service that is chosen, without what drills made up.

    Args:
        name: The metric's name in Prometheus.
        *matchers: What more is asked of their labels.

    >>> print(series("up", CHOSEN_INSTANCE).replace(", ", ",\n"))
    up{service_name="$service",
    deployment_environment_name=~"$environment",
    obskit_drill="",
    instance=~"$instance"}
    """
    always = (f'{SERVICE}="$service"', f'{ENVIRONMENT}=~"$environment"', f'{DRILL}=""')
    return f"{name}{{{', '.join((*always, *matchers))}}}"


def rate(selector: str) -> str:
    """How much a counter grows a second.

    >>> rate("restarts_total")
    'rate(restarts_total[$__rate_interval])'
    """
    return f"rate({selector}{_WINDOW})"


def increase(selector: str) -> str:
    """How much a counter has grown in the window of a rate."""
    return f"increase({selector}{_WINDOW})"


def quantile(share: float, histogram: Metric, *matchers: str, labels: tuple[str, ...] = ()) -> str:
    """A quantile of a histogram of the service, over the window of a rate.

    Args:
        share: Which one, 0 to 1.
        histogram: The metric.
        *matchers: What more is asked of its labels.
        labels: What it is told apart by.
    """
    buckets = rate(series(metric(histogram, "bucket"), *matchers))
    return f"histogram_quantile({share}, sum by {by('le', *labels)} ({buckets}))"


def ask(expr: str, legend: str = "", *, exemplars: bool = False) -> Json:
    """Numbers over time.

    Args:
        expr: The expression, with Grafana's macros and variables.
        legend: What each series is called, with its labels in double braces.
        exemplars: Whether traces are shown as points, where a histogram holds some.
    """
    return {
        "datasource": PROMETHEUS,
        "expr": expr,
        "legendFormat": legend or "__auto",
        "range": True,
        "instant": False,
        "exemplar": exemplars,
    }


def ask_now(expr: str, *, table: bool = False) -> Json:
    """Numbers at the end of the time that is shown.

    Args:
        expr: The expression.
        table: Whether labels become columns.
    """
    return {
        "datasource": PROMETHEUS,
        "expr": expr,
        "range": False,
        "instant": True,
        "format": "table" if table else "time_series",
    }


def ask_lines(expr: str) -> Json:
    """Log lines.

    Args:
        expr: The expression in LogQL.
    """
    return {"datasource": LOKI, "expr": expr, "queryType": "range"}


def ask_traces(service: str, tags: str = "") -> Json:
    """The newest traces of a service.

    Args:
        service: Its name.
        tags: What their spans must have, as Jaeger writes it: `key=value`.
    """
    return {
        "datasource": JAEGER,
        "queryType": "search",
        "service": service,
        "tags": tags,
        "limit": 20,
    }
