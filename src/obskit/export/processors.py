"""Where the SDK hands over what has ended: encoded at once, so that the queue holds bytes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obskit.export.encoding import Encoder, Line
from obskit.export.sender import Sender
from obskit.ledger import Ledger

# Points are encoded in slices: another thread waits no longer than this for the interpreter, seconds.
_SLICE = 0.001


class WayOut:
    """One signal's processor or reader, and how it ends.

    Args:
        sender: What sends.
        encoder: Makes bytes.
        ledger: Where what cannot be encoded is counted.
        start: Makes sure that something sends.
        budget: Seconds that the end may take.
    """

    def __init__(
        self,
        sender: Sender,
        encoder: Encoder,
        ledger: Ledger,
        start: Callable[[], object],
        budget: float,
    ) -> None:
        self.sender = sender
        self._queue = sender.queue
        self._encoder = encoder
        self._ledger = ledger
        self._start = start
        self._budget = budget

    @property
    def account(self) -> dict[str, Any]:
        """What became of all that was taken, as the ledger has it."""
        return self._ledger.snapshot()[self.sender.signal]

    def shutdown(self) -> None:
        """Send what waits and take no more."""
        self.sender.finish(monotonic() + self._budget)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self.sender.flush(monotonic() + timeout_millis / 1_000)

    def _let_wait(self, record: Any, encode: Callable[[Any], bytes]) -> None:
        self._start()
        try:
            data = encode(record)
            scope = self._encoder.scope(record.resource, record.instrumentation_scope)
        except Exception:
            self._ledger.refuse(self.sender.signal, "encoding_failed")
            return
        self._queue.put(scope, data)


class Spans(WayOut, SpanProcessor):
    """Takes spans as they end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Encode a span and let it wait. One that was recorded but not sampled stays."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        self._let_wait(span, self._encoder.span)


class Logs(WayOut, LogRecordProcessor):
    """Takes log records as they are made."""

    def take(self, line: Line, resource: Resource, scope: InstrumentationScope) -> None:
        """Encode a line that never was a record of the SDK, and let it wait."""
        self._start()
        self._queue.put(self._encoder.scope(resource, scope), self._encoder.line(line))

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Encode a record and let it wait."""
        self._let_wait(log_record, self._encoder.log_record)
