"""The configuration, frozen: every option with its variables, its kind, its default, its meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from obskit.config import values
from obskit.config.option import Option, declared, option
from obskit.config.otlp import SIGNALS, TIMEOUT_MILLISECONDS, Otlp, Signal
from obskit.config.values import Value, integer, number, one_of

_MILLISECONDS = Value(integer(1, 86_400_000).parse, "milliseconds from 1 to 86400000")
_COUNT = integer(0, 1_000_000)
_EXPORTER = one_of("otlp", "console", "none")


@dataclass(frozen=True)
class Config:
    """The whole configuration of one runtime. Made by `obskit.config.load`, never changed."""

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
        None, "OTEL_METRICS_EXPORTER", _EXPORTER, "otlp when an endpoint is set, else none."
    )
    logs_exporter: str | None = option(
        None, "OTEL_LOGS_EXPORTER", _EXPORTER, "otlp when an endpoint is set, else none."
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

    exception_signal: str = option(
        "logs/dup",
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        one_of("logs", "logs/dup"),
        "logs: exceptions are log records. logs/dup: a span event stands beside the record.",
    )
    disabled_instrumentations: tuple[str, ...] = option(
        (),
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        values.NAMES,
        "Installed client instrumentations that stay off; * for all of them.",
    )
    excluded_urls: tuple[str, ...] = option(
        (),
        "OTEL_PYTHON_EXCLUDED_URLS",
        values.PATTERNS,
        "Regular expressions of URLs that leave no trace, no metric and no access line.",
    )

    redaction: bool = option(
        True,
        "OBSKIT_REDACTION",
        values.BOOLEAN,
        "Whether secrets are masked in all that is written or leaves, by names and by shapes.",
    )
    redact_emails: bool = option(
        False, "OBSKIT_REDACT_EMAILS", values.BOOLEAN, "Whether e-mail addresses are masked too."
    )
    redact_patterns: tuple[str, ...] = option(
        (),
        "OBSKIT_REDACT_PATTERNS",
        values.MASKS,
        "Regular expressions of further secrets. Each sees 4096 characters at once.",
    )
    redact: Callable[[str, Any], Any] | None = option(  # noqa: RUF009 - a field
        None,
        "OBSKIT_REDACT",
        values.CALLABLE,
        "A function that is given each name and value, and each text under an empty name, and"
        " returns what stands there instead: text, a number, true, false or None. Where it fails the"
        " value is masked, and obskit.status() counts it.",
    )

    sentry_dsn: str | None = option(
        None, "SENTRY_DSN", values.TEXT, "Where errors go.", secret=True
    )
    sentry_release: str | None = option(
        None, "SENTRY_RELEASE", values.TEXT, "Sentry's release; the version by default."
    )
    sentry_environment: str | None = option(
        None, "SENTRY_ENVIRONMENT", values.TEXT, "Sentry's environment; the same by default."
    )
    sentry_traces_sample_rate: float = option(
        0.0, "SENTRY_TRACES_SAMPLE_RATE", number(0, 1), "Share of requests as transactions."
    )
    sentry_profiles_sample_rate: float = option(
        0.0, "SENTRY_PROFILES_SAMPLE_RATE", number(0, 1), "Share of transactions profiled."
    )
    sentry: Mapping[str, Any] = option(
        {}, "", values.MAPPING, "Further options of sentry_sdk.init.", secret=True
    )

    log_level: str | None = option(
        None, "OBSKIT_LOG_LEVEL", values.LEVEL, "Level of all loggers; INFO, or the host's own."
    )
    log_levels: Mapping[str, str] = option(
        {}, "OBSKIT_LOG_LEVELS", values.LEVEL_PAIRS, "Levels of single loggers."
    )
    log_format: str = option(
        "auto",
        "OBSKIT_LOG_FORMAT",
        one_of("auto", "json", "pretty", "none"),
        "Lines on the console. auto: pretty on a terminal, JSON elsewhere.",
    )
    log_stream: str = option(
        "stderr", "OBSKIT_LOG_STREAM", one_of("stderr", "stdout"), "Where the console is."
    )
    log_line_limit: int = option(
        65_536, "OBSKIT_LOG_LINE_LIMIT", integer(1_024, 16_777_216), "Bytes of one line."
    )
    shutdown_timeout: float = option(
        3.0, "OBSKIT_SHUTDOWN_TIMEOUT", number(0, 60), "Seconds that the exit may take."
    )
    run_dir: str | None = option(
        None,
        "OBSKIT_RUN_DIR XDG_RUNTIME_DIR",
        values.TEXT,
        "Folder for what the processes of a host share: worker slots, live log levels.",
    )

    def exporter(self, signal: Signal) -> str:
        """Which exporter a signal uses.

        Args:
            signal: `traces`, `metrics` or `logs`.

        Returns:
            `otlp`, `console` or `none`.

        >>> Config().exporter("traces")
        'none'
        """
        if self.sdk_disabled:
            return "none"
        chosen: str | None = getattr(self, f"{signal}_exporter")
        otlp: Otlp = getattr(self, signal)
        return chosen or ("otlp" if otlp.endpoint else "none")


def _options() -> Iterator[Option]:
    for one, default in declared(Config):
        yield Option(one.name, default=default, **one.metadata)
    for section in ("otlp", *SIGNALS):
        infix = "" if section == "otlp" else f"{section.upper()}_"
        for one, default in declared(Otlp):
            meta = dict(one.metadata)
            env = tuple(f"OTEL_EXPORTER_OTLP_{infix}{suffix}" for suffix in meta.pop("env"))
            yield Option(f"{section}.{one.name}", env, default=default, **meta)


#: Every option, in the order of the reference.
OPTIONS: tuple[Option, ...] = tuple(_options())
