"""The dashboard of telemetry itself: what became of every record, in the processes and the collector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from obskit import names
from obskit.alerts.grafana import fleet, panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard
from obskit.alerts.grafana.query import CHOSEN_INSTANCE, Json, ask, ask_now, increase, rate, series
from obskit.alerts.promql import INSTANCE, by, label, metric

UID = "obskit-telemetry"

_ERROR = label(names.ERROR_TYPE)
_SIGNAL = label(names.SIGNAL)
_DROPPED = f'{_ERROR}!=""'
_GONE_WELL = f'{_ERROR}=""'
_EXPORTED = {
    "traces": names.SDK_SPAN_EXPORTED,
    "logs": names.SDK_LOG_EXPORTED,
    "metrics": names.SDK_POINT_EXPORTED,
}
_PROCESSED = {"traces": names.SDK_SPAN_PROCESSED, "logs": names.SDK_LOG_PROCESSED}
_QUEUED = {"traces": names.SDK_SPAN_QUEUE_SIZE, "logs": names.SDK_LOG_QUEUE_SIZE}
# What the collector calls the items of each signal.
_ITEMS = {"traces": "spans", "logs": "log_records", "metrics": "metric_points"}

# The collector's own metrics: the build of this project names counters without `_total`.
_QUEUE_SIZE = "otelcol_exporter_queue_size"
_QUEUE_CAPACITY = "otelcol_exporter_queue_capacity"
_MEMORY = "otelcol_process_memory_rss"
_CPU = "otelcol_process_cpu_seconds"
_UPTIME = "otelcol_process_uptime"


def board() -> Json:
    """Whether what is shown elsewhere can be believed."""
    return dashboard(
        UID,
        "obskit: telemetry",
        "What became of every span, log record and metric point: exported, waiting, lost.",
        SERVICE_CHOICE,
        [*_now(), *_processes(), *_collector(), *fleet.panels()],
    )


def _of(named: names.Metric, *matchers: str) -> str:
    return series(metric(named), CHOSEN_INSTANCE, *matchers)


def _lost(signal: str) -> str:
    """What a process has lost of a signal, by reason; 0 where there is none."""
    counters = [found[signal] for found in (_EXPORTED, _PROCESSED) if signal in found]
    parts = " or ".join(
        f"sum by {by(_ERROR)} ({increase(_of(each, f'{_ERROR}!={chr(34) * 2}'))})"
        for each in counters
    )
    none = f"sum({increase(_of(_EXPORTED[signal]))}) * 0"
    return f"sum({parts}) or {none}"


def _now() -> Iterator[Json]:
    yield panel.row("Now")
    for signal in _EXPORTED:
        yield panel.stat(
            f"Lost: {signal}",
            ask_now(_lost(signal)),
            description="Records that the processes of the service counted as dropped, of late.",
            steps=((None, "green"), (1, "red")),
        )
    waiting = " + ".join(f"sum({_of(each)})" for each in _QUEUED.values())
    yield panel.stat("Waiting in memory", ask_now(waiting))
    yield panel.stat(
        "Waiting on disk",
        ask_now(f"sum({_of(names.SPOOLED)}) or vector(0)"),
        description="Records that leave when the collector can be reached again.",
        steps=((None, "green"), (1, "orange")),
    )
    yield panel.stat(
        "Collector's fullest queue",
        ask_now(f"max({_QUEUE_SIZE} / {_QUEUE_CAPACITY})"),
        unit="percentunit",
        steps=((None, "green"), (0.5, "orange"), (0.7, "red")),
    )


def _processes() -> Iterator[Json]:
    yield panel.row("In the processes: the ledger")
    yield panel.timeseries(
        "Exported",
        *(ask(f"sum({rate(_of(each, _GONE_WELL))})", signal) for signal, each in _EXPORTED.items()),
        unit="cps",
    )
    yield panel.timeseries(
        "Lost",
        *(ask(_lost(signal), signal) for signal in _EXPORTED),
        description="Dropped, for whatever reason. The process' own status says which.",
    )
    yield panel.timeseries(
        "Waiting in memory",
        *(ask(f"sum({_of(each)})", signal) for signal, each in _QUEUED.items()),
    )
    yield panel.timeseries(
        "Waiting on disk",
        ask(f"sum by {by(_SIGNAL)} ({_of(names.SPOOLED)})", f"{{{{{_SIGNAL}}}}}"),
        width=12,
    )
    overflow = series("", '__name__=~".+_(count|total)"', 'otel_metric_overflow="true"')
    yield panel.timeseries(
        "Series beyond the limit",
        ask(f"count by {by('__name__', INSTANCE)} ({overflow})", "{{__name__}}"),
        description="Metrics whose attributes have too many values: the rest is counted as one.",
        width=12,
    )


def _collector() -> Iterator[Json]:
    yield panel.row("In the collector")
    yield panel.timeseries("Accepted", *_of_items("otelcol_receiver_accepted", _ITEMS), unit="cps")
    yield panel.timeseries(
        "Refused",
        *_of_items("otelcol_receiver_refused", _ITEMS),
        description="Senders try again. While it lasts, memory or a queue is full.",
        unit="cps",
    )
    yield panel.timeseries(
        "Sent", *_of_items("otelcol_exporter_sent", _ITEMS, "exporter"), unit="cps"
    )
    yield panel.timeseries(
        "Could not be sent",
        *_of_items("otelcol_exporter_send_failed", _ITEMS, "exporter"),
        description="Tried again, where the exporter has a queue.",
        unit="cps",
    )
    yield panel.timeseries(
        "Queues, of their capacity",
        ask(f"{_QUEUE_SIZE} / {_QUEUE_CAPACITY}", "{{exporter}} {{data_type}}"),
        description="From 1 on senders are refused.",
        unit="percentunit",
    )
    yield panel.timeseries("Memory", ask(_MEMORY, f"{{{{{INSTANCE}}}}}"), unit="bytes")
    yield panel.timeseries(
        "CPU", ask(rate(_CPU), f"{{{{{INSTANCE}}}}}"), unit="percentunit", width=12
    )
    yield panel.timeseries("Up for", ask(_UPTIME, f"{{{{{INSTANCE}}}}}"), unit="s", width=12)


def _of_items(prefix: str, items: dict[str, str], *labels: str) -> Sequence[Json]:
    told = "".join(f" {{{{{each}}}}}" for each in labels)
    grouped = f" by {by(*labels)}" if labels else ""
    return [
        ask(f"sum{grouped} ({rate(f'{prefix}_{item}')})", f"{signal}{told}")
        for signal, item in items.items()
    ]
