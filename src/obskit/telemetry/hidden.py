"""Requests that leave no trace, no metric and no access line, as those for health do."""

from __future__ import annotations

from contextlib import suppress

from obskit.telemetry.exchange import Exchange


def hide(exchange: Exchange | None) -> None:
    """Let a request that has begun leave nothing. A span of the host's own making stays. Never raises.

    Args:
        exchange: The request; None where nothing observes it.
    """
    if exchange is None or exchange._ended:
        return
    exchange._ended = True  # it is finished, and tells nothing
    with suppress(Exception):
        if exchange._measured:
            exchange._server.count_active((exchange._method, exchange._scheme), -1)
        exchange.scope.errors = None  # what is captured leaves at once: nothing waits for the end
        if exchange._transaction is not None:
            exchange._transaction.sampled = False
            exchange._transaction.__exit__(None, None, None)
