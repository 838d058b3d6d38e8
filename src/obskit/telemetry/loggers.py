"""`get_logger`: structlog's logger, with the pipeline behind it."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import structlog
from structlog.contextvars import _CONTEXT_VARS, get_contextvars
from structlog.typing import FilteringBoundLogger

from obskit.ledger import Ledger
from obskit.redaction import kind_of, name_of, safe_repr
from obskit.telemetry import failure, levels
from obskit.telemetry.console import Console
from obskit.telemetry.pipeline import Pipeline

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
    "msg": logging.INFO,
}
_OWN_PACKAGES = ("obskit.telemetry.", "structlog.")

# What structlog itself takes where nobody has chosen.
_by_structlog: Any = structlog.make_filtering_bound_logger(logging.NOTSET)
_usual: Any = structlog.get_config()["processors"]
# Before `init` there is only the console: what is logged then is not lost.
_before_init = Pipeline([Console("auto", "stderr", 65_536)], Ledger())
_active = _before_init


def install(pipeline: Pipeline | None) -> Pipeline | None:
    """Make a pipeline the one that all loggers write to.

    Args:
        pipeline: The pipeline, or None for the console alone.

    Returns:
        The one before, or None where that was the console alone.
    """
    global _active
    before, _active = _active, pipeline or _before_init
    return None if before is _before_init else before


def active() -> Pipeline:
    """The pipeline that loggers write to."""
    return _active


class Named:
    """What structlog wraps: the name of a logger. Also its factory for `structlog.get_logger`."""

    __slots__ = ("name", "stdlib")

    def __init__(self, *args: Any) -> None:
        self.name = str(args[0]) if args and args[0] else _caller()
        self.stdlib = logging.getLogger(self.name)

    def enabled(self, level: int) -> bool:
        """Whether a level counts, by the levels of `logging`."""
        return self.stdlib.isEnabledFor(level) or levels.passes(self.stdlib, level)

    def __getattr__(self, method: str) -> Any:
        """What a wrapper of the host's own calls, who has left structlog's own logger in place."""
        return getattr(structlog.PrintLogger(), method)


def _caller() -> str:
    """The module that asked for a logger: the first one outside obskit and structlog."""
    frame = sys._getframe(1)
    while frame.f_back and f"{frame.f_globals.get('__name__')}.".startswith(_OWN_PACKAGES):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__") or "root")


class BoundLogger(structlog.BoundLoggerBase):
    """As structlog's filtering logger, but that no argument makes it raise.

    Its level is asked at each call, so that it can change live.
    """

    _logger: Named

    def __new__(cls, logger: Any, processors: Any, context: Any) -> Any:
        """A host that configures structlog after us has what it would have without us."""
        if processors or type(logger) is not Named:
            return _by_structlog(logger, processors or _usual, context)
        return super().__new__(cls)

    def log(self, level: Any, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Log at any level: a number, or a name."""
        if type(level) is not int:
            level = _LEVELS.get(name_of(level).lower(), logging.INFO)
        self._log(level, event, args, fields)

    async def alog(self, level: Any, event: object = None, /, *args: Any, **fields: Any) -> None:
        """The same from a coroutine. A line is made too quickly to give another task its turn."""
        self.log(level, event, *args, **fields)

    def is_enabled_for(self, level: int) -> bool:
        """Whether a level counts now."""
        return self._logger.enabled(level)

    def get_effective_level(self) -> int:
        """The least level that counts now."""
        return next(filter(self._logger.enabled, (10, 20, 30, 40, 50)), 60)

    def _log(
        self, level: int, event: object, args: tuple[Any, ...], fields: dict[str, Any]
    ) -> None:
        if not self._logger.enabled(level):
            return
        if event is None:
            event = fields.pop("event", None)
        if self._context:
            fields = {**self._context, **fields}
        if _CONTEXT_VARS:  # none unless the host uses structlog's own
            fields = {**get_contextvars(), **fields}
        error = failure.from_exc_info(fields.pop("exc_info")) if "exc_info" in fields else None
        if "stack_info" in fields and fields.pop("stack_info") is True:
            fields["stack"] = "".join(traceback.format_stack(sys._getframe(2)))
        _active.emit(
            self._logger.name, level, _formatted(event, args) if args else event, fields, error
        )


def _formatted(event: Any, args: tuple[Any, ...]) -> object:
    try:
        single = args[0] if len(args) == 1 and isinstance(args[0], Mapping) else args
        return event % single
    except Exception as error:  # the wrong arguments: the line still counts
        shown = event if type(event) is str else safe_repr(event)
        return f"{shown} {safe_repr(args)} (not formatted: {kind_of(error)})"


def _method(name: str, level: int) -> Callable[..., None]:
    def log(self: BoundLogger, event: object = None, /, *args: Any, **fields: Any) -> None:
        if name == "exception":
            fields.setdefault("exc_info", True)
        self._log(level, event, args, fields)

    log.__name__, log.__qualname__ = name, f"BoundLogger.{name}"
    return log


def _async_method(name: str, log: Callable[..., None]) -> Callable[..., Coroutine[Any, Any, None]]:
    async def alog(self: BoundLogger, event: object = None, /, *args: Any, **fields: Any) -> None:
        log(self, event, *args, **fields)

    alog.__name__, alog.__qualname__ = name, f"BoundLogger.{name}"
    return alog


for _name, _level in _LEVELS.items():
    setattr(BoundLogger, _name, _method(_name, _level))
    setattr(BoundLogger, f"a{_name}", _async_method(f"a{_name}", getattr(BoundLogger, _name)))


def get_logger(name: str | None = None, **fields: object) -> FilteringBoundLogger:
    """A logger: structlog's, so with `bind`, keyword fields and asynchronous methods.

    Args:
        name: Its name, which levels are set by; the calling module's by default.
        **fields: Put on every line of this logger.

    Returns:
        The logger. It can be made before `init`, at import time.

    >>> get_logger("shop.orders").debug("order.placed", order_id=7)
    """
    return cast("FilteringBoundLogger", BoundLogger(Named(name or _caller()), [], fields))


def configure_structlog() -> None:
    """Send `structlog.get_logger()` the same way, unless the host has configured structlog itself."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[],
            wrapper_class=cast("type[FilteringBoundLogger]", BoundLogger),
            logger_factory=Named,
            cache_logger_on_first_use=False,
        )
