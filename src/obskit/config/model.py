"""The configuration, frozen: every option with its variables, its kind, its default, its meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from obskit.config import values
from obskit.config.link import link
from obskit.config.option import Option, declared, option
from obskit.config.otlp import SIGNALS, Otlp
from obskit.config.store_url import STORE_URL
from obskit.config.telemetry import Telemetry
from obskit.config.values import integer, number, one_of


@dataclass(frozen=True)
class Config(Telemetry):
    """The whole configuration of one runtime. Made by `obskit.config.load`, never changed."""

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
    sentry_url: str | None = option(
        None,
        "OBSKIT_SENTRY_URL",
        link("event_id"),
        "Where an event is looked at in Sentry, for links of the status page:"
        " https://sentry.example/organizations/shop/projects/shop/events/{event_id}/.",
    )
    trace_url: str | None = option(
        None,
        "OBSKIT_TRACE_URL",
        link("trace_id"),
        "Where a trace is looked at, for links of the status page: https://jaeger.example/trace/{trace_id}.",
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
    sentry_profile_session_sample_rate: float = option(
        0.0,
        "SENTRY_PROFILE_SESSION_SAMPLE_RATE",
        number(0, 1),
        "Share of processes whose transactions are profiled, by Sentry's newer way; it wants a rate of"
        " transactions, and stands instead of the rate of profiles.",
    )
    profile_slow_requests: float | None = option(
        None,
        "OBSKIT_PROFILE_SLOW_REQUESTS",
        number(0.001, 3_600),
        "Seconds that a request may take until its profile is kept: then each is sampled.",
    )
    sentry_checks: bool = option(
        False,
        "OBSKIT_SENTRY_CHECKS",
        values.BOOLEAN,
        "Whether a check that begins to fail is an issue in Sentry, one for each check.",
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
    log_folder: str | None = option(
        None,
        "OBSKIT_LOG_FOLDER",
        values.FOLDER,
        "Folder of log files and of the audit; it must be there. Without it no file is written.",
    )
    log_streams: Mapping[str, str] = option(
        {},
        "OBSKIT_LOG_STREAMS",
        values.STREAMS,
        "Files of their own, beside app, error and audit: a stream, and whose lines it takes out of"
        " app. imports=shop.imports job=nightly takes those of a logger and those below it, and those"
        " with a field of that value.",
    )
    log_rotation: str = option(
        "obskit",
        "OBSKIT_LOG_ROTATION",
        one_of("obskit", "logrotate"),
        "Who rotates, compresses and removes log files.",
    )
    log_file_max_bytes: int = option(
        104_857_600,
        "OBSKIT_LOG_FILE_MAX_BYTES",
        integer(1_024, 1_099_511_627_776),
        "A log file that would become larger is rotated.",
    )
    log_file_period: float = option(
        86_400.0,
        "OBSKIT_LOG_FILE_PERIOD",
        number(1, 31_536_000),
        "Seconds after which a log file is rotated, counted in UTC: 86400 is midnight.",
    )
    log_keep_days: Mapping[str, float] = option(
        {"DEBUG": 7.0, "INFO": 30.0, "WARNING": 90.0, "ERROR": 365.0},
        "OBSKIT_LOG_KEEP_DAYS",
        values.DAYS_BY_LEVEL,
        "Days that lines of a level are kept in rotated files; what is not named is kept for ever.",
    )
    log_folder_max_bytes: int = option(
        1_073_741_824,
        "OBSKIT_LOG_FOLDER_MAX_BYTES",
        integer(1_024, 1_099_511_627_776),
        "Bytes that the log files may take together; the audit does not count. The oldest go first.",
    )
    shutdown_timeout: float = option(
        3.0, "OBSKIT_SHUTDOWN_TIMEOUT", number(0, 60), "Seconds that the exit may take."
    )
    sentry_crons: bool = option(
        False,
        "OBSKIT_SENTRY_CRONS",
        values.BOOLEAN,
        "Whether jobs with a schedule are monitors of Sentry, and check in.",
    )
    checks_in: str = option(
        "web",
        "OBSKIT_CHECKS_IN",
        one_of("web", "worker"),
        "Who runs checks of a host or a fleet: a process that serves, or obskit check worker.",
    )
    checks_log_passes: bool = option(
        False,
        "OBSKIT_CHECKS_LOG_PASSES",
        values.BOOLEAN,
        "Whether each pass of a check is a line of the logger obskit.check, not only the first.",
    )
    metrics_file: tuple[str, ...] = option(
        (),
        "OBSKIT_METRICS_FILE",
        values.NAMES,
        "Files that are given the newest metrics each metric_export_interval_ms: as Prometheus' text"
        " where the name ends with .prom, else as JSON with the states of checks. One process of the"
        " host writes each: its own metrics.",
    )
    health_token: str | None = option(
        None,
        "OBSKIT_HEALTH_TOKEN",
        values.TEXT,
        "Who brings it as a bearer token sees what the checks say.",
        secret=True,
    )
    health_networks: tuple[str, ...] = option(
        (),
        "OBSKIT_HEALTH_NETWORKS",
        values.NETWORKS,
        "Who comes straight from there sees what the checks say.",
    )
    health_degraded_status: int = option(
        200,
        "OBSKIT_HEALTH_DEGRADED_STATUS",
        integer(200, 599),
        "The status of HTTP of /health while the service is degraded.",
    )
    beacon_path: str | None = option(
        None,
        "OBSKIT_BEACON_PATH",
        values.PATH,
        "Where the browsers of users send page views, and find the script for it; by default nowhere.",
    )
    beacon_sample_rate: float = option(
        1.0, "OBSKIT_BEACON_SAMPLE_RATE", number(0, 1), "Share of page views that are sent."
    )
    console: bool = option(
        False,
        "OBSKIT_CONSOLE",
        values.BOOLEAN,
        "Whether each process keeps what the status page shows of it, in run_dir: operations, quotas,"
        " errors and spans of late.",
    )
    run_dir: str | None = option(
        None,
        "OBSKIT_RUN_DIR XDG_RUNTIME_DIR",
        values.TEXT,
        "Folder for what the processes of a host share: worker slots, live log levels.",
    )

    state_url: str | None = option(
        None,
        "OBSKIT_STATE_URL",
        STORE_URL,
        "Where results, history, silences and runs of jobs are kept; by default in a file beside the"
        " spool.",
        secret=True,
    )
    lease_url: str | None = option(
        None,
        "OBSKIT_LEASE_URL",
        STORE_URL,
        "Where it is agreed which process runs a check of the fleet; by default where state is kept.",
        secret=True,
    )
    history_days: float = option(
        30.0, "OBSKIT_HISTORY_DAYS", number(0.01, 3_650), "Days that history is kept."
    )
    history_max_bytes: int = option(
        67_108_864,
        "OBSKIT_HISTORY_MAX_BYTES",
        integer(65_536, 1_099_511_627_776),
        "How much room history may take. The oldest is forgotten first.",
    )


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
