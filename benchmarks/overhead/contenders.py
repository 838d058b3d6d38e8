"""Who is measured: the app, its environment, and what the sink must receive of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """One of those measured.

    Attributes:
        name: What `--only` calls it.
        title: What the table calls it.
        environment: The virtual environment's name.
        app: Its module in `apps`.
        variables: Environment variables; `{sink}` stands for `host:port`.
        expected: What must arrive, for each request; `console` counts lines of its own output.
        points: Whether metric points must arrive.
        peer: Whether it traces, and so is one to be leaner than.
    """

    name: str
    title: str
    environment: str
    app: str
    variables: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)
    points: bool = False
    peer: bool = False


_OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://{sink}"}
_SENTRY = {"SENTRY_DSN": "http://key@{sink}/1"}
_SPANS = {"server": 1, "database": 1}

CONTENDERS = (
    Contender("bare", "bare", "bare", "bare"),
    Contender("stdlib", "stdlib JSON logging", "bare", "stdlib", expected={"console": 2}),
    Contender(
        "documented",
        "OpenTelemetry, by its docs",
        "opentelemetry",
        "documented",
        _OTLP,
        {**_SPANS, "lines": 2},
        points=True,
        peer=True,
    ),
    Contender(
        "expert",
        "OpenTelemetry, by an expert",
        "opentelemetry",
        "expert",
        {**_OTLP, "OTEL_SEMCONV_STABILITY_OPT_IN": "http"},
        {**_SPANS, "lines": 2, "console": 2},
        points=True,
        peer=True,
    ),
    # sentry-sdk has nothing for sqlite3.
    Contender(
        "sentry",
        "sentry-sdk, traces and logs",
        "sentry",
        "sentry",
        _SENTRY,
        {"server": 1, "lines": 2},
        peer=True,
    ),
    Contender(
        "logfire",
        "logfire",
        "logfire",
        "logfire",
        {"LOGFIRE_BASE_URL": "http://{sink}"},
        {**_SPANS, "lines": 2, "console": 2},
        points=True,
        peer=True,
    ),
    # An agent beside it would tail the lines; runtime metrics are off by default.
    Contender(
        "ddtrace",
        "ddtrace",
        "ddtrace",
        "datadog",
        {"DD_TRACE_AGENT_URL": "http://{sink}", "DD_SERVICE": "shop"},
        {**_SPANS, "console": 2},
        peer=True,
    ),
    Contender(
        "elastic",
        "elastic-apm",
        "elastic",
        "elastic",
        {"ELASTIC_APM_SERVER_URL": "http://{sink}"},
        {**_SPANS, "console": 2},
        points=True,
        peer=True,
    ),
    Contender(
        "obskit",
        "obskit, everything on",
        "obskit",
        "ours",
        {**_OTLP, **_SENTRY},
        {**_SPANS, "lines": 3, "console": 3},
        points=True,
    ),
    Contender(
        "obskit-no-sentry",
        "obskit, no Sentry",
        "obskit",
        "ours",
        _OTLP,
        {**_SPANS, "lines": 3, "console": 3},
        points=True,
    ),
)
