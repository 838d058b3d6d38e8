"""Prints docs/configuration.md: the reference of every option, made from the options themselves.

python scripts/configuration_reference.py > docs/configuration.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from obskit import ConfigError
from obskit.config import OPTIONS, SIGNALS, Option, load

#: What is wrong in the example of an error, as an environment.
WRONG = {
    "OTEL_EXPORTER_OTLP_TIMEOUT": "10",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://ann:hunter2@collector:4318",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization",
    "OTEL_TRACES_SAMPLER": "sometimes",
    "OTEL_SERVCE_NAME": "shop",
}
FILE = """\
service = "shop"
environment = "production"
log_level = "INFO"
trust_inbound = ["10.0.0.0/8", "fd00::/8"]
excluded_urls = ["/static/", "favicon"]

[resource_attributes]
"service.namespace" = "web"

[log_levels]
"sqlalchemy.engine" = "WARNING"

[otlp]
endpoint = "https://collector.example:4318"
headers = { authorization = "Bearer …" }

[logs]
endpoint = "https://logs.example/v1/logs"
"""
PYPROJECT = """\
[tool.obskit]
service = "shop"

[tool.obskit.otlp]
endpoint = "https://collector.example:4318"
"""
_INTRODUCTION = """\
# Configuration

<!-- Made by scripts/configuration_reference.py; edit that, not this. -->

A service needs none: `obskit.init("shop")` writes log lines to the console and sends nothing. Most
need one variable, `OTEL_EXPORTER_OTLP_ENDPOINT`, and perhaps `SENTRY_DSN`.

Each option comes from the first of these that gives it:

1. an argument of `obskit.init`, where the host wants it fixed (`None` counts as not given);
2. the environment: standard variables where there are any (`OTEL_*`, `SENTRY_*`), else `OBSKIT_*`.
   A variable that is empty is unset;
3. a file: the one that `OBSKIT_CONFIG_FILE` names; else `obskit.toml` in the working directory; else
   the table `[tool.obskit]` of `pyproject.toml` there. One file is read, files are not merged;
4. the default.

A file holds options by their names:

```toml
{file}```

In `pyproject.toml` the same tables stand below one of ours:

```toml
{pyproject}```

## When something is wrong

`obskit.init` raises one `ConfigError`. It lists every wrong value at once, where it came from and
what is allowed; secrets are masked. With

```sh
{wrong}```

it says:

```text
{error}
```

A variable that nearly has the name of one of these counts as misspelt; other variables of
OpenTelemetry and of Sentry are left alone."""
_GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "The service",
        "Who it is, and what the process may do.",
        (
            "service",
            "version",
            "environment",
            "resource_attributes",
            "sdk_disabled",
            "otel_log_level",
            "shutdown_timeout",
            "run_dir",
        ),
    ),
    (
        "Log lines",
        "What is logged, and how it looks on the console.",
        ("log_level", "log_levels", "log_format", "log_stream", "log_line_limit"),
    ),
    (
        "Log files",
        "[logs.md](logs.md) tells of them, and of the audit.",
        (
            "log_folder",
            "log_streams",
            "log_rotation",
            "log_file_max_bytes",
            "log_file_period",
            "log_keep_days",
            "log_folder_max_bytes",
        ),
    ),
    (
        "Requests, exceptions, client libraries",
        "",
        (
            "trust_inbound",
            "propagators",
            "excluded_urls",
            "exception_signal",
            "disabled_instrumentations",
        ),
    ),
    (
        "Redaction",
        (
            "What is masked before anything is written or leaves. A function is given in code, or by"
            " its place."
        ),
        ("redaction", "redact_emails", "redact_patterns", "redact"),
    ),
    (
        "Which signals leave",
        "",
        ("traces_exporter", "metrics_exporter", "logs_exporter", "prometheus", "metrics_file"),
    ),
    (
        "OTLP",
        "For all three signals. In a file they stand in the table `[otlp]`.",
        tuple(option.name for option in OPTIONS if option.name.startswith("otlp.")),
    ),
    (
        "OTLP of one signal",
        (
            "Each beats its general option, wherever the two come from; the general one is its"
            " default. In a file they stand in the tables `[traces]`, `[metrics]` and `[logs]`."
        ),
        tuple(
            option.name
            for option in OPTIONS
            if option.name.startswith(SIGNALS) and "." in option.name
        ),
    ),
    (
        "Sampling and batches",
        "",
        (
            "traces_sampler",
            "traces_sampler_arg",
            "span_schedule_delay_ms",
            "span_export_timeout_ms",
            "span_queue_size",
            "span_batch_size",
            "log_schedule_delay_ms",
            "log_export_timeout_ms",
            "log_queue_size",
            "log_batch_size",
        ),
    ),
    (
        "While the receiver is away",
        "Batches wait on disk, and are sent when it is back. A function is given by its place.",
        ("spool_dir", "spool_max_bytes", "spool_max_age", "on_export_error"),
    ),
    (
        "State",
        (
            "What the processes of a service share, and what outlives them. PostgreSQL and Redis need"
            " the extras `postgres` and `redis`. Redis, one server and no cluster, keeps what its own settings let it"
            " keep: `maxmemory-policy noeviction`, and `appendonly yes` to outlive a restart."
        ),
        ("state_url", "lease_url", "history_days", "history_max_bytes"),
    ),
    (
        "Checks and health",
        "Anybody is told the status of a service; what its checks say is for whoever is let in.",
        (
            "checks_in",
            "checks_log_passes",
            "health_token",
            "health_networks",
            "health_degraded_status",
        ),
    ),
    (
        "The status page",
        "[console.md](console.md) tells of it.",
        ("console", "trace_url"),
    ),
    (
        "Profiles",
        "[profiles.md](profiles.md) tells of them, and of those of Sentry.",
        ("profile_slow_requests",),
    ),
    (
        "Page views",
        "[pages.md](pages.md) tells of them.",
        ("beacon_path", "beacon_sample_rate"),
    ),
    (
        "Metrics",
        "",
        (
            "metric_export_interval_ms",
            "metric_export_timeout_ms",
            "metric_temporality",
            "metric_histogram",
            "metric_cardinality_limit",
            "exemplar_filter",
        ),
    ),
    (
        "Limits",
        "What goes beyond them is left out, and the SDK counts it on the span.",
        tuple(
            option.name
            for option in OPTIONS
            if option.name.endswith(("count_limit", "length_limit"))
        ),
    ),
    (
        "Sentry",
        "",
        tuple(option.name for option in OPTIONS if option.name.startswith("sentry")),
    ),
)


def main() -> None:
    """Print the whole page."""
    sys.stdout.write("\n".join(_page()) + "\n")


def _page() -> Iterator[str]:
    yield _introduction()
    by_name = {option.name: option for option in OPTIONS}
    for title, text, names in _GROUPS:
        yield f"\n## {title}\n"
        if text:
            yield f"{text}\n"
        yield "| option | environment | allowed | default | meaning |"
        yield "| --- | --- | --- | --- | --- |"
        yield from _rows([by_name.pop(name) for name in names])
    if by_name:
        raise SystemExit(f"in no group of the reference: {', '.join(by_name)}")


def _introduction() -> str:
    return _INTRODUCTION.format(file=FILE, pyproject=PYPROJECT, wrong=_shell(WRONG), error=_error())


def _shell(environ: dict[str, str]) -> str:
    return "".join(f"export {name}={value}\n" for name, value in environ.items())


def _error() -> str:
    try:
        load({}, WRONG, Path("/nonexistent"))
    except ConfigError as error:
        return str(error)
    raise SystemExit("the example of an error is right")


def _rows(options: Sequence[Option]) -> Iterator[str]:
    """A line for each option; the same option of three signals is one."""
    together: dict[str, list[Option]] = {}
    for option in options:
        section, dot, name = option.name.partition(".")
        together.setdefault(name if dot and section in SIGNALS else option.name, []).append(option)
    for same in together.values():
        first = same[0]
        meaning = f"{first.help} Masked in messages." if first.secret else first.help
        yield _row(
            _listed(option.name for option in same),
            _listed(variable for option in same for variable in option.env),
            first.value.allowed,
            _default(None if len(same) > 1 else first.default),
            meaning,
        )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _listed(names: Iterable[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def _default(value: Any) -> str:
    if value is None or value in ({}, ()):
        return ""
    if isinstance(value, dict):
        value = tuple(f"{key}={each:g}" for key, each in value.items())
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


if __name__ == "__main__":
    main()
