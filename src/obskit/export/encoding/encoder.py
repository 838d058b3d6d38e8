"""What encodes records of every signal, with one memory of what was said before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.log_records import Line, encode_line, encode_log_record
from obskit.export.encoding.metrics import encode_metric
from obskit.export.encoding.request import Scope, Scopes
from obskit.export.encoding.series import Series
from obskit.export.encoding.spans import encode_span

__all__ = ["Encoder"]


class Encoder:
    r"""Encodes records of OpenTelemetry's SDK, redacted. Threads may share one.

    Args:
        redact: Is told an attribute's key and value and returns the value that may leave. The key
            is empty for texts without one: names of spans and events, bodies of log records,
            descriptions of statuses. Its answer is remembered, so it must always be the same.
            Where it raises, `[redacted]` leaves.

    >>> from opentelemetry.sdk.resources import Resource
    >>> encoder = Encoder(lambda key, value: value)
    >>> encoder.scope(Resource({"a": "b"}), None).resource
    b'\n\n\n\x08\n\x01a\x12\x03\n\x01b'
    """

    __slots__ = ("_attributes", "_plain", "_scopes", "_series")

    def __init__(self, redact: Callable[[str, Any], Any]) -> None:
        self._attributes = Attributes(redact)
        self._plain = Attributes(lambda _key, value: value)
        self._scopes = Scopes(self._attributes)
        self._series = Series(self._attributes)

    def span(self, span: ReadableSpan) -> bytes:
        """A span as field 2 of `ScopeSpans`, with its tag and length.

        Args:
            span: An ended span.
        """
        return encode_span(span, self._attributes)

    def log_record(self, record: ReadableLogRecord) -> bytes:
        """A log record as field 2 of `ScopeLogs`, with its tag and length.

        Args:
            record: A log record.
        """
        return encode_log_record(record, self._attributes)

    def line(self, line: Line) -> bytes:
        """A log line of ours, redacted already, as field 2 of `ScopeLogs`.

        Args:
            line: The line.
        """
        return encode_line(line, self._plain)

    def metric(
        self, metric: Metric, *, ended: bool = False, pause: Callable[[], object] = bool
    ) -> tuple[bytes, int]:
        """A metric as field 2 of `ScopeMetrics`, with its tag and length.

        Args:
            metric: A metric with its points.
            ended: Whether its points say, in place of a value, that their series end.
            pause: Called after every few points.

        Returns:
            The metric, and the number of its points.
        """
        return encode_metric(metric, self._series, ended=ended, pause=pause)

    def scope(self, resource: Resource | None, scope: InstrumentationScope | None) -> Scope:
        """Where a record comes from, for `assemble`.

        Args:
            resource: The record's resource.
            scope: The record's instrumentation scope.
        """
        return self._scopes.scope(resource, scope)
