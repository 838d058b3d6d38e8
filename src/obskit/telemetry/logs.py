"""Log records over OTLP: the provider, and the sink that feeds it."""

from __future__ import annotations

from typing import Any

from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.config import Config
from obskit.export.encoding import Line
from obskit.export.processors import Logs
from obskit.telemetry.pipeline import Record

# OpenTelemetry log data model, "Mapping of SeverityNumber".
_SEVERITIES = {
    "debug": (5, "DEBUG"),
    "info": (9, "INFO"),
    "warning": (13, "WARN"),
    "error": (17, "ERROR"),
    "critical": (21, "FATAL"),
}
_MOST_LOGGERS = 1_000
# With more fields the limit of attributes might count, which is the SDK's to keep.
_FEW = 100


def has_usual_limits(config: Config) -> bool:
    """Whether no log record of usual size would be cut by the configured limits.

    Args:
        config: The configuration.
    """
    lengths = (config.attribute_length_limit, config.log_attribute_length_limit)
    counts = (config.attribute_count_limit, config.log_attribute_count_limit)
    most = min(count for count in counts if count is not None)
    return lengths == (None, None) and most >= Config().attribute_count_limit


def build(config: Config, resource: Resource) -> LoggerProvider:
    """The logger provider of a configuration, without processors.

    Args:
        config: The configuration.
        resource: What the records are of.
    """
    return LoggerProvider(
        resource=resource,
        shutdown_on_exit=False,
        log_record_limits=LogRecordLimits(
            max_attributes=config.attribute_count_limit,
            max_attribute_length=config.attribute_length_limit,
            max_log_record_attributes=config.log_attribute_count_limit,
            max_log_record_attribute_length=config.log_attribute_length_limit,
        ),
    )


class OtlpLogs:
    """The sink that hands records to a logger provider.

    Args:
        provider: Where they go.
        direct: Our own way out, where the provider has it and the limits of records are the usual
            ones. As long as it is the only one there, lines go to it at once: making the SDK's
            records takes longer than all the rest of a line.
    """

    def __init__(self, provider: ApiLoggerProvider, direct: Logs | None = None) -> None:
        self._provider = provider
        self._direct = direct
        self._loggers: dict[str, Any] = {}
        self._rest = provider.get_logger("obskit")

    def write(self, record: Record) -> None:
        """Hand over one record, in the context at hand, which gives it its trace."""
        if not record.to_backend:
            return
        number, text = _SEVERITIES[record.level_name]
        nanoseconds = int(record.timestamp * 1e9)
        logger = self._loggers.get(record.logger) or self._logger(record.logger)
        direct = self._direct
        if direct and len(record.fields) <= _FEW and self._processors() == (direct,):
            line = _line(record, nanoseconds, number, text)
            direct.take(line, logger.resource, logger._instrumentation_scope)
            return
        logger.emit(
            timestamp=nanoseconds,
            observed_timestamp=nanoseconds,
            severity_number=SeverityNumber(number),
            severity_text=text,
            body=record.event,
            attributes=_attributes(record),
            event_name=record.event_name,
        )

    def _processors(self) -> Any:
        multi = getattr(self._provider, "_multi_log_record_processor", None)
        return getattr(multi, "_log_record_processors", None)

    def _logger(self, name: str) -> Any:
        # A host that makes a logger for each user must not grow the SDK's table without end.
        if len(self._loggers) >= _MOST_LOGGERS:
            return self._rest
        logger = self._loggers[name] = self._provider.get_logger(name)
        return logger


def _line(record: Record, time: int, severity: int, severity_text: str) -> Line:
    return Line(
        time,
        severity,
        severity_text,
        record.event,
        _attributes(record),
        record.trace_id,
        record.span_id,
        record.sampled,
        record.event_name,
    )


def _attributes(record: Record) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        # The SDK complains of a name without letters.
        name: value
        for name, value in record.fields.items()
        if value is not None and name
    }
    if record.request_id:
        attributes[names.REQUEST_ID] = record.request_id
    if record.failure:
        attributes[names.EXCEPTION_TYPE] = record.failure.type
        attributes[names.EXCEPTION_MESSAGE] = record.failure.message
        attributes[names.EXCEPTION_STACKTRACE] = record.failure.stacktrace
    return attributes
