"""Lines of `logging`: the host's own, Werkzeug's, SQLAlchemy's, all through the one pipeline.

Records are read as they leave a logger (`Logger.callHandlers`), not by a handler alone: a later
`dictConfig` removes every handler (open-telemetry/opentelemetry-python#4738), and the host's own
handlers stay as they are. The handler that stands on the root logger only tells Werkzeug, Flask and
`logging.info` that somebody listens, who else would put a handler to the console there.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry._logs import _internal as logs_global
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from obskit.redaction import kind_of, safe_repr
from obskit.telemetry import failure, levels, loggers

#: What `logging` itself puts on a record; the rest is the host's `extra`.
_OWN_ATTRIBUTES = frozenset(
    (
        *vars(logging.LogRecord("", 0, "", 0, "", (), None)),
        *("message", "asctime", "taskName"),
        "color_message",  # uvicorn's: the message again, coloured
    )
)
# Their lines would travel by the very path that they speak of (opentelemetry-python#4688).
_EXPORT_LOGGERS = frozenset(("opentelemetry", "sentry_sdk", "grpc"))
_SENTRY_THREADS = "sentry-sdk"
#: Files that are the console under another name.
_CONSOLE_FILES = ("/dev/stderr", "/dev/stdout", "/proc/self/fd/1", "/proc/self/fd/2")
_NOT_A_LEVEL = logging.INFO


class Listener(logging.Handler):
    """Stands on the root logger and does nothing."""

    def handle(self, _record: logging.LogRecord) -> bool:
        """Take the record; it has been read already."""
        return True


#: What `logging.Logger.callHandlers` is.
Hook = Callable[[logging.Logger, logging.LogRecord], None]


class _Hooks:
    """What `logging` has of its own where we stand; what others put there meanwhile is kept."""

    def __init__(self) -> None:
        self.on = False
        self.hook: Hook | None = None
        self.call_handlers: Hook = logging.Logger.callHandlers
        self.basic_config = logging.basicConfig
        self.last_resort = logging.lastResort
        self.levels: dict[str, int] = {}


_hooks = _Hooks()
_listener = Listener()


def listen(level: str | None, own_levels: dict[str, str]) -> None:
    """Read every record of `logging` from now on.

    Args:
        level: The root logger's level; None leaves what the host set, or makes it INFO.
        own_levels: Levels of single loggers.
    """
    root = logging.getLogger()
    host_has_handlers = any(handler is not _listener for handler in root.handlers)
    for name in ("root", *own_levels):
        _hooks.levels.setdefault(name, logging.getLogger("" if name == "root" else name).level)
    if level is not None:
        levels.set_level("root", level)
    elif not host_has_handlers and root.level == logging.WARNING:
        root.setLevel(logging.INFO)
    for name, own_level in own_levels.items():
        levels.set_level(name, own_level)
    root.addHandler(_listener)
    _hooks.on = True
    # Ours may be within somebody else's, or gone by now: the one on top is the one that reads.
    if logging.Logger.callHandlers is not _hooks.hook:
        _hooks.call_handlers = logging.Logger.callHandlers
        _hooks.hook = _reading(_hooks.call_handlers)
        logging.Logger.callHandlers = _hooks.hook  # type: ignore[method-assign, assignment]
        if logging.basicConfig is not _basic_config:
            _hooks.basic_config = logging.basicConfig
            logging.basicConfig = _basic_config
        # It prints what finds no handler, as after a `dictConfig` without a root: we show it.
        if logging.lastResort is not _listener:
            _hooks.last_resort = logging.lastResort
            logging.lastResort = _listener


def stop() -> None:
    """Read no more, and leave `logging` as it was."""
    _hooks.on = False
    logging.getLogger().removeHandler(_listener)
    for name, level in _hooks.levels.items():
        logging.getLogger("" if name == "root" else name).setLevel(level)
    _hooks.levels.clear()
    # Who stands before us, as an integration of Sentry does, calls us: then we stay, and do nothing.
    if logging.Logger.callHandlers is _hooks.hook:
        logging.Logger.callHandlers = _hooks.call_handlers  # type: ignore[method-assign, assignment]
        logging.basicConfig = _hooks.basic_config
        logging.lastResort = _hooks.last_resort
    _hooks.hook = None


def _basic_config(**options: Any) -> None:
    """`basicConfig` does nothing where there is a handler: ours must not be what hinders the host's.

    Without options it is the call of `logging.info` and its like, which want any handler at all.
    """
    if _hooks.on and not options:
        return
    root = logging.getLogger()
    root.removeHandler(_listener)
    try:
        _hooks.basic_config(**options)
    finally:
        if _hooks.on:
            root.addHandler(_listener)


def _reading(before: Hook) -> Hook:
    """A hook that reads a record, then does what was done before.

    Each has what it calls for good: one that somebody has kept and puts back after our end, perhaps
    within another one, reads nothing and never comes to call itself.
    """

    def read_then_call(self: logging.Logger, record: logging.LogRecord) -> None:
        if _hooks.on and _hooks.hook is read_then_call:
            try:
                _read(self, record)
            except Exception:  # a record of the host's own making, with anything in it
                with suppress(Exception):  # no stack is left
                    loggers.active().refuse("record_not_readable")
        before(self, record)

    return read_then_call


def _read(logger: logging.Logger, record: logging.LogRecord) -> None:
    level = record.levelno if type(record.levelno) is int else _NOT_A_LEVEL
    fields = {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}
    if record.stack_info:
        fields["stack"] = record.stack_info
    loggers.active().emit(
        record.name,
        level,
        _message(record),
        fields,
        failure.from_exc_info(record.exc_info),
        timestamp=record.created,
        on_console=not _is_done_by_host(logger, record, _is_console),
        to_backend=not _is_of_export(record),
        by_host=_is_done_by_host(logger, record, _is_way_out),
    )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # `logging` misused with wrong arguments: the line still counts
        return f"{safe_repr(record.msg)} {safe_repr(record.args)} (not formatted: {kind_of(error)})"


def _is_of_export(record: logging.LogRecord) -> bool:
    return (
        str(record.name).partition(".")[0] in _EXPORT_LOGGERS
        or str(record.threadName).startswith(_SENTRY_THREADS)
        or bool(otel_context.get_value(_SUPPRESS_INSTRUMENTATION_KEY))
    )


def _is_done_by_host(
    logger: logging.Logger | None, record: logging.LogRecord, does: Callable[[Any], bool]
) -> bool:
    """Whether a handler of the host does with this record what we need not do then."""
    try:
        while logger is not None:
            for handler in logger.handlers:
                if record.levelno >= handler.level and does(handler) and _takes(handler, record):
                    return True
            logger = logger.parent if logger.propagate else None
    except Exception:  # a handler, a stream or a filter of the host's own making
        return False
    return False


def _is_way_out(handler: Any) -> bool:
    """Whether it hands over to the provider that our own lines leave by, as OpenTelemetry's handlers do."""
    provider = getattr(handler, "_logger_provider", None)
    return provider is not None and provider is logs_global._LOGGER_PROVIDER


def _is_console(handler: Any) -> bool:
    # `RichHandler` has a console, whose file it is.
    stream = getattr(handler, "stream", None) or getattr(
        getattr(handler, "console", None), "file", None
    )
    if stream is None:
        return False
    consoles = (sys.stderr, sys.stdout, sys.__stderr__, sys.__stdout__)
    return stream in consoles or getattr(stream, "name", None) in _CONSOLE_FILES


def _takes(handler: logging.Handler, record: logging.LogRecord) -> bool:
    """As Django's console handler does only while debugging."""
    return not handler.filters or bool(handler.filter(record))
