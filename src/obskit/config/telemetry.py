"""The options that most SDKs of OpenTelemetry have: what is made, how it is kept, where it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from obskit.config import values
from obskit.config.option import option
from obskit.config.otlp import TIMEOUT_MILLISECONDS, Otlp, Signal
from obskit.config.values import Value, integer, number, one_of

_MILLISECONDS = Value(integer(1, 86_400_000).parse, "milliseconds from 1 to 86400000")
_COUNT = integer(0, 1_000_000)
_EXPORTER = one_of("otlp", "console", "none")
_SCRAPED = "prometheus"


def _metrics_exporter(given: Any) -> str:
    names = [name.lower() for name in values.NAMES.parse(given)]
    others = [_EXPORTER.parse(name) for name in names if name != _SCRAPED]
    if not names or len(others) > 1 or names.count(_SCRAPED) > 1:
        raise ValueError
    return ",".join(names)


# What is left out here, `Config` makes for the fields of both.
@dataclass(frozen=True, init=False, repr=False, eq=False, match_args=False)
class Telemetry:
    """The first half of `Config`."""

    service: str = option(
        "unknown_service:python", "OTEL_SERVICE_NAME", values.TEXT, "The name of the service."
    )
    version: str | None = option(
        None, "", values.TEXT, "Its version; by default service.version of the resource."
    )
    environment: str | None = option(
        None,
        "",
        values.TEXT,
        "Where it runs: production, staging, …; by default deployment.environment.name of the"
        " resource.",
    )
    resource_attributes: Mapping[str, str] = option(
        {}, "OTEL_RESOURCE_ATTRIBUTES", values.PAIRS, "Attributes of the resource."
    )
    sdk_disabled: bool = option(
        False, "OTEL_SDK_DISABLED", values.BOOLEAN, "No traces, metrics and logs over OTLP."
    )
    otel_log_level: str = option(
        "WARNING", "OTEL_LOG_LEVEL", values.LEVEL, "Level of the SDK's own logger."
    )

    traces_exporter: str | None = option(
        None, "OTEL_TRACES_EXPORTER", _EXPORTER, "otlp when an endpoint is set, else none."
    )
    metrics_exporter: str | None = option(
        None,
        "OTEL_METRICS_EXPORTER",
        Value(_metrics_exporter, f"{_EXPORTER.allowed}, or prometheus, alone or after one of them"),
        "otlp when an endpoint is set, else none. prometheus: as the option of that name.",
    )
    logs_exporter: str | None = option(
        None, "OTEL_LOGS_EXPORTER", _EXPORTER, "otlp when an endpoint is set, else none."
    )
    prometheus: bool = option(
        False,
        "OBSKIT_PROMETHEUS",
        values.BOOLEAN,
        "Whether metrics are told at /metrics, to whom the details of health are. Each process tells"
        " of itself.",
    )
    traces: Otlp = field(default_factory=Otlp)
    metrics: Otlp = field(default_factory=Otlp)
    logs: Otlp = field(default_factory=Otlp)

    traces_sampler: str = option(
        "parentbased_always_on",
        "OTEL_TRACES_SAMPLER",
        one_of(
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ),
        "Which traces are recorded.",
    )
    traces_sampler_arg: float = option(
        1.0, "OTEL_TRACES_SAMPLER_ARG", number(0, 1), "The share for a sampler with a ratio."
    )
    propagators: tuple[str, ...] = option(
        ("tracecontext", "baggage"),
        "OTEL_PROPAGATORS",
        values.NAMES,
        "How context travels between services; others than these two need their package.",
    )
    trust_inbound: str | tuple[str, ...] = option(
        "ids",
        "OBSKIT_TRUST_INBOUND",
        values.TRUST,
        "What a caller may decide. ids: its trace is continued, its sampled flag ignored. always:"
        " the flag counts too. never: a new trace, linked to the caller's. Networks: always for"
        " callers inside, never for others.",
    )

    span_schedule_delay_ms: int = option(
        5_000, "OTEL_BSP_SCHEDULE_DELAY", _MILLISECONDS, "Between two exports of spans."
    )
    span_export_timeout_ms: int = option(
        30_000, "OTEL_BSP_EXPORT_TIMEOUT", TIMEOUT_MILLISECONDS, "For one export of spans."
    )
    span_queue_size: int = option(
        2_048, "OTEL_BSP_MAX_QUEUE_SIZE", integer(1, 1_000_000), "Spans that may wait."
    )
    span_batch_size: int = option(
        512, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", integer(1, 1_000_000), "Spans in one export."
    )
    log_schedule_delay_ms: int = option(
        1_000, "OTEL_BLRP_SCHEDULE_DELAY", _MILLISECONDS, "Between two exports of log records."
    )
    log_export_timeout_ms: int = option(
        30_000, "OTEL_BLRP_EXPORT_TIMEOUT", TIMEOUT_MILLISECONDS, "For one export of log records."
    )
    log_queue_size: int = option(
        2_048, "OTEL_BLRP_MAX_QUEUE_SIZE", integer(1, 1_000_000), "Log records that may wait."
    )
    log_batch_size: int = option(
        512, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", integer(1, 1_000_000), "Log records in one export."
    )
    metric_export_interval_ms: int = option(
        60_000, "OTEL_METRIC_EXPORT_INTERVAL", _MILLISECONDS, "Between two exports of metrics."
    )
    metric_export_timeout_ms: int = option(
        30_000, "OTEL_METRIC_EXPORT_TIMEOUT", TIMEOUT_MILLISECONDS, "For one export of metrics."
    )
    metric_temporality: str = option(
        "cumulative",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        one_of("cumulative", "delta", "lowmemory"),
        "Whether sums count from the start or from the last export.",
    )
    metric_histogram: str = option(
        "explicit_bucket_histogram",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        one_of("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
        "How histograms are kept.",
    )
    metric_cardinality_limit: int = option(
        2_000,
        "OBSKIT_METRIC_CARDINALITY_LIMIT",
        integer(1, 1_000_000),
        "Series of one instrument, the one for all that are beyond among them.",
    )
    spool_dir: str | None = option(
        None,
        "OBSKIT_SPOOL_DIR",
        values.TEXT,
        "Folder for what waits while the receiver is away; by default below ~/.local/state/obskit.",
    )
    spool_max_bytes: int = option(
        134_217_728,
        "OBSKIT_SPOOL_MAX_BYTES",
        integer(0, 1_099_511_627_776),
        "How much may wait there; 0 for no spool. The oldest is dropped first.",
    )
    spool_max_age: float = option(
        86_400.0, "OBSKIT_SPOOL_MAX_AGE", number(1, 31_536_000), "Seconds that it may wait there."
    )
    on_export_error: Callable[[Any], object] | None = option(  # noqa: RUF009 - a field
        None,
        "OBSKIT_ON_EXPORT_ERROR",
        values.CALLABLE,
        "A function that is given an ExportError for each batch that was not taken.",
    )

    exemplar_filter: str = option(
        "trace_based",
        "OTEL_METRICS_EXEMPLAR_FILTER",
        one_of("always_on", "always_off", "trace_based"),
        "Which measurements may become exemplars.",
    )

    attribute_count_limit: int = option(
        128,
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
        "Attributes of a span, an event, a link, a log record.",
    )
    attribute_length_limit: int | None = option(
        None,
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        _COUNT,
        "Characters of an attribute's text; no limit by default.",
    )
    span_attribute_count_limit: int | None = option(
        None,
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
        "Attributes of a span; attribute_count_limit by default.",
    )
    span_attribute_length_limit: int | None = option(
        None,
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        _COUNT,
        "Characters of a span's attribute; attribute_length_limit by default.",
    )
    span_event_count_limit: int = option(
        128, "OTEL_SPAN_EVENT_COUNT_LIMIT", _COUNT, "Events of a span."
    )
    span_link_count_limit: int = option(
        128, "OTEL_SPAN_LINK_COUNT_LIMIT", _COUNT, "Links of a span."
    )
    event_attribute_count_limit: int | None = option(
        None,
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
        "Attributes of a span's event; attribute_count_limit by default.",
    )
    link_attribute_count_limit: int | None = option(
        None,
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
        "Attributes of a link; attribute_count_limit by default.",
    )
    log_attribute_count_limit: int | None = option(
        None,
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
        "Attributes of a log record; attribute_count_limit by default.",
    )
    log_attribute_length_limit: int | None = option(
        None,
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        _COUNT,
        "Characters of a log record's attribute; attribute_length_limit by default.",
    )

    def exporter(self, signal: Signal) -> str:
        """Which exporter a signal uses.

        Args:
            signal: `traces`, `metrics` or `logs`.

        Returns:
            `otlp`, `console` or `none`.

        >>> from obskit.config import Config
        >>> Config().exporter("traces")
        'none'
        """
        if self.sdk_disabled:
            return "none"
        chosen: str | None = getattr(self, f"{signal}_exporter")
        otlp: Otlp = getattr(self, signal)
        if not chosen:
            return "otlp" if otlp.endpoint else "none"
        return next((name for name in chosen.split(",") if name != _SCRAPED), "none")

    @property
    def scraped(self) -> bool:
        """Whether metrics are told at `/metrics`.

        >>> from obskit.config import Config
        >>> Config(metrics_exporter="otlp,prometheus").scraped
        True
        """
        chosen = (self.metrics_exporter or "").split(",")
        return not self.sdk_disabled and (self.prometheus or _SCRAPED in chosen)
