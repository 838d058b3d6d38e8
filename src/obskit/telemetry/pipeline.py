"""The one way of every log line: made once, then read by each sink."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard

from obskit import context, listeners
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.export import notice
from obskit.ledger import Ledger
from obskit.redaction import Plain, kind_of, name_of, names_and_values, plain
from obskit.telemetry import failure, levels
from obskit.telemetry.failure import Failure

LEVEL_NAMES = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
_ERROR = 40
_MAX_FIELDS = 128
# What RFC 3339 can write: up to the year 9999.
_LAST_MOMENT = 253_402_300_799


class Record(NamedTuple):
    """One log line, plain and redacted.

    Attributes:
        timestamp: Seconds since the Unix epoch.
        level: The number that `logging` gives to the level.
        logger: The logger's name.
        event: What happened.
        fields: The bound fields, then the line's own.
        request_id: The request's id, if there is one.
        trace_id: 32 hexadecimal digits, if there is a span.
        span_id: 16 hexadecimal digits, if there is a span.
        failure: The exception, if there is one.
        event_name: The kind of event by its standard name, if it has one.
        on_console: False when a handler of the host already shows it there.
        to_backend: False for lines of the export path itself, which would feed on themselves.
        sampled: Whether the trace is sampled.
    """

    timestamp: float
    level: int
    logger: str
    event: str
    fields: dict[str, Plain]
    request_id: str | None
    trace_id: str | None
    span_id: str | None
    failure: Failure | None
    event_name: str | None
    on_console: bool
    to_backend: bool
    sampled: bool = False

    @property
    def level_name(self) -> str:
        """The level in a word: that of the next standard level below."""
        return LEVEL_NAMES.get(self.level) or LEVEL_NAMES[max(10, min(50, self.level // 10 * 10))]


class PlainFields(dict[str, Plain]):
    """Fields that are plain and redacted already, as is the event that they come with."""


class Sink(Protocol):
    """Takes every record, once."""

    def write(self, record: Record) -> None:
        """Write one record. May raise: the record is then counted as dropped."""


#: Told of an exception that was logged: the exception, the logger's name.
OnException = Callable[[BaseException, str], None]


class Pipeline:
    """Makes records of what is logged and hands them to the sinks.

    Args:
        sinks: Where records go, in order.
        ledger: Where a record that no sink could take is counted.
        on_exception: Told of exceptions in lines of level ERROR and above.
        clock: The time.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        ledger: Ledger,
        *,
        on_exception: OnException | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._sinks = tuple(sinks)
        self._ledger = ledger
        self._on_exception = on_exception
        self._clock = clock
        self._busy = threading.local()

    def emit(
        self,
        logger: str,
        level: int,
        event: object,
        fields: Mapping[str, object],
        error: BaseException | None = None,
        *,
        timestamp: float | None = None,
        event_name: str | None = None,
        on_console: bool = True,
        to_backend: bool = True,
        by_host: bool = False,
    ) -> None:
        """Log one line. Never raises.

        Args:
            logger: The logger's name.
            level: The number of the level.
            event: What happened; anything that is not text is shown as such.
            fields: Further fields; event and fields are made plain and redacted here, unless they
                are `PlainFields`.
            error: An exception to tell with it.
            timestamp: When it happened; now by default, and where no clock could show it.
            event_name: The kind of event by its standard name.
            on_console: Whether the console shows it.
            to_backend: Whether it leaves over OTLP.
            by_host: Whether the host sends it the same way itself, so that it would leave twice.
        """
        # A host's `__repr__` may log: without this its line would make a line, and so on.
        if getattr(self._busy, "yes", False):
            self._ledger.refuse("logs", "logged_while_logging")
            return
        self._busy.yes = True
        to_backend = to_backend and not notice.stays()
        try:
            levels.refresh()
            leaves = to_backend and not by_host
            record = self._record(
                logger, level, event, fields, error, timestamp, event_name, on_console, leaves
            )
            scope = context.current()
            if scope is not None:
                # The error that it may stand beside tells its stack itself.
                scope.lines.append(record._replace(failure=None) if record.failure else record)
            self._write(record)
            listeners.tell(record)
            if error is not None:
                failure.claim(error, "log", context.number())
        except Exception:
            self._ledger.refuse("logs", "not_representable")
        finally:
            self._busy.yes = False
        if error is not None and level >= _ERROR and to_backend and self._on_exception:
            self._on_exception(error, name_of(logger))

    def refuse(self, reason: str) -> None:
        """Count a line that could not even be read."""
        self._ledger.refuse("logs", reason)

    def _record(
        self,
        logger: str,
        level: int,
        event: object,
        fields: Mapping[str, object],
        error: BaseException | None,
        timestamp: float | None,
        event_name: str | None,
        on_console: bool,
        to_backend: bool,
    ) -> Record:
        scope = context.current()
        trace_id, span_id, sampled = context.ids_and_sampled()
        if type(fields) is PlainFields:
            own: dict[str, Plain] = fields
            text = str(event)
        else:
            own, text = names_and_values(fields, _MAX_FIELDS), str(plain(event))
        return Record(
            timestamp if _is_moment(timestamp) else self._clock.now(),
            level,
            name_of(logger),
            text,
            {**scope.fields, **own} if scope and scope.fields else own,
            scope.request_id if scope else None,
            trace_id,
            span_id,
            failure.of(error) if error is not None else None,
            event_name or ("exception" if error is not None else None),
            on_console,
            to_backend,
            sampled,
        )

    def _write(self, record: Record) -> None:
        for sink in self._sinks:
            try:
                sink.write(record)
            except Exception as error:
                self._ledger.refuse("logs", f"{kind_of(sink).lower()}_{kind_of(error)}")


def _is_moment(timestamp: Any) -> TypeGuard[float]:
    return type(timestamp) in {float, int} and 0 <= timestamp <= _LAST_MOMENT
