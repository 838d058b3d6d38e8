"""Observability for Python services: one request tells one story under one id.

>>> import obskit
>>> log = obskit.get_logger()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obskit import metrics
    from obskit.checks.changed import changed
    from obskit.checks.issues import Issue
    from obskit.checks.judge import above, below, outside
    from obskit.checks.model import CheckResult, Status, nothing_to_do
    from obskit.context import bind, request_id
    from obskit.exceptions import ConfigError, ObskitError
    from obskit.operations.job import current_run, job
    from obskit.operations.operation import operation
    from obskit.operations.quota import quota
    from obskit.registry import Registry, check, default_registry, freshness
    from obskit.telemetry.levels import set_level
    from obskit.telemetry.loggers import get_logger
    from obskit.telemetry.traces import span

__all__ = [
    "CheckResult",
    "ConfigError",
    "Issue",
    "ObskitError",
    "Registry",
    "Status",
    "above",
    "below",
    "bind",
    "changed",
    "check",
    "current_run",
    "default_registry",
    "flush",
    "freshness",
    "get_logger",
    "init",
    "job",
    "metrics",
    "nothing_to_do",
    "operation",
    "outside",
    "quota",
    "request_id",
    "set_level",
    "shutdown",
    "span",
    "status",
]


# Where the names come from when they are first used: a command such as `obskit probe` uses none.
_HOMES = {
    "CheckResult": "obskit.checks.model",
    "ConfigError": "obskit.exceptions",
    "Issue": "obskit.checks.issues",
    "ObskitError": "obskit.exceptions",
    "Registry": "obskit.registry",
    "Status": "obskit.checks.model",
    "above": "obskit.checks.judge",
    "below": "obskit.checks.judge",
    "bind": "obskit.context",
    "changed": "obskit.checks.changed",
    "check": "obskit.registry",
    "current_run": "obskit.operations.job",
    "default_registry": "obskit.registry",
    "freshness": "obskit.registry",
    "get_logger": "obskit.telemetry.loggers",
    "job": "obskit.operations.job",
    "nothing_to_do": "obskit.checks.model",
    "operation": "obskit.operations.operation",
    "outside": "obskit.checks.judge",
    "quota": "obskit.operations.quota",
    "request_id": "obskit.context",
    "set_level": "obskit.telemetry.levels",
    "span": "obskit.telemetry.traces",
}

if not TYPE_CHECKING:  # a type checker would take every name for one of ours

    def __getattr__(name: str) -> Any:
        if name == "metrics":
            return import_module("obskit.metrics")
        if name not in _HOMES:
            raise AttributeError(f"module 'obskit' has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def init(
    service: str | None = None,
    *,
    version: str | None = None,
    environment: str | None = None,
    endpoint: str | None = None,
    sentry_dsn: str | None = None,
    sentry: Mapping[str, Any] | None = None,
    log_level: str | None = None,
    log_format: str | None = None,
    trust_inbound: str | Sequence[str] | None = None,
    resource_attributes: Mapping[str, str] | None = None,
) -> None:
    """Make this process observable. Call it once, where the service starts.

    What is not given comes from the environment, then from `obskit.toml` or `[tool.obskit]` in
    `pyproject.toml`, then from the defaults. Without an endpoint and without a DSN there are log
    lines on the console, and neither a thread nor a connection. Calling it again with the same
    configuration does nothing.

    Args:
        service: The name of the service (`OTEL_SERVICE_NAME`).
        version: Its version.
        environment: Where it runs: `production`, `staging`, ….
        endpoint: Base URL of an OTLP receiver (`OTEL_EXPORTER_OTLP_ENDPOINT`).
        sentry_dsn: Where errors go (`SENTRY_DSN`).
        sentry: Further options of `sentry_sdk.init`.
        log_level: DEBUG, INFO, WARNING, ERROR or CRITICAL (`OBSKIT_LOG_LEVEL`).
        log_format: `auto`, `json`, `pretty` or `none` (`OBSKIT_LOG_FORMAT`).
        trust_inbound: `ids`, `always`, `never`, or networks (`OBSKIT_TRUST_INBOUND`).
        resource_attributes: Attributes of everything that leaves (`OTEL_RESOURCE_ATTRIBUTES`).

    Raises:
        ConfigError: Something is wrong; it lists everything that is.
        MissingExtra: Something that was asked for needs a package that is not installed.
        ObskitError: This is a subinterpreter.

    >>> import obskit
    >>> obskit.init("shop", log_level="LOUD")
    Traceback (most recent call last):
    obskit.exceptions.ConfigError: 1 wrong value in the configuration of obskit:
      - log_level is 'LOUD' (from an argument of init): use DEBUG, INFO, WARNING, ERROR, CRITICAL
    """
    from obskit import hosting

    hosting.refuse_subinterpreter()  # first: there the next line may fail, or end the process later
    from obskit import default_runtime

    default_runtime.init(
        service,
        version=version,
        environment=environment,
        sentry_dsn=sentry_dsn,
        sentry=sentry,
        log_level=log_level,
        log_format=log_format,
        trust_inbound=trust_inbound,
        resource_attributes=resource_attributes,
        **{"otlp.endpoint": endpoint},
    )


def flush(timeout: float | None = None) -> bool:
    """Send everything that waits, and wait for it.

    Args:
        timeout: Seconds at most; the shutdown budget (3) by default.

    Returns:
        Whether all of it was sent, kept on disk, or counted as dropped, in time.

    >>> import obskit
    >>> obskit.flush(1.0)
    True
    """
    from obskit import default_runtime

    current = default_runtime.current()
    return current.flush(timeout) if current else True


def shutdown(timeout: float | None = None) -> bool:
    """Send everything that waits and stop. Done at exit by itself; doing it again does nothing.

    Args:
        timeout: Seconds at most; the shutdown budget (3) by default.

    Returns:
        Whether all of it was sent, kept on disk, or counted as dropped, in time.

    >>> import obskit
    >>> obskit.shutdown()
    True
    """
    from obskit import default_runtime

    current = default_runtime.current()
    return current.shutdown(timeout) if current else True


def status() -> dict[str, Any]:
    """What is on, where it sends, and the ledger.

    Returns:
        A dictionary of plain values, without secrets; `{"initialised": False}` before `init`.

    >>> import obskit
    >>> obskit.status()
    {'initialised': False}
    """
    from obskit import default_runtime

    current = default_runtime.current()
    return {"initialised": True, **current.status()} if current else {"initialised": False}
