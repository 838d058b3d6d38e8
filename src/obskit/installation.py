"""What a runtime puts into the process around it, where it lies in modules, and how it is undone."""

from __future__ import annotations

from opentelemetry.trace import Tracer

from obskit import metrics as host_metrics
from obskit.config import Config
from obskit.ledger import Ledger
from obskit.operations import surroundings
from obskit.redaction import rules
from obskit.telemetry import levels, loggers, propagators, providers, stdlib, traces, uncaught
from obskit.telemetry.instance import run_directory
from obskit.telemetry.pipeline import Pipeline


def prepare(config: Config) -> None:
    """What must be there before anything is told.

    Args:
        config: The configuration.

    Raises:
        ConfigError: A propagator is not installed.
    """
    rules.install(
        on=config.redaction,
        emails=config.redact_emails,
        patterns=config.redact_patterns,
        function=config.redact,
    )
    propagators.install(config.propagators)


def install(config: Config, ledger: Ledger, pipeline: Pipeline, tracer: Tracer) -> None:
    """Take what the host's code tells from now on: spans, metrics, log lines.

    Args:
        config: The configuration.
        ledger: Where measurements that cannot be taken are counted.
        pipeline: Takes the lines.
        tracer: Makes the spans.
    """
    traces.install(tracer, exception_events=config.exception_signal == "logs/dup")
    host_metrics.install(ledger, config.metric_cardinality_limit)
    loggers.install(pipeline)
    loggers.configure_structlog()
    uncaught.listen(lambda: surroundings.active().errors())
    stdlib.listen(config.log_level, {"opentelemetry": config.otel_log_level, **config.log_levels})
    levels.follow(run_directory(config.run_dir, config.service))


def undo() -> None:
    """Leave the process as it was, so that a test can begin anew."""
    providers.forget()  # before anybody asks the API for what is there
    rules.install()
    stdlib.stop()
    uncaught.stop()
    levels.forget()
    loggers.install(None)
    traces.install(None)
    host_metrics.install(Ledger())
    surroundings.install(None)
