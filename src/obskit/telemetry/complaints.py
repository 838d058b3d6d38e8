"""What OpenTelemetry writes of callers' wrong headers: a line now and then, however many there are.

It writes up to 180 lines for one request, with what the caller sent: whoever wants to fills a disk.
"""

from __future__ import annotations

import logging
from time import monotonic

#: Loggers that speak of nothing else.
_LOGGERS = (
    "opentelemetry.baggage.propagation",
    "opentelemetry.trace.propagation.tracecontext",
    "opentelemetry.trace.span",
)
_SECONDS_BETWEEN_LINES = 60.0


class _OneNowAndThen(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        self._held = 0

    def filter(self, record: logging.LogRecord) -> bool:
        # Without a lock, as a line may be logged anywhere: at worst one too many is written.
        now = monotonic()
        if now < self._next:
            self._held += 1
            return False
        self._next = now + _SECONDS_BETWEEN_LINES
        held, self._held = self._held, 0
        if held:
            record.msg = f"{record.getMessage()} ({held} more such lines were not written)"
            record.args = ()
        return True


def limit() -> None:
    """Let one such line pass a minute, from now on; it says how many did not. Done again, anew."""
    one_now_and_then = _OneNowAndThen()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for ours in [each for each in logger.filters if isinstance(each, _OneNowAndThen)]:
            logger.removeFilter(ours)
        logger.addFilter(one_now_and_then)
