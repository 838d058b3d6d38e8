"""Lines of `logging`: the host's own, Werkzeug's, SQLAlchemy's, all through the one pipeline.

Records are read as they leave a logger (`Logger.callHandlers`), not by a handler alone: a later
`dictConfig` removes every handler (open-telemetry/opentelemetry-python#4738), and the host's own
handlers stay as they are. The handler that stands on the root logger only tells Werkzeug, Flask and
`logging.lastResort` that somebody listens.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from obskit.redaction import safe_repr
from obskit.telemetry import failure, levels, loggers

#: What `logging` itself puts on a record; the rest is the host's `extra`.
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Their lines would travel by the very path that they speak of (opentelemetry-python#4688).
_EXPORT_PATH = ("opentelemetry", "urllib3", "requests", "grpc", "sentry_sdk")
_call_handlers = logging.Logger.callHandlers


class Listener(logging.Handler):
    """Stands on the root logger and does nothing."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Take the record; it has been read already."""
        return True


def listen(level: str | None, own_levels: dict[str, str]) -> None:
    """Read every record of `logging` from now on.

    Args:
        level: The root logger's level; None leaves what the host set, or makes it INFO.
        own_levels: Levels of single loggers.
    """
    root = logging.getLogger()
    host_has_handlers = bool(root.handlers)
    if not any(isinstance(handler, Listener) for handler in root.handlers):
        root.addHandler(Listener())
    if level is not None:
        levels.set_level("root", level)
    elif not host_has_handlers and root.level == logging.WARNING:
        root.setLevel(logging.INFO)
    for name, own_level in own_levels.items():
        levels.set_level(name, own_level)
    logging.Logger.callHandlers = _read_then_call  # type: ignore[method-assign]


def stop() -> None:
    """Read no more, and leave `logging` as it was."""
    logging.Logger.callHandlers = _call_handlers  # type: ignore[method-assign]
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Listener)]:
        root.removeHandler(handler)


def _read_then_call(self: logging.Logger, record: logging.LogRecord) -> None:
    try:
        _read(self, record)
    finally:
        _call_handlers(self, record)


def _read(logger: logging.Logger, record: logging.LogRecord) -> None:
    own_path = record.name.startswith(_EXPORT_PATH) or bool(
        otel_context.get_value(_SUPPRESS_INSTRUMENTATION_KEY)
    )
    loggers.active().emit(
        record.name,
        record.levelno,
        _message(record),
        {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES},
        failure.from_exc_info(record.exc_info),
        timestamp=record.created,
        on_console=not _shown_by_host(logger, record.levelno),
        to_backend=not own_path,
    )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # `logging` misused with wrong arguments: the line still counts
        return f"{safe_repr(record.msg)} (not formatted: {type(error).__name__})"


def _shown_by_host(logger: logging.Logger | None, level: int) -> bool:
    """Whether a handler of the host writes this record to the console, so that we need not."""
    while logger is not None:
        for handler in logger.handlers:
            stream: Any = getattr(handler, "stream", None)
            if stream is not None and level >= handler.level and stream in _consoles():
                return True
        logger = logger.parent if logger.propagate else None
    return False


def _consoles() -> tuple[Any, ...]:
    return (sys.stderr, sys.stdout, sys.__stderr__, sys.__stdout__)
