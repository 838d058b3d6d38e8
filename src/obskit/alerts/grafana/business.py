"""The dashboard of business values: what checks measure without judging, and the host's own metrics."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.checks import CHECK
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard, variable
from obskit.alerts.grafana.query import Json, ask, increase, rate, series
from obskit.alerts.promql import by, metric

UID = "obskit-business"

# What is no metric of the host's own: of this library, of OpenTelemetry, of Prometheus' own rules.
_NOT_OWN = "obskit_.+|otel_.+|http_.+|process_.+|cpython_.+|db_.+|target_info|.+:.+"
_OWN = f'__name__!~"{_NOT_OWN}"'
_COUNTERS = '__name__=~".+_total"'
_BUCKETS = '__name__=~".+_bucket"'
_GAUGES = '__name__!~".+_(total|bucket|count|sum)"'
# Of the labels that tell processes apart nothing is left: of the host's own, such as a plan, all.
_OF_EACH = "without (instance, job, service_name, deployment_environment_name)"


def board() -> Json:
    """What a service measures of its own trade."""
    value = metric(names.CHECK_VALUE)
    found = f"label_values({series(value)}, {CHECK})"
    return dashboard(
        UID,
        "obskit: business values",
        "Numbers of the trade: what checks measure, and the service's own metrics.",
        [
            *SERVICE_CHOICE[:2],
            variable("measured", "Measurement", found, repeats=True),
            _names("counter", "Counter", _COUNTERS),
            _names("gauge", "Gauge", _GAUGES),
            _names("histogram", "Histogram", _BUCKETS),
        ],
        [*_measurements(), *_own()],
    )


def _names(name: str, label: str, kind: str) -> Json:
    found = f"label_values({series('', kind, _OWN)}, __name__)"
    return variable(name, label, found, repeats=True)


def _measurements() -> Iterator[Json]:
    value = series(metric(names.CHECK_VALUE), f'{CHECK}="$measured"')
    yield panel.row("What checks measure")
    yield panel.repeated(
        panel.timeseries("$measured", ask(f"max by {by(CHECK)} ({value})", "value")), "measured"
    )


def _own() -> Iterator[Json]:
    def of(variable: str) -> str:
        return series("", f'__name__="${variable}"')

    yield panel.row("Counters")
    yield panel.repeated(
        panel.timeseries("$counter", ask(f"sum {_OF_EACH} ({increase(of('counter'))})")), "counter"
    )
    yield panel.row("Gauges")
    yield panel.repeated(
        panel.timeseries("$gauge", ask(f"avg {_OF_EACH} ({of('gauge')})")), "gauge"
    )
    yield panel.row("Histograms")
    quantiles = (
        ask(
            "label_replace("
            f"histogram_quantile({share}, sum {_OF_EACH} ({rate(of('histogram'))}))"
            f', "quantile", "{name}", "", "")'
        )
        for share, name in ((0.5, "p50"), (0.95, "p95"))
    )
    yield panel.repeated(panel.timeseries("$histogram", *quantiles), "histogram")
