"""The row of a fleet on the dashboard of telemetry: Kafka, sampling, limits, and the whole way."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.fleet_trials import LATE_COMMIT_LAG, RECEIVER_LAG
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.query import Json, ask, rate, series
from obskit.alerts.promql import INSTANCE, by, label, metric

#: What the check of `obskit.checks.library.arrival` is declared as, to be shown here.
ARRIVAL = "arrival"

_SAMPLING = "otelcol_processor_tail_sampling"
_DROPPED = "otelcol_processor_service_limit_dropped_items"
_TOPIC = "{{topic}} {{partition}}"


def panels() -> Iterator[Json]:
    """Those of a fleet; empty for a collector without Kafka, sampling and limits."""
    yield panel.row("In the fleet")
    yield from _kafka()
    yield from _sampling()
    yield panel.timeseries(
        "Dropped by limits",
        ask(f"sum by {by('service', 'signal')} ({rate(_DROPPED)})", "{{service}} {{signal}}"),
        description="What services sent beyond their rates: dropped on their hosts, others unharmed.",
        unit="cps",
        width=12,
    )
    delay = series(metric(names.CHECK_VALUE), f'{label(names.CHECK_NAME)}="{ARRIVAL}"')
    yield panel.timeseries(
        "From a span's end until it can be read",
        *(
            ask(f"max(quantile_over_time({share}, {delay}[1h]))", legend)
            for share, legend in ((0.5, "p50"), (0.99, "p99"))
        ),
        description=f'Of an hour, by the check "{ARRIVAL}" of obskit.checks.library.arrival.',
        unit="s",
        width=12,
    )


def _kafka() -> Iterator[Json]:
    of = by("topic", "partition")
    yield panel.timeseries(
        "Not read yet, by partition",
        ask(f"max by {of} ({LATE_COMMIT_LAG})", _TOPIC),
        ask(f"max by {of} ({RECEIVER_LAG})", _TOPIC),
        description="Messages. A gateway shows the last lag of a partition that another has taken over.",
    )
    yield panel.timeseries(
        "Written to Kafka",
        ask(f"sum by {by('topic')} ({rate('otelcol_kafka_exporter_records')})", "{{topic}}"),
        description="Messages of agents.",
        unit="cps",
    )
    yield panel.timeseries(
        "Read from Kafka",
        *(
            ask(f"sum by {by(INSTANCE)} ({rate(accepted)})", legend)
            for accepted, legend in (
                (_accepted("spans"), f"spans {{{{{INSTANCE}}}}}"),
                (_accepted("metric_points"), f"metric points {{{{{INSTANCE}}}}}"),
                (_accepted("log_records"), f"log records {{{{{INSTANCE}}}}}"),
            )
        ),
        description="By gateway. One of several that stays at 0 has no partition, or hangs.",
        unit="cps",
    )


def _accepted(items: str) -> str:
    return f'otelcol_receiver_accepted_{items}{{receiver=~"kafka.*"}}'


def _sampling() -> Iterator[Json]:
    yield panel.timeseries(
        "Traces that wait for a decision",
        ask(f"{_SAMPLING}_sampling_traces_on_memory", f"{{{{{INSTANCE}}}}}"),
        description="As many as may wait are given by OTELCOL_WAITING_TRACES.",
    )
    yield panel.timeseries(
        "Not decided in time",
        ask(
            f"sum by {by(INSTANCE)} ({rate(f'{_SAMPLING}_sampling_trace_dropped_too_early')})",
            f"traces without room {{{{{INSTANCE}}}}}",
        ),
        ask(
            f"sum by {by(INSTANCE, 'sampled')}"
            f" ({rate(f'{_SAMPLING}_early_releases_from_cache_decision')})",
            f"late spans {{{{{INSTANCE}}}}}, sampled: {{{{sampled}}}}",
        ),
        description="Traces that found no room are lost; late spans follow what was decided.",
        unit="cps",
    )
    timer = rate(f"{_SAMPLING}_sampling_decision_timer_latency_bucket")
    yield panel.timeseries(
        "A round of decisions, p99",
        ask(
            f"histogram_quantile(0.99, sum by {by('le', INSTANCE)} ({timer}))",
            f"{{{{{INSTANCE}}}}}",
        ),
        description="There is one each second: what takes longer makes decisions late.",
        unit="ms",
    )
