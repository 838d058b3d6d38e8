"""`get_logger`: structlog's logger, with the pipeline behind it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, cast

import structlog
from structlog.typing import FilteringBoundLogger

from obskit.ledger import Ledger
from obskit.telemetry import failure, levels
from obskit.telemetry.console import Console
from obskit.telemetry.pipeline import Pipeline

if TYPE_CHECKING:
    _Base = FilteringBoundLogger
else:
    _Base = structlog.make_filtering_bound_logger(logging.NOTSET)

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
    "msg": logging.INFO,
}

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


def _caller() -> str:
    """The module that asked for a logger: the first one outside obskit and structlog."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("obskit.telemetry", "structlog")):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "root"))


class BoundLogger(_Base):
    """structlog's filtering logger; its level is asked at each call, so that it can change live."""

    _logger: Named
    _context: dict[str, Any]

    def _proxy_to_logger(
        self, method_name: str, event: object = None, *args: Any, **fields: Any
    ) -> None:
        level = _LEVELS.get(method_name, logging.INFO)
        if not self._logger.enabled(level):
            return
        exc_info = fields.pop("exc_info", None)
        fields.pop("stack_info", None)
        _active.emit(
            self._logger.name,
            level,
            event,
            {**self._context, **fields} if self._context else fields,
            failure.from_exc_info(exc_info),
        )


def get_logger(name: str | None = None, **fields: object) -> FilteringBoundLogger:
    """A logger: structlog's, so with `bind`, keyword fields and asynchronous methods.

    Args:
        name: Its name, which levels are set by; the calling module's by default.
        **fields: Put on every line of this logger.

    Returns:
        The logger. It can be made before `init`, at import time.

    >>> get_logger("shop.orders").info("order.placed", order_id=7)
    """
    named = Named(name or _caller())
    return cast("FilteringBoundLogger", BoundLogger(named, [], fields))  # type: ignore[call-arg]


def configure_structlog() -> None:
    """Send `structlog.get_logger()` the same way, unless the host has configured structlog itself."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[],
            wrapper_class=BoundLogger,
            logger_factory=Named,
            cache_logger_on_first_use=False,
        )
